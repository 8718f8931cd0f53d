//! Trigger of the user pool: a token is about to be made, at sign-in and at each refresh.

use lectern_domain::identity::User;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde_json::{Value, json};

use crate::enrol;
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("pre-token-generation", "PreTokenGeneration", pre_token_generation)
        .summary("Put user id, role, access version and names into an active user's tokens; give others none")
        .needs(&[Need::Database, Need::Bus])
}

async fn pre_token_generation(cx: Cx<Identity>, mut event: Value) -> Result<Value, Fault> {
    let user = enrol::activate(&cx, &event).await?;
    let role = user.role_for_token().map_err(|e| Fault::named(enrol::REFUSED, e))?;
    let claims = json!({ "claimsToAddOrOverride": {
        "user_id": user.id, "role": role, "access_version": user.access_version.to_string() } });
    event["response"]["claimsAndScopeOverrideDetails"] =
        json!({ "accessTokenGeneration": claims, "idTokenGeneration": about(&user, claims.clone()) });
    Ok(event)
}

/// The claims of the id token: what it says of the person comes from our row, since the pool's attributes are
/// those of the day of the sign-up.
fn about(user: &User, mut claims: Value) -> Value {
    let told = &mut claims["claimsToAddOrOverride"];
    told["given_name"] = json!(user.first_name);
    told["zoneinfo"] = json!(user.time_zone);
    told["locale"] = json!(user.locale);
    match &user.last_name {
        Some(last_name) => told["family_name"] = json!(last_name),
        None => claims["claimsToSuppress"] = json!(["family_name"]),
    }
    claims
}
