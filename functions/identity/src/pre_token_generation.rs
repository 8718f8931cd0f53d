//! Trigger of the user pool: a token is about to be made, at sign-in and at each refresh.

use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::{Value, json};

use crate::enrol;
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("pre-token-generation", "PreTokenGeneration", pre_token_generation)
        .summary("Put our user id and the role into the tokens of an active user, and give others none")
}

async fn pre_token_generation(cx: Cx<Identity>, mut event: Value) -> Result<Value, Fault> {
    let user = enrol::activate(&cx, &event).await?;
    let role = user.role_for_token().map_err(|e| Fault::named(enrol::REFUSED, e))?;
    let claims = json!({ "claimsToAddOrOverride": { "user_id": user.id, "role": role } });
    event["response"]["claimsAndScopeOverrideDetails"] =
        json!({ "accessTokenGeneration": claims, "idTokenGeneration": claims });
    Ok(event)
}
