//! Looks at Stripe for payments that have waited for long: a webhook may have been lost, and then nobody else tells.

use std::time::{Duration, Instant};

use lectern_domain::payments::Payment;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::carry_out::{CarryOutError, carry_out_loaded, now};
use crate::services::{Payments, STRIPE};
use crate::store::payments::Loaded;
use crate::store::waiting;

/// Payments that one run looks at; those that were not looked at for the longest time come first.
const BATCH: i64 = 50;
/// When a run stops beginning with another payment, below the function's 30 s.
const TIME: Duration = Duration::from_secs(12);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("sweep-stuck-payments", "RelayRate", sweep_stuck_payments)
        .summary("Ask Stripe about payments that have waited for long")
        .needs(&[Need::Database, STRIPE])
}

async fn sweep_stuck_payments(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let found = waiting::take(&cx.base.db, now(&cx), BATCH).await?;
    for loaded in found.waiting {
        if started.elapsed() > TIME {
            break;
        }
        let id = loaded.payment.id;
        match look(&cx, loaded).await {
            Ok(()) => {}
            Err(error @ CarryOutError::Database(_)) => return Err(error.into()),
            Err(error) => {
                // One payment that a person must look at doesn't keep the others waiting.
                tracing::error!(payment = %id, cause = %error, "the payment can't be followed");
            }
        }
    }
    if let Ok(stuck @ 1..) = u64::try_from(found.stuck) {
        metrics::count(crate::CONTEXT, "PaymentsStuck", stuck);
    }
    Ok(())
}

async fn look(cx: &Cx<Payments>, loaded: Loaded) -> Result<(), CarryOutError> {
    let Some(intent) = loaded.payment.intent_id() else { return Ok(()) };
    let seen = match cx.stripe.intent(intent).await {
        Ok(seen) => seen,
        Err(error) => {
            tracing::warn!(payment = %loaded.payment.id, cause = %error, "Stripe can't be asked");
            return Ok(());
        }
    };
    let observe = |payment: &mut Payment, _: Option<&str>| payment.observe(&seen, now(cx));
    let before = loaded.payment.status;
    let carried = carry_out_loaded(cx, loaded, None, observe).await?;
    if carried.payment.status != before {
        tracing::warn!(payment = %carried.payment.id, status = %carried.payment.status, "nobody had told of it");
    }
    Ok(())
}
