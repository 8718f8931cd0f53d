//! Compares the ledger with Stripe's own list of what moved the platform's balance (product.md, Payments).
//!
//! Each difference is a row that is resolved by itself when it is gone. What stays for a day is a matter for a person.

use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::movements::walk;
use crate::services::{Payments, STRIPE};
use crate::store::reconciliation;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("reconcile-ledger", "rate(1 day)", reconcile_ledger)
        .summary("Compare the ledger with Stripe's list of movements, and keep each difference")
        .needs(&[Need::Database, STRIPE])
}

async fn reconcile_ledger(cx: Cx<Payments>) -> Result<(), Fault> {
    let walked = walk(&cx).await?;
    if !walked.complete {
        // The same walk is gone on with at once, and not only when the day is over.
        return Err(Fault::transient("there is more at Stripe than one run can read"));
    }
    let compared = reconciliation::finish(&cx.base.db, &walked.run, walked.at).await?;
    tracing::info!(found = compared.found, open = compared.open, old = compared.old, "ledger reconciled");
    if let Ok(old @ 1..) = u64::try_from(compared.old) {
        tracing::error!(old, "the ledger and Stripe have differed for more than a day: a person must look");
        metrics::count(crate::CONTEXT, "LedgerDifferencesOld", old);
    }
    Ok(())
}
