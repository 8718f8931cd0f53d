//! Gives money back to the payer, all or a part of it, before or after the release.

use lectern_domain::id::PaymentId;
use lectern_domain::money::Money;
use lectern_domain::payments::{OperationKind, OperationState, Payment, PaymentStatus, RefundId};
use lectern_domain::text::Prose;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};

use crate::carry_out::{carry_out, now};
use crate::services::{Payments, STRIPE};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::step("refund-payment", crate::LESSON_PAYMENT, refund_payment)
        .summary("Refund a payment, never more than remains of it")
        .needs(&[Need::Database, STRIPE])
}

/// Which, how much, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundPayment {
    payment_id: PaymentId,
    /// The caller's name of this refund: the same name again is the same refund.
    refund_id: RefundId,
    amount: Money,
    reason: Prose<500>,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    status: PaymentStatus,
    /// All that was refunded so far.
    refunded: Money,
    /// What could still be.
    remaining: Money,
}

async fn refund_payment(cx: Cx<Payments>, input: RefundPayment) -> Result<PaymentRefunded, Fault> {
    let RefundPayment { payment_id, refund_id, amount, reason } = input;
    let refund = |payment: &mut Payment, _: Option<&str>| {
        payment.refund(&refund_id, amount, reason.as_str(), now(&cx))
    };
    let carried = carry_out(&cx, payment_id, refund).await?;
    let payment = &carried.payment;
    let refund = payment.operation(OperationKind::Refund, refund_id.as_str());
    // A reversal that may follow is between the tutor and us: the payer has what is due.
    if refund.is_none_or(|refund| refund.state != OperationState::Done) {
        return Err(carried.unfinished());
    }
    Ok(PaymentRefunded {
        status: payment.status,
        refunded: payment.money(payment.refunded),
        remaining: payment.money(payment.remaining()),
    })
}
