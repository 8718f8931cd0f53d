//! Does what the law wants by a date, and what a parent's answer has left undone (product.md, Identity).

use lectern_domain::identity::Consent;
use lectern_domain::role::Actor;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::erase::{EraseError, erase};
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::store::erasures::Wish;
use crate::store::users::Stored;
use crate::store::{consents, overdue};

const NAME: &str = "expire-consents";
/// What one run does of each kind; the next run goes on.
const BATCH_MAX: i64 = 100;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::schedule(NAME, "RelayRate", expire_consents)
        .summary("Erase children whose parent said no or nothing, and accounts that were never verified")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
}

/// Three kinds, one after the other: consents that nobody answered in time are decided; whoever has no
/// consent by now is erased, also where the function that took the answer was cut off; and accounts whose
/// email was never verified. Each by itself: one that fails stops no other, and is taken up by the next run.
async fn expire_consents(cx: Cx<Identity>) -> Result<(), Fault> {
    let db = &cx.base.db;
    let mut failed = 0_u64;
    for consent in overdue::unanswered(db, cx.now(), BATCH_MAX).await? {
        let id = consent.id;
        if let Err(fault) = expire(&cx, consent).await {
            tracing::warn!(consent_id = %id, cause = fault.message, "consent not expired yet");
            failed += 1;
        }
    }
    for (child, wish) in overdue::refused(db, BATCH_MAX).await? {
        failed += u64::from(!erased(&cx, child, wish).await);
    }
    let before = cx.now() - cx.policy.unverified_kept;
    for stranger in overdue::never_verified(db, before, BATCH_MAX).await? {
        failed += u64::from(!erased(&cx, stranger, Wish::NeverVerified).await);
    }
    overdue::forget_links(db, cx.now()).await?;
    metrics::count(crate::CONTEXT, "AccountsUnfinished", failed);
    if failed == 0 { Ok(()) } else { Err(Fault::transient(format!("{failed} are still to be erased"))) }
}

async fn expire(cx: &Cx<Identity>, consent: Consent) -> Result<(), Fault> {
    let (before, child) = (consent.sequence, consent.child);
    let Some((expired, events)) = consent.expire(cx.now()) else { return Ok(()) };
    let effects = Effects::of(cx.seal(events)).audit(cx, &system(), "consent.expired", child, json!({}));
    // Decided at this very moment after all: that decision stands.
    if consents::refuse(&cx.base.db, &expired, before, &effects).await? {
        follow_up(cx, &effects).await;
    }
    Ok(())
}

/// Whether the account is erased, or somebody else is at it right now.
async fn erased(cx: &Cx<Identity>, stored: Stored, wish: Wish) -> bool {
    let id = stored.user.id;
    match erase(cx, stored, wish, &system()).await {
        Ok(()) | Err(EraseError::Refused(_) | EraseError::Concurrent) => true,
        Err(error) => {
            tracing::warn!(user_id = %id, cause = %error, "not erased yet");
            false
        }
    }
}

fn system() -> Actor {
    Actor::System(NAME.to_owned())
}
