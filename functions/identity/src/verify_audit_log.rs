//! Looks whether the audit log is as it was written, and tells the event store how far it goes.
//!
//! Each entry's hash covers the hash before it, so an entry that was changed, taken out or put in shows. That
//! the end was cut off, and perhaps written anew, doesn't show in the log itself: for this each run sends its
//! end away as `audit.checkpointed` ([`Checkpoint`]), which the event store keeps for ever, out of reach of
//! whoever can write here. The entry at that position must have that hash (`GET /v1/admin/audit-log` shows
//! both).

use lectern_domain::identity::Checkpoint;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::effects::{Effects, follow_up};
use crate::services::Identity;
use crate::store::audit::{self, Link};

/// Entries that one statement looks at, well within its time limit.
const STRETCH: i64 = 10_000;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::schedule("verify-audit-log", "rate(1 day)", verify_audit_log)
        .summary("Check the audit log's chain of hashes, and have its end kept elsewhere")
        .needs(&[Need::Database, Need::Bus])
}

async fn verify_audit_log(cx: Cx<Identity>) -> Result<(), Fault> {
    let end = match end_of_chain(&cx).await? {
        Ok(end) => end,
        Err(position) => {
            metrics::count(crate::CONTEXT, "AuditLogBroken", 1);
            tracing::error!(position, "the audit log is not as it was written");
            return Err(Fault::bad_input(format!("the audit log is broken at position {position}")));
        }
    };
    metrics::count(crate::CONTEXT, "AuditLogBroken", 0);
    metrics::count(crate::CONTEXT, "AuditLogEntries", u64::try_from(end.position).unwrap_or_default());
    if end.position == 0 {
        return Ok(());
    }
    let hash = end.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let checkpoint = Checkpoint { position: end.position, hash };
    let effects = Effects::of(cx.seal(vec![checkpoint.event()]));
    audit::keep(&cx.base.db, &effects).await?;
    follow_up(&cx, &effects).await;
    Ok(())
}

/// The last entry of a chain that is whole; or else the position where it first is not.
async fn end_of_chain(cx: &Cx<Identity>) -> Result<Result<Link, i64>, Fault> {
    let mut end = Link::default();
    loop {
        let stretch = audit::verify(&cx.base.db, &end, STRETCH).await?;
        if let Some(position) = stretch.broken_at {
            return Ok(Err(position));
        }
        end = stretch.last.unwrap_or(end);
        if stretch.entries < STRETCH {
            return Ok(Ok(end));
        }
    }
}
