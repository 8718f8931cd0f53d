//! The function `expire-consents`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::expire_consents::use_case())
}
