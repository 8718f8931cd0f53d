//! Pays out what tutors have earned: each tutor and currency once a period (product.md, Payouts).
//!
//! What belongs to a period is decided by its moment (Monday or the first of the month, 06:00 UTC) and the ledger, not
//! by when a run comes: it can come often, late, twice at once, or die in the middle. Then the next one goes on.
//! Whoever earns less than the minimum, or isn't ready, waits for the next period, or until the account is ready.

use std::time::{Duration, Instant};

use lectern_domain::id::PayoutId;
use lectern_domain::money::Money;
use lectern_domain::payments::{NewPayout, Payout, PayoutSchedule};
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::carry_out::{CarryOutError, now};
use crate::carry_out_payout::go_on;
use crate::services::{Payments, STRIPE};
use crate::store::payouts::{self, Cutoffs, Due, Save};

/// Tutors that one look at the table gives.
const BATCH: i64 = 50;
/// When a run stops beginning with another tutor, below the function's 55 s by what one can take.
const TIME: Duration = Duration::from_secs(12);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("run-payouts", "PayoutRuns", run_payouts)
        .summary("Pay out what tutors have earned, each tutor and currency once a period")
        .needs(&[Need::Database, Need::Bus, STRIPE])
}

async fn run_payouts(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let mut not_paid: u64 = 0;
    loop {
        let cutoff = |schedule: PayoutSchedule| match cx.payouts.every_seconds {
            Some(seconds) => PayoutSchedule::cutoff_every(seconds, cx.now()),
            None => schedule.cutoff(cx.now()),
        };
        let cutoffs =
            Cutoffs { weekly: cutoff(PayoutSchedule::Weekly), monthly: cutoff(PayoutSchedule::Monthly) };
        let due = payouts::due(&cx.base.db, cutoffs, cx.payouts.minimum, BATCH).await?;
        let (found, failed_before) = (due.len(), not_paid);
        for tutor in due {
            if started.elapsed() > TIME {
                tracing::info!("more tutors are left for the next run");
                return Ok(());
            }
            let id = tutor.tutor;
            match pay_out(&cx, tutor).await {
                Ok(()) => {}
                Err(error @ CarryOutError::Database(_)) => return Err(error.into()),
                Err(error) => {
                    // One tutor whose account can't be read doesn't keep the others waiting.
                    tracing::error!(tutor = %id, cause = %error, "a tutor can't be paid out now");
                    not_paid += 1;
                }
            }
        }
        let is_last = i64::try_from(found).unwrap_or(BATCH) < BATCH;
        // Those who could not be paid are found again, by the next run.
        if is_last || not_paid > failed_before {
            break;
        }
    }
    if not_paid > 0 {
        metrics::count(crate::CONTEXT, "PayoutsUnfinished", not_paid);
    }
    Ok(())
}

async fn pay_out(cx: &Cx<Payments>, due: Due) -> Result<(), CarryOutError> {
    if !due.amounts.is_empty() {
        // What came from a card a few days ago is at Stripe, but can't be paid out yet.
        let balance = cx.connect.account_balance(&due.stripe_account).await?;
        let mut payouts_made = due.payouts_made;
        for owed in &due.amounts {
            let available = balance.available.iter().find(|money| money.currency == owed.currency);
            let amount = owed.amount.min(available.map_or(0, |money| money.amount));
            if amount < cx.payouts.minimum {
                continue;
            }
            if !schedule(cx, &due, Money::new(amount, owed.currency), payouts_made).await? {
                // Somebody else pays this tutor out at the same moment.
                return Ok(());
            }
            payouts_made += 1;
        }
    }
    payouts::looked_at(&cx.base.db, due.tutor, due.cutoff).await?;
    Ok(())
}

/// Decides a payout and sends it. `false`, and nothing done, when it was decided already.
async fn schedule(
    cx: &Cx<Payments>,
    due: &Due,
    amount: Money,
    payouts_made: i64,
) -> Result<bool, CarryOutError> {
    let new = NewPayout {
        tutor_id: due.tutor,
        stripe_account_id: due.stripe_account.clone(),
        amount,
        cutoff: due.cutoff,
    };
    let Ok((mut payout, changes)) = Payout::schedule(PayoutId(cx.fresh_id()), new, now(cx)) else {
        return Ok(true);
    };
    let call = payout.lease(now(cx));
    let save = Save::new(cx, &payout, changes, None);
    if !payouts::insert(&cx.base.db, &payout, payouts_made, &save).await? {
        return Ok(false);
    }
    cx.base.publish(&save.events).await;
    if let Some(call) = call {
        go_on(cx, payout, &call).await?;
    }
    Ok(true)
}
