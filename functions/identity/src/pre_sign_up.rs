//! Trigger of the user pool: somebody wants an account.

use lectern_domain::id::UserId;
use lectern_domain::identity::User;
use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::Value;

use crate::enrol;
use crate::services::Identity;
use crate::store::users::{self, Stored};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("pre-sign-up", "PreSignUp", pre_sign_up)
        .summary("Check a sign-up and keep it as pending, whichever door it came through")
}

async fn pre_sign_up(cx: Cx<Identity>, event: Value) -> Result<Value, Fault> {
    // Staff are made by `create-staff-user`, which writes the user itself.
    if event["triggerSource"] == "PreSignUp_AdminCreateUser" {
        return Ok(event);
    }
    let registration = enrol::registration(&event).map_err(enrol::refuse)?;
    enrol::check(&cx, &registration).map_err(enrol::refuse)?;
    let (user, events) = User::register(UserId(cx.fresh_id()), registration);
    let events = cx.seal(events);
    // An email that has a row already: either the account exists, and Cognito will say so, or the row was
    // left behind, and is taken over at confirmation.
    if users::insert(&cx.base.db, &Stored { user, cognito_sub: None }, &events).await? {
        cx.base.publish(&events).await;
    }
    Ok(event)
}
