//! The function `get-consent`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::get_consent::use_case())
}
