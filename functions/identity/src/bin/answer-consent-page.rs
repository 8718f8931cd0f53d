//! The function `answer-consent-page`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::answer_consent_page::use_case())
}
