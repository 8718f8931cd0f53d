//! Trigger of the user pool: the emailed code was right.

use lectern_domain::role::Actor;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde_json::Value;

use crate::enrol;
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::sessions::{self, EndReason};
use crate::store::users;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("post-confirmation", "PostConfirmation", post_confirmation)
        .summary("Make the user of a confirmed account active; end every session when a password was reset")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
}

async fn post_confirmation(cx: Cx<Identity>, event: Value) -> Result<Value, Fault> {
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp" {
        enrol::activate(&cx, &event).await?;
    }
    // Both doors to a reset password lead through here: the API's and the hosted page's.
    if event["triggerSource"] == "PostConfirmation_ConfirmForgotPassword" {
        end_sessions(&cx, &event).await?;
    }
    Ok(event)
}

/// Whoever could sign in with the old password is signed out. An account that isn't one of our users has
/// nothing here. When our database can't be reached the pool alone takes back every refresh token; the caller
/// hears of the failure.
async fn end_sessions(cx: &Cx<Identity>, event: &Value) -> Result<(), Fault> {
    let sub = event["request"]["userAttributes"]["sub"].as_str().unwrap_or_default();
    let ended = async {
        let Some(stored) = users::by_sub(&cx.base.db, sub).await? else { return Ok(()) };
        let actor = Actor::User(stored.user.id);
        sessions::end_all(cx, stored, &actor, EndReason::PasswordReset).await
    };
    let Err(error) = ended.await else { return Ok(()) };
    if let Err(refused) = cx.pool.sign_out(sub).await {
        tracing::error!(cause = %refused, "password reset, but no session ended");
    }
    Err(error.into())
}
