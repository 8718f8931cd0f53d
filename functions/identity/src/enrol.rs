//! How an account of the user pool becomes a user of ours, and stays one.
//!
//! Two systems hold an account, and no transaction spans them. The order is fixed, and every step can be
//! repeated:
//!
//! 1. `pre_sign_up` writes the user as `pending_verification`, before Cognito has the account. Should Cognito
//!    fail after it, a pending row without an account remains; it harms nobody, and the next sign-up with this
//!    email takes it over.
//! 2. `post_confirmation` makes it `active`, out of the attributes that Cognito holds: those of the person who
//!    has the code, whatever the pending row says. Cognito has confirmed the account by then and will not call
//!    again, so should this fail,
//! 3. `pre_token_generation` does the same when the person signs in.
//!
//! The API's registration and the hosted page both lead through these triggers, and so to the same state. The
//! role in a token is the database's; the attribute only says what somebody wanted to sign up as.

use lectern_domain::event::Envelope;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Registration, SignUpRole, User, UserStatus};
use lectern_domain::time::ZoneName;
use lectern_runtime::{Cx, Fault};
use serde_json::Value;

use crate::services::Identity;
use crate::store::users::{self, Stored};

/// The name of the fault that refuses a sign-up or a sign-in.
pub const REFUSED: &str = "Refused";

/// The attributes of a user pool's event, as a registration; every wrong attribute is named.
///
/// The hosted page asks for no role and may leave zone and language out: a student, UTC, English.
pub fn registration(event: &Value) -> Result<Registration, FieldErrors> {
    let attributes = &event["request"]["userAttributes"];
    let text = |name: &str| attributes[name].as_str().filter(|text| !text.is_empty());
    let mut errors = FieldErrors::default();
    macro_rules! read {
        ($name:literal, $parse:expr) => {
            match text($name).map($parse) {
                Some(Ok(value)) => Some(value),
                Some(Err(error)) => {
                    errors.push($name, error.0);
                    None
                }
                None => {
                    errors.push($name, "is required");
                    None
                }
            }
        };
    }
    let email = read!("email", lectern_domain::email::Email::parse);
    let first_name = read!("given_name", lectern_domain::text::Text::parse);
    let last_name = read!("family_name", lectern_domain::text::Text::parse);
    let date_of_birth = read!("birthdate", lectern_domain::time::Date::parse);
    let role = text("custom:role").map_or(Ok(SignUpRole::Student), SignUpRole::parse);
    let role = role.map_err(|e| errors.push("custom:role", e.0)).ok();
    let time_zone = text("zoneinfo").and_then(|z| ZoneName::parse(z).ok()).unwrap_or_else(ZoneName::utc);
    let locale = lectern_domain::text::Text::parse(text("locale").unwrap_or("en"));
    let locale = locale.map_err(|e| errors.push("locale", e.0)).ok();
    match (email, first_name, last_name, date_of_birth, role, locale) {
        (Some(email), Some(first_name), Some(last_name), Some(date_of_birth), Some(role), Some(locale)) => {
            Ok(Registration { email, first_name, last_name, role, date_of_birth, time_zone, locale })
        }
        _ => Err(errors),
    }
}

/// Checks a registration on the day of the call.
pub fn check(cx: &Cx<Identity>, registration: &Registration) -> Result<(), FieldErrors> {
    let today = cx.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    registration.check(today, cx.policy)
}

/// Makes the person of a confirmed account active; gives the user. Nothing happens when it is already.
pub async fn activate(cx: &Cx<Identity>, event: &Value) -> Result<User, Fault> {
    let sub = event["request"]["userAttributes"]["sub"].as_str().unwrap_or_default().to_owned();
    if let Some(known) = users::by_sub(&cx.base.db, &sub).await? {
        return Ok(known.user);
    }
    let registration = registration(event).map_err(refuse)?;
    check(cx, &registration).map_err(refuse)?;
    let pending = users::by_email(&cx.base.db, &registration.email).await?;
    if pending.as_ref().is_some_and(|p| p.user.status != UserStatus::PendingVerification) {
        return Err(Fault::named(REFUSED, "the email belongs to another account"));
    }
    let (id, before) = match &pending {
        Some(pending) => (pending.user.id, pending.user.sequence),
        None => (UserId(cx.fresh_id()), 0),
    };
    let (registered, mut events) = User::register(id, registration);
    if pending.is_some() {
        events.clear();
    }
    let (user, verified) = registered.verify_email().map_err(|e| Fault::named(REFUSED, e))?;
    events.extend(verified);
    let envelopes = cx.seal(events);
    let stored = Stored { user, cognito_sub: Some(sub) };
    save(cx, &stored, before, &envelopes).await?;
    Ok(stored.user)
}

async fn save(cx: &Cx<Identity>, stored: &Stored, before: i64, events: &[Envelope]) -> Result<(), Fault> {
    let db = &cx.base.db;
    let saved = match before {
        0 => users::insert(db, stored, events).await?,
        before => users::update(db, stored, before, events).await?,
    };
    if !saved {
        // Two triggers for one account at the same moment; the pool (or the person) comes again.
        return Err(Fault::transient("the account was changed at the same moment"));
    }
    cx.base.publish(events).await;
    Ok(())
}

/// A refusal in words for the person: Cognito passes them on.
pub fn refuse(errors: FieldErrors) -> Fault {
    let words: Vec<_> = errors.0.iter().map(|e| format!("{} {}", e.field, e.message)).collect();
    Fault::named(REFUSED, words.join("; "))
}
