//! A parent's answer, by either door: the API or the page (product.md, Identity; COPPA, 16 CFR 312.5 and
//! 312.6).
//!
//! Whoever holds the link that was mailed to the parent is the parent. The first letter's link takes one
//! answer, however many hold it or come at once; the second letter's manages a consent that was given.
//!
//! A yes changes the consent and the child in one statement. A no is two: the decision, which holds from then
//! on, and the child's erasure (`crate::erase`). What is cut off between the two `expire-consents` makes up
//! for.

use jiff::Timestamp;
use lectern_domain::event::NewEvent;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{
    Consent, ConsentError, ConsentScope, ConsentStatus, LinkPurpose, NOTICE_VERSION,
};
use lectern_domain::link::LinkToken;
use lectern_domain::role::Actor;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Cx, Problem, problem};
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::erase::{EraseError, erase};
use crate::services::Identity;
use crate::store::consents::{self, Linked};
use crate::store::erasures::Wish;
use crate::store::users::{self, Stored};

/// Limit of every route of a parent: enough for a person, and nothing for somebody who guesses 128 bits.
pub const LIMITS: &[RateLimit] = &[RateLimit { per: Per::Address, burst: 60, period_seconds: 60 }];

/// Times that an erasure is tried while the child's account changes at the same moment.
const ERASE_TRIES: usize = 3;

/// What the link leads to; 404 for one that isn't known, or whose time is over.
pub async fn linked(cx: &Cx<Identity>, link: &LinkToken) -> Result<Linked, Problem> {
    let linked = consents::linked(&cx.base.db, link, cx.now()).await?;
    linked.ok_or_else(|| Problem::new(&problem::NOT_FOUND).detail("This link is not valid, or not any more."))
}

/// The parent says yes to `scopes`, or changes the scopes of an earlier yes. `notice` is the version of the
/// notice that they have read, when the client tells it; another than the present one is 409.
pub async fn grant(
    cx: &Cx<Identity>,
    linked: Linked,
    scopes: &[ConsentScope],
    notice: Option<&str>,
) -> Result<Linked, Problem> {
    let Linked { purpose, consent, child } = linked;
    let child = match (purpose, consent.status, child) {
        (LinkPurpose::Decide, ConsentStatus::Requested, Some(child))
        | (LinkPurpose::Manage, ConsentStatus::Granted, Some(child)) => child,
        (_, status, _) => return Err(answered(status)),
    };
    if notice.is_some_and(|read| read != NOTICE_VERSION) {
        return Err(
            Problem::new(&problem::WRONG_STATE).detail("The notice has changed: please read it again.")
        );
    }
    let before = (consent.sequence, child.user.sequence);
    let (consent, mut events) = consent.grant(scopes, cx.now()).map_err(refusal)?;
    // The child's account is not where a consent could reach it: its email was never verified.
    let consented = child.user.consented(&consent.scopes, cx.now());
    let (user, activated) =
        consented.map_err(|error| Problem::new(&problem::WRONG_STATE).detail(error.to_string()))?;
    events.extend(activated);
    let effects = Effects::of(cx.seal(events)).audit(
        cx,
        &Actor::Guardian,
        "consent.granted",
        user.id,
        json!({ "scopes": consent.scopes }),
    );
    let child = Stored { user, ..child };
    if !consents::grant(&cx.base.db, &consent, &child, before, &effects).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    follow_up(cx, &effects).await;
    Ok(Linked { purpose, consent, child: Some(child) })
}

/// The parent says no, and the child is erased.
pub async fn deny(cx: &Cx<Identity>, linked: Linked) -> Result<Linked, Problem> {
    if linked.purpose != LinkPurpose::Decide {
        return Err(answered(linked.consent.status));
    }
    refuse(cx, linked, Consent::deny, "consent.denied").await
}

/// The parent takes the consent back, and the child is erased.
pub async fn revoke(cx: &Cx<Identity>, linked: Linked) -> Result<Linked, Problem> {
    if linked.purpose != LinkPurpose::Manage {
        return Err(Problem::new(&problem::FORBIDDEN).detail(
            "This link is for the first answer. The link in the second letter takes a consent back.",
        ));
    }
    refuse(cx, linked, Consent::revoke, "consent.revoked").await
}

async fn refuse(
    cx: &Cx<Identity>,
    linked: Linked,
    decide: impl Fn(Consent, Timestamp) -> Result<(Consent, Vec<NewEvent>), ConsentError>,
    action: &'static str,
) -> Result<Linked, Problem> {
    let Linked { purpose, consent, child } = linked;
    let Some(child) = child else { return Err(answered(consent.status)) };
    let before = consent.sequence;
    let (consent, events) = decide(consent, cx.now()).map_err(refusal)?;
    let effects = Effects::of(cx.seal(events)).audit(cx, &Actor::Guardian, action, consent.child, json!({}));
    if !consents::refuse(&cx.base.db, &consent, before, &effects).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    follow_up(cx, &effects).await;
    let child = erase_child(cx, child).await;
    Ok(Linked { purpose, consent, child })
}

/// Erases the child of a parent who said no; gives it back when that failed, for `expire-consents`.
async fn erase_child(cx: &Cx<Identity>, child: Stored) -> Option<Stored> {
    let id = child.user.id;
    let mut child = child;
    for _ in 0..ERASE_TRIES {
        let failed = match erase(cx, child.clone(), Wish::Parent, &Actor::Guardian).await {
            Ok(()) | Err(EraseError::Refused(_)) => return None,
            Err(EraseError::Concurrent) => match users::by_id(&cx.base.db, id).await {
                Ok(None) => return None,
                Ok(Some(changed)) => {
                    child = changed;
                    continue;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        tracing::warn!(user_id = %id, cause = failed, "not erased yet; expire-consents goes on");
        break;
    }
    Some(child)
}

fn refusal(error: ConsentError) -> Problem {
    match error {
        ConsentError::WithoutCollection => {
            FieldErrors::one("scopes", "must have collection: without it there is no account").into()
        }
        ConsentError::NotOpen(status) => answered(status),
        ConsentError::TooLate => answered(ConsentStatus::Expired),
    }
}

/// The consent isn't where this could be done.
fn answered(status: ConsentStatus) -> Problem {
    Problem::new(&problem::WRONG_STATE).detail(match status {
        ConsentStatus::Requested => "Nobody has answered yet.",
        ConsentStatus::Granted => {
            "The answer was yes. The link in the second letter changes it or takes it back."
        }
        ConsentStatus::Denied => "The answer was no.",
        ConsentStatus::Expired => "The time for an answer is over.",
        ConsentStatus::Revoked => "The consent was taken back.",
    })
}
