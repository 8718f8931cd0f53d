//! Ends suspensions whose time is over.

use lectern_domain::id::UserId;
use lectern_domain::role::Actor;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::services::{Identity, USER_POOL};
use crate::store::directory;
use crate::store::users::{self, Stored};

const NAME: &str = "lift-suspensions";
/// Suspensions that one run ends; the next run goes on.
const BATCH: i64 = 100;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::schedule(NAME, "RelayRate", lift_suspensions)
        .summary("End suspensions whose time is over")
        .needs(&[Need::Database, Need::Bus, USER_POOL])
}

async fn lift_suspensions(cx: Cx<Identity>) -> Result<(), Fault> {
    let mut failed = 0_u64;
    for stored in directory::suspended_until(&cx.base.db, cx.now(), BATCH).await? {
        let id = stored.user.id;
        // One that can't be ended doesn't keep the others waiting.
        if let Err(fault) = lift(&cx, stored).await {
            tracing::warn!(user_id = %id, cause = fault.message, "suspension not ended yet");
            failed += 1;
        }
    }
    metrics::count(crate::CONTEXT, "AccountsUnfinished", failed);
    if failed == 0 { Ok(()) } else { Err(Fault::transient(format!("{failed} suspensions not ended yet"))) }
}

async fn lift(cx: &Cx<Identity>, stored: Stored) -> Result<(), Fault> {
    let (id, before): (UserId, i64) = (stored.user.id, stored.user.sequence);
    let Some((user, events)) = stored.user.lift_suspension(cx.now()) else { return Ok(()) };
    let effects = Effects::of(cx.seal(events))
        .audit(cx, &Actor::System(NAME.to_owned()), "user.reinstated", id, json!({}))
        .align(cx, id, stored.cognito_sub.as_deref(), false);
    let stored = Stored { user, cognito_sub: stored.cognito_sub };
    // Changed meanwhile: an admin was faster, or it is still due and comes up again.
    if users::update(&cx.base.db, &stored, before, &effects).await? {
        follow_up(cx, &effects).await;
    }
    Ok(())
}
