//! Brings accounts of the user pool in line that could not be at once (see [`crate::align`]).

use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::align;
use crate::services::{Identity, USER_POOL};
use crate::store::alignments;

/// Accounts that one run looks at; the next run goes on.
const ACCOUNTS_MAX: i64 = 100;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::schedule("align-user-pool", "RelayRate", align_user_pool)
        .summary("Bring accounts of the user pool in line that could not be at once")
        .needs(&[Need::Database, USER_POOL])
}

async fn align_user_pool(cx: Cx<Identity>) -> Result<(), Fault> {
    let due = alignments::due_by(&cx.base.db, cx.now(), ACCOUNTS_MAX).await?;
    let mut failed = 0_u64;
    for due in &due {
        if let Err(fault) = align::settle(&cx, due).await {
            tracing::warn!(user_id = %due.user, cause = fault.message, "account not in line yet");
            failed += 1;
        }
    }
    metrics::count(crate::CONTEXT, "AccountsUnfinished", failed);
    if failed == 0 { Ok(()) } else { Err(Fault::transient(format!("{failed} accounts are not in line yet"))) }
}
