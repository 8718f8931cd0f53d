//! Finishes what was left half done: transfers to accounts that have become ready, and everything that a crash, a
//! time-out or a refusal of Stripe's left open. Each with the key of its own attempt, so nothing is done twice.

use std::time::{Duration, Instant};

use lectern_domain::payments::{Changes, Payment, PaymentError};
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::carry_out::{CarryOutError, carry_out_loaded, now};
use crate::evidence;
use crate::services::{Payments, STRIPE};
use crate::store::payments::{self, Loaded};

/// Payments that one run looks at; the next run goes on.
const BATCH: i64 = 50;
/// When a run stops beginning with another payment, below the function's 30 s.
const TIME: Duration = Duration::from_secs(12);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("settle-payables", "RelayRate", settle_payables)
        .summary("Send what can be sent to tutors, and finish what was left half done at Stripe")
        .needs(&[Need::Database, STRIPE])
}

async fn settle_payables(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let unfinished = payments::unfinished(&cx.base.db, now(&cx), BATCH).await?;
    let mut still_open: u64 = 0;
    for loaded in unfinished {
        if started.elapsed() > TIME {
            break;
        }
        let id = loaded.payment.id;
        match finish(&cx, loaded).await {
            Ok(true) => {}
            Ok(false) => still_open += 1,
            Err(error @ CarryOutError::Database(_)) => return Err(error.into()),
            Err(error) => {
                // One payment that a person must look at doesn't keep the others waiting.
                tracing::error!(payment = %id, cause = %error, "the payment can't be finished");
                still_open += 1;
            }
        }
    }
    evidence::finish_left_behind(&cx).await?;
    if still_open > 0 {
        metrics::count(crate::CONTEXT, "PaymentsUnfinished", still_open);
    }
    Ok(())
}

async fn finish(cx: &Cx<Payments>, loaded: Loaded) -> Result<bool, CarryOutError> {
    let fee_is_missing = loaded.payment.charge_id.is_some() && loaded.payment.stripe_fee.is_none();
    let seen = match loaded.payment.intent_id().filter(|_| fee_is_missing) {
        Some(intent) => cx.stripe.intent(intent).await.inspect_err(|error| {
            tracing::warn!(cause = %error, "the fee of a charge can't be read");
        }),
        None => Err(crate::stripe::StripeError::unknown("not asked")),
    };
    let go_on = |payment: &mut Payment, ready_account: Option<&str>| -> Result<Changes, PaymentError> {
        let mut changes = payment.go_on_closing(now(cx));
        if let Ok(seen) = &seen {
            changes.extend(payment.observe(seen, now(cx))?);
        }
        if let Some(account) = ready_account {
            payment.pay_out(account, now(cx));
        }
        Ok(changes)
    };
    let carried = carry_out_loaded(cx, loaded, None, go_on).await?;
    Ok(carried.stripe.is_none())
}
