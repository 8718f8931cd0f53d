//! The function `send-consent-letters`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::send_consent_letters::use_case())
}
