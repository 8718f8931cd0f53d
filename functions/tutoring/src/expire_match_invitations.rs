//! Notes the end of invitations that nobody has answered in time, and lets response times forget what is too
//! old.
//!
//! Nobody waits for it: whoever looks at an invitation sees by its time that it is over.

use lectern_runtime::{Cx, Fault, UseCase};

use crate::services::Tutoring;
use crate::store::{invitations, standings};

const NAME: &str = "expire-match-invitations";
/// Invitations and tutors that one run takes at most; the rest is the next run's.
const AT_ONCE: i64 = 1_000;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::schedule(NAME, "RelayRate", expire_match_invitations).summary(
        "Note that invitations were not answered in time, and keep response times to the last 90 days",
    )
}

async fn expire_match_invitations(cx: Cx<Tutoring>) -> Result<(), Fault> {
    let (db, now) = (&cx.base.db, cx.now());
    let expired = invitations::expire(db, now, AT_ONCE).await?;
    let refreshed = standings::refresh_responses(db, now, AT_ONCE).await?;
    if expired > 0 || refreshed > 0 {
        tracing::info!(use_case = NAME, expired, refreshed, "invitations expired");
    }
    Ok(())
}
