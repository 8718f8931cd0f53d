//! The function `get-consent-data`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::get_consent_data::use_case())
}
