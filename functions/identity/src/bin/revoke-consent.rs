//! The function `revoke-consent`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::revoke_consent::use_case())
}
