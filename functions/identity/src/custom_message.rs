//! Trigger of the user pool: a mail with a code is about to be posted.

use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::{Value, json};

use crate::letters::{self, Language, Occasion};
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("custom-message", "CustomMessage", custom_message)
        .summary("Word the mails with a code in the person's language")
        .needs(&[])
}

/// The language is the one that the person signed up with, as the pool knows it: no database between a person
/// and the code. What this trigger doesn't know keeps the pool's own words.
async fn custom_message(_cx: Cx<Identity>, mut event: Value) -> Result<Value, Fault> {
    let occasion = match event["triggerSource"].as_str() {
        Some("CustomMessage_SignUp" | "CustomMessage_ResendCode") => Occasion::SignUp,
        Some("CustomMessage_ForgotPassword") => Occasion::NewPassword,
        _ => return Ok(event),
    };
    let Some(placeholder) = event["request"]["codeParameter"].as_str() else { return Ok(event) };
    let locale = event["request"]["userAttributes"]["locale"].as_str().unwrap_or_default();
    let (subject, html) = letters::code(Language::of(locale), occasion, placeholder);
    event["response"]["emailSubject"] = json!(subject);
    event["response"]["emailMessage"] = json!(html);
    Ok(event)
}
