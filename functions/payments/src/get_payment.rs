//! `GET /v1/payments/{paymentId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{LessonId, PaymentId};
use lectern_domain::money::Money;
use lectern_domain::payments::PaymentStatus;
use lectern_domain::time::Instant;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, StudentOrTutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Payments;
use crate::store::payments;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-payment", Method::Get, "/v1/payments/{paymentId}", get_payment)
        .summary("Read a payment that one makes or earns")
        .problems(&[&problem::NOT_FOUND])
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct PaymentPath {
    payment_id: PaymentId,
}

/// A payment as its payer or its tutor sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentView {
    payment_id: PaymentId,
    lesson_id: LessonId,
    status: PaymentStatus,
    amount: Money,
    /// The platform's share of the amount.
    platform_fee: Money,
    /// The tutor's share of the amount; paid out after the lesson.
    tutor_earnings: Money,
    /// What the payer has got back.
    refunded: Money,
    /// What the payer confirms the payment with at Stripe; only for the payer, and only while it can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    created_at: Instant,
}

async fn get_payment(
    cx: Cx<Payments>,
    caller: StudentOrTutor,
    request: Request<PaymentPath>,
) -> Result<Answer<PaymentView>, Problem> {
    let shown = payments::shown(&cx.base.db, request.path.payment_id, caller.id()).await?;
    let payments::Shown { payment, created_at } = shown.ok_or_else(|| Problem::not_found("payment"))?;
    let can_be_paid = payment.status == PaymentStatus::RequiresPayment && payment.closing.is_none();
    let is_for_payer = can_be_paid && payment.payer_id == caller.id();
    let view = PaymentView {
        payment_id: payment.id,
        lesson_id: payment.lesson_id,
        status: payment.status,
        amount: payment.money(payment.amount),
        platform_fee: payment.money(payment.platform_fee),
        tutor_earnings: payment.money(payment.tutor_earnings),
        refunded: payment.money(payment.refunded),
        client_secret: payment.client_secret.clone().filter(|_| is_for_payer),
        created_at,
    };
    Ok(Answer::new(view).etag(payment.revision))
}
