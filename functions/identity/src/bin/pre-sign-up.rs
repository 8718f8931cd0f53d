//! The function `pre-sign-up`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::pre_sign_up::use_case())
}
