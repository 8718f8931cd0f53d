//! What Stripe's webhooks about disputes and refunds lead to: the thing is read from Stripe, and the payment follows.

use lectern_domain::id::{DisputeId, PaymentId};
use lectern_domain::payments::{Changes, DisputeSeen, Payment, PaymentError, RefundSeen};
use lectern_runtime::{Cx, Problem, metrics};

use crate::carry_out::{CarryOutError, carry_out_loaded, now, tell_a_person_of};
use crate::receive_stripe_webhook::{Event, WebhookOutcome, of_no_concern};
use crate::services::Payments;
use crate::store::payments;

/// A dispute names its charge, and the charge, by our metadata, its payment.
pub(crate) async fn apply_dispute(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let Some(id) = event.data.object["id"].as_str() else { return of_no_concern(cx, event).await };
    let seen = cx.stripe.dispute(id).await?;
    let loaded = match seen.payment {
        Some(payment) => payments::by_id(&cx.base.db, payment).await?,
        None => None,
    };
    let Some(loaded) = loaded else {
        // Of an invoice, or of a charge made by hand: money has gone that the ledger doesn't know of.
        tracing::error!(event = event.id, dispute = seen.id, "a dispute of no payment: a person must look");
        metrics::count(crate::CONTEXT, "PaymentsParked", 1);
        return of_no_concern(cx, event).await;
    };
    // The dispute may be heard of before the payment itself.
    let intent = match seen.intent.as_deref().filter(|_| loaded.payment.charge_id.is_none()) {
        Some(intent) => Some(cx.stripe.intent(intent).await?),
        None => None,
    };
    let follow = |payment: &mut Payment, ready_account: Option<&str>| {
        let mut changes = match &intent {
            Some(intent) => payment.observe(intent, now(cx))?,
            None => Changes::default(),
        };
        changes.extend(follow_dispute(cx, payment, &seen, ready_account)?);
        Ok(changes)
    };
    match carry_out_loaded(cx, loaded, Some(&event.id), follow).await {
        Ok(_) => Ok(WebhookOutcome::Applied),
        Err(CarryOutError::Payment(error)) => {
            tracing::error!(event = event.id, cause = %error, "a dispute of somebody else's charge");
            of_no_concern(cx, event).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The payment follows its dispute; what becomes the tutor's again by it is sent to the tutor's account.
pub(crate) fn follow_dispute(
    cx: &Cx<Payments>,
    payment: &mut Payment,
    seen: &DisputeSeen,
    ready_account: Option<&str>,
) -> Result<Changes, PaymentError> {
    let changes = payment.observe_dispute(seen, DisputeId(cx.fresh_id()), now(cx))?;
    if let Some(account) = ready_account {
        payment.pay_out(account, now(cx));
    }
    Ok(changes)
}

/// A refund of ours carries the payment in its metadata; one that was made by hand does not, and is reported by the
/// reconciliation.
pub(crate) async fn apply_refund(
    cx: &Cx<Payments>,
    event: &Event,
    payment: Option<PaymentId>,
) -> Result<WebhookOutcome, Problem> {
    let loaded = match payment {
        Some(id) => payments::by_id(&cx.base.db, id).await?,
        None => None,
    };
    let (Some(loaded), Some(id)) = (loaded, event.data.object["id"].as_str()) else {
        return of_no_concern(cx, event).await;
    };
    let seen: RefundSeen = cx.stripe.refund(id).await?;
    let owed_before = undone(&loaded.payment);
    let follow = |payment: &mut Payment, _: Option<&str>| Ok(payment.observe_refund(&seen, now(cx)));
    let carried = carry_out_loaded(cx, loaded, Some(&event.id), follow).await?;
    if undone(&carried.payment) > owed_before {
        tell_a_person_of(&carried.payment, &seen.id);
    }
    Ok(WebhookOutcome::Applied)
}

/// How many refunds have failed after Stripe had made them.
fn undone(payment: &Payment) -> i32 {
    payment.operations.iter().map(|operation| operation.undone).sum()
}
