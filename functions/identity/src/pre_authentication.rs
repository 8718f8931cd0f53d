//! Trigger of the user pool: somebody wants to sign in.

use lectern_domain::email::Email;
use lectern_domain::identity::UserStatus;
use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::Value;

use crate::enrol;
use crate::services::Identity;
use crate::store::{alignments, users};

/// One sentence for every reason: the password isn't checked yet, so whoever reads it may be anybody.
const NOT_NOW: &str = "Sign-in is not possible.";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::cognito("pre-authentication", "PreAuthentication", pre_authentication)
        .summary("Refuse a sign-in at once to whoever is suspended, erased, or waits for a parent")
}

/// Whoever we don't know (yet) is left to the pool: a confirmation that failed is made up for when the token
/// is made. Tokens are refused there again; here the pool doesn't even look at the password.
async fn pre_authentication(cx: Cx<Identity>, event: Value) -> Result<Value, Fault> {
    let attributes = &event["request"]["userAttributes"];
    let Some(sub) = attributes["sub"].as_str() else { return Ok(event) };
    let refused = match users::by_sub(&cx.base.db, sub).await? {
        Some(known) => known.user.status != UserStatus::Active,
        None => match attributes["email"].as_str().and_then(|email| Email::parse(email).ok()) {
            Some(email) => alignments::is_leaving(&cx.base.db, sub, &email).await?,
            None => false,
        },
    };
    if refused { Err(Fault::named(enrol::REFUSED, NOT_NOW)) } else { Ok(event) }
}
