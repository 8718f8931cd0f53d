//! The function `end-erased-subscription`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::end_erased_subscription::use_case())
}
