//! Gives a payment up before it is paid: the lesson is not wanted any more, or nobody paid in time.

use lectern_domain::id::{LessonId, PaymentId};
use lectern_domain::payments::{Closing, Payment};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};

use crate::carry_out::{carry_out_loaded, now};
use crate::services::{Payments, STRIPE};
use crate::store::payments;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::step("cancel-payment", crate::LESSON_PAYMENT, cancel_payment)
        .summary("Make a payment unpayable, or say that it was paid before that")
        .needs(&[Need::Database, STRIPE])
}

/// Whose: a lesson has one payment at most, and the caller may not know its id, because what it compensates
/// failed before it could say it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelPayment {
    lesson_id: LessonId,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// It can't be paid any more, and nothing of the payer's is held.
    Cancelled,
    /// The payer was faster: the money is held, and it is for the caller to refund it.
    Held,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    outcome: CancelOutcome,
    /// The payment, if there ever was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
}

async fn cancel_payment(cx: Cx<Payments>, input: CancelPayment) -> Result<PaymentCancelled, Fault> {
    let close =
        |payment: &mut Payment, _: Option<&str>| Ok(payment.close(Closing::Requested, None, now(&cx)));
    let Some(loaded) = payments::by_lesson(&cx.base.db, input.lesson_id).await? else {
        return Ok(PaymentCancelled { outcome: CancelOutcome::Cancelled, payment_id: None });
    };
    let carried = carry_out_loaded(&cx, loaded, None, close).await?;
    // Whatever Stripe says to a cancellation, it has no end until it can't be paid or has been.
    if carried.payment.status.is_payable() {
        return Err(match carried.stripe {
            Some(error) => Fault::transient(error),
            None => carried.unfinished(),
        });
    }
    let outcome =
        if carried.payment.holds_nothing() { CancelOutcome::Cancelled } else { CancelOutcome::Held };
    Ok(PaymentCancelled { outcome, payment_id: Some(carried.payment.id) })
}
