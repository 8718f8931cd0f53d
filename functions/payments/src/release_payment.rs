//! Gives what was not refunded to tutor and platform: the lesson was given, and nobody disputed it in time.

use lectern_domain::id::PaymentId;
use lectern_domain::payments::{OperationKind, OperationState, Payment, PaymentStatus};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};

use crate::carry_out::{carry_out, now};
use crate::services::{Payments, STRIPE};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::step("release-payment", crate::LESSON_PAYMENT, release_payment)
        .summary("Release a held payment to the tutor and the platform")
        .needs(&[Need::Database, STRIPE])
}

/// Which.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleasePayment {
    payment_id: PaymentId,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentReleased {
    status: PaymentStatus,
    /// Whether the tutor's share has arrived at the tutor's account. If not, it stays payable, and `settle-payables`
    /// sends it when it can: a release doesn't wait for that.
    transferred: bool,
}

async fn release_payment(cx: Cx<Payments>, input: ReleasePayment) -> Result<PaymentReleased, Fault> {
    let release = |payment: &mut Payment, ready_account: Option<&str>| {
        let changes = payment.release()?;
        if let Some(account) = ready_account {
            payment.pay_out(account, now(&cx));
        }
        Ok(changes)
    };
    let payment = carry_out(&cx, input.payment_id, release).await?.payment;
    let transfer = payment.operation(OperationKind::Transfer, "");
    let transferred = transfer.is_some_and(|transfer| transfer.state == OperationState::Done);
    Ok(PaymentReleased { status: payment.status, transferred })
}
