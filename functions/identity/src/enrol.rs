//! How an account of the user pool becomes a user of ours, and stays one.
//!
//! Two systems hold an account, and no transaction spans them. The order is fixed, and every step can be
//! repeated:
//!
//! 1. `pre_sign_up` writes the user as `pending_verification`, before Cognito has the account. Should Cognito
//!    fail after it, a pending row without an account remains; it harms nobody, and the next sign-up with this
//!    email takes it over.
//! 2. `post_confirmation` makes it `active` (a child `pending_consent`, with the request for its parent), out of
//!    the attributes that Cognito holds: those of the person who has the code, whatever the pending row says.
//!    Cognito has confirmed the account by then and will not call
//!    again, so should this fail,
//! 3. `pre_token_generation` does the same when the person signs in.
//!
//! The other way round, an erased user's account is in the pool a little longer (`align`). Who still signs in to
//! it is refused, and not taken for somebody new.
//!
//! The API's registration and the hosted page both lead through these triggers, and so to the same state. The
//! role in a token is the database's; the attribute only says what somebody wanted to sign up as.

use jiff::Timestamp;
use lectern_domain::email::Email;
use lectern_domain::event::NewEvent;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{ConsentId, UserId};
use lectern_domain::identity::{AgeGroup, Consent, Registration, SignUpRole, User, UserStatus};
use lectern_domain::text::Text;
use lectern_domain::time::{Date, ZoneName};
use lectern_runtime::{Cx, Fault};
use serde_json::Value;

use crate::effects::{Effects, follow_up};
use crate::services::Identity;
use crate::store::users::{self, Stored};
use crate::store::{alignments, consents};

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
    macro_rules! maybe {
        ($name:literal, $parse:expr) => {
            text($name).map($parse).transpose().map_err(|e| errors.push($name, e.0)).ok().flatten()
        };
    }
    let email = read!("email", Email::parse);
    let first_name = read!("given_name", Text::parse);
    let date_of_birth = read!("birthdate", Date::parse);
    let parent_email = maybe!("custom:parent_email", Email::parse);
    let last_name = maybe!("family_name", Text::parse);
    let locale = maybe!("locale", Text::parse);
    let role = text("custom:role").map_or(Ok(SignUpRole::Student), SignUpRole::parse);
    let role = role.map_err(|e| errors.push("custom:role", e.0)).ok();
    let time_zone = text("zoneinfo").and_then(|z| ZoneName::parse(z).ok());
    match (email, first_name, date_of_birth, role) {
        (Some(email), Some(first_name), Some(date_of_birth), Some(role)) if errors.0.is_empty() => {
            Ok(Registration {
                email,
                parent_email,
                first_name,
                last_name,
                role,
                date_of_birth,
                time_zone,
                locale,
            })
        }
        _ => Err(errors),
    }
}

/// Checks a registration on the day of the call.
pub fn check(cx: &Cx<Identity>, registration: &Registration) -> Result<AgeGroup, FieldErrors> {
    check_at(cx, registration, cx.now())
}

fn check_at(cx: &Cx<Identity>, registration: &Registration, at: Timestamp) -> Result<AgeGroup, FieldErrors> {
    registration.check(at.to_zoned(jiff::tz::TimeZone::UTC).date(), &cx.policy)
}

/// Makes the person of a confirmed account active, or a child one that waits for its parent, who is asked in the
/// same transaction; gives the user. Nothing happens when it is done already.
pub async fn activate(cx: &Cx<Identity>, event: &Value) -> Result<User, Fault> {
    let sub = event["request"]["userAttributes"]["sub"].as_str().unwrap_or_default().to_owned();
    if let Some(known) = users::by_sub(&cx.base.db, &sub).await? {
        return Ok(known.user);
    }
    let registration = registration(event).map_err(refuse)?;
    if alignments::is_leaving(&cx.base.db, &sub, &registration.email).await? {
        return Err(Fault::named(REFUSED, "the account is being erased"));
    }
    let pending = users::by_email(&cx.base.db, &registration.email).await?;
    if pending.as_ref().is_some_and(|p| p.user.status != UserStatus::PendingVerification) {
        // Another trigger for the same account may have been faster.
        return confirmed(cx, &sub)
            .await?
            .ok_or_else(|| Fault::named(REFUSED, "the email belongs to another account"));
    }
    // A birthday between sign-up and code must not ask for what wasn't asked for then.
    let signed_up = pending.as_ref().map_or(cx.now(), |p| p.user.created_at.get());
    let group = check_at(cx, &registration, signed_up).map_err(refuse)?;
    let (id, before) = match &pending {
        Some(pending) => (pending.user.id, pending.user.sequence),
        None => (UserId(cx.fresh_id()), 0),
    };
    let (mut registered, mut events) = User::register(id, registration.minimal(group), cx.now());
    if let Some(pending) = &pending {
        events.clear();
        registered.created_at = pending.user.created_at;
        registered.sequence = pending.user.sequence;
    }
    let (user, verified) =
        registered.verify_email(cx.now(), &cx.policy).map_err(|e| Fault::named(REFUSED, e))?;
    events.extend(verified);
    let stored = Stored { user, cognito_sub: Some(sub.clone()) };
    if save(cx, &stored, before, events).await? {
        return Ok(stored.user);
    }
    // Another trigger for the same account at the same moment has done it; if not, the person comes again.
    let known = confirmed(cx, &sub).await?;
    known.ok_or_else(|| Fault::transient("the account was changed at the same moment"))
}

async fn confirmed(cx: &Cx<Identity>, sub: &str) -> Result<Option<User>, Fault> {
    Ok(users::by_sub(&cx.base.db, sub).await?.map(|known| known.user))
}

/// Saves a user whose email is verified, and of a child also that its parent has to be asked; `false` when
/// somebody else was faster.
async fn save(
    cx: &Cx<Identity>,
    stored: &Stored,
    before: i64,
    mut events: Vec<NewEvent>,
) -> Result<bool, Fault> {
    let db = &cx.base.db;
    let (saved, effects) = if stored.user.status == UserStatus::PendingConsent {
        let id = ConsentId(cx.fresh_id());
        let (consent, requested) = Consent::request(id, stored.user.id, cx.now(), &cx.policy);
        events.extend(requested);
        let effects = Effects::of(cx.seal(events));
        (consents::request(db, stored, before, &consent, &effects).await, effects)
    } else {
        let effects = Effects::of(cx.seal(events));
        match before {
            0 => (users::insert(db, stored, &effects).await, effects),
            before => (users::update(db, stored, before, &effects).await, effects),
        }
    };
    match saved {
        Ok(true) => follow_up(cx, &effects).await,
        Ok(false) => return Ok(false),
        // Of two new rows for one account PostgreSQL may meet the equal `sub` before the equal email.
        Err(error) if error.is_constraint(users::SUB) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

/// A refusal in words for the person: Cognito passes them on.
pub fn refuse(errors: FieldErrors) -> Fault {
    let words: Vec<_> = errors.0.iter().map(|e| format!("{} {}", e.field, e.message)).collect();
    Fault::named(REFUSED, words.join("; "))
}
