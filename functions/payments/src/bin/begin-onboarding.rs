//! The function `begin-onboarding`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::begin_onboarding::use_case())
}
