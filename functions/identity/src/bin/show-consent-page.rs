//! The function `show-consent-page`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::show_consent_page::use_case())
}
