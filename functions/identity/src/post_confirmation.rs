//! Trigger of the user pool: the emailed code was right.

use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::Value;

use crate::enrol;
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("post-confirmation", "PostConfirmation", post_confirmation)
        .summary("Make the user of a confirmed account active")
}

async fn post_confirmation(cx: Cx<Identity>, event: Value) -> Result<Value, Fault> {
    // A reset password is confirmed too; that changes no user.
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp" {
        enrol::activate(&cx, &event).await?;
    }
    Ok(event)
}
