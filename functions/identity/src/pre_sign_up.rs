//! Trigger of the user pool: somebody wants an account.

use lectern_domain::id::UserId;
use lectern_domain::identity::{Registration, User};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde_json::Value;

use crate::effects::{Effects, follow_up};
use crate::enrol;
use crate::services::Identity;
use crate::store::users::{self, Stored};

/// What a child is told at a door that doesn't ask for its parent.
const CHILD_ELSEWHERE: &str = "If you are under 13, one of your parents has to agree first. Please \
     register in the Lectern app: it asks for your parent's email.";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("pre-sign-up", "PreSignUp", pre_sign_up)
        .summary("Check a sign-up and keep it as pending, whichever door it came through")
        .needs(&[Need::Database, Need::Bus])
}

async fn pre_sign_up(cx: Cx<Identity>, event: Value) -> Result<Value, Fault> {
    // Staff are made by `create-staff-user`, which writes the user itself.
    if event["triggerSource"] == "PreSignUp_AdminCreateUser" {
        return Ok(event);
    }
    let registration = enrol::registration(&event).map_err(enrol::refuse)?;
    let group = enrol::check(&cx, &registration).map_err(|errors| match errors.0.as_slice() {
        [only] if only.field == "parentEmail" && registration.parent_email.is_none() => {
            Fault::named(enrol::REFUSED, CHILD_ELSEWHERE)
        }
        _ => enrol::refuse(errors),
    })?;
    let least = registration.clone().minimal(group);
    if least != registration {
        return Err(too_much(&registration));
    }
    let (user, events) = User::register(UserId(cx.fresh_id()), least, cx.now());
    let effects = Effects::of(cx.seal(events));
    // An email that has a row already: either the account exists, and Cognito will say so, or the row was
    // left behind, and is taken over at confirmation.
    if users::insert(&cx.base.db, &Stored { user, cognito_sub: None }, &effects).await? {
        follow_up(&cx, &effects).await;
    }
    Ok(event)
}

/// The pool would keep these attributes of a child whose parent hasn't consented. Our own registration leaves
/// them out; whoever brings them talks to the pool directly.
fn too_much(registration: &Registration) -> Fault {
    let told = [
        ("family_name", registration.last_name.is_some()),
        ("zoneinfo", registration.time_zone.is_some()),
        ("locale", registration.locale.is_some()),
    ];
    let names: Vec<_> = told.iter().filter(|(_, told)| *told).map(|(name, _)| *name).collect();
    Fault::named(enrol::REFUSED, format!("must not be told before a parent agrees: {}", names.join(", ")))
}
