//! The function `pre-authentication`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::pre_authentication::use_case())
}
