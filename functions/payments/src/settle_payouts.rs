//! Finishes payouts that were left half done: calls whose sender died or that were never answered, each with the key
//! of its own attempt; and what Stripe should have told of and did not.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use lectern_domain::payments::{Changes, Payout};
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::carry_out::{CarryOutError, now};
use crate::carry_out_payout::{change, go_on};
use crate::services::{Payments, STRIPE};
use crate::store::payouts::{self, Save};

/// Payouts that one run looks at; the next run goes on.
const BATCH: i64 = 50;
/// When a run stops beginning with another payout, below the function's 55 s by what one can take.
const TIME: Duration = Duration::from_secs(12);
/// After how long without news Stripe is asked how a payout stands. Banks take days.
const QUIET: SignedDuration = SignedDuration::from_hours(6);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("settle-payouts", "RelayRate", settle_payouts)
        .summary("Finish payouts that were left half done, and ask Stripe about those it is silent on")
        .needs(&[Need::Database, STRIPE])
}

async fn settle_payouts(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let quiet = now(&cx) - QUIET;
    let mut still_open: u64 = 0;
    for payout in payouts::unfinished(&cx.base.db, now(&cx), quiet, BATCH).await? {
        if started.elapsed() > TIME {
            break;
        }
        let id = payout.id;
        match finish(&cx, payout).await {
            Ok(()) => {}
            Err(error @ CarryOutError::Database(_)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(payout = %id, cause = %error, "the payout can't be finished");
                still_open += 1;
            }
        }
    }
    if still_open > 0 {
        metrics::count(crate::CONTEXT, "PayoutsUnfinished", still_open);
    }
    Ok(())
}

async fn finish(cx: &Cx<Payments>, mut payout: Payout) -> Result<(), CarryOutError> {
    if let Some(stripe_id) = payout.stripe_payout_id.clone() {
        let seen = cx.connect.payout(&payout.stripe_account_id, &stripe_id).await?;
        let asked = change(cx, payout.clone(), |payout| payout.observe(&seen, now(cx))).await?;
        if asked == payout {
            // Nothing new: it is the others' turn, and this one's again later.
            let save = Save::new(cx, &asked, Changes::default(), None);
            payouts::update(&cx.base.db, &asked, &save).await?;
        }
        return Ok(());
    }
    let before = payout.clone();
    let Some(call) = payout.lease(now(cx)) else { return Ok(()) };
    let save = Save::new(cx, &payout, Changes::default(), None);
    if payout == before || !payouts::update(&cx.base.db, &payout, &save).await? {
        return Ok(());
    }
    payout.revision += 1;
    go_on(cx, payout, &call).await.map(drop)
}
