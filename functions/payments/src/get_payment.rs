//! `GET /v1/payments/{paymentId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{DisputeId, LessonId, PaymentId, UserId};
use lectern_domain::money::Money;
use lectern_domain::payments::{
    Dispute, DisputeOutcome, Operation, OperationKind, OperationState, Payment, PaymentStatus,
};
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
    pub(crate) payment_id: PaymentId,
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

/// A payment with what has become of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentDetails {
    #[serde(flatten)]
    payment: PaymentView,
    refunds: Vec<RefundView>,
    /// The payer's complaints to the bank, without mere inquiries.
    disputes: Vec<DisputeView>,
    /// Whether there is a receipt, which is for the payer alone.
    receipt_available: bool,
}

/// A refund, decided and made or not.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundView {
    refund_id: String,
    amount: Money,
    status: RefundStatus,
}

lectern_domain::words! {
    /// How a refund stands.
    pub enum RefundStatus {
        /// Decided, and on its way.
        Pending = "pending",
        /// Made.
        Done = "done",
        /// Stripe could not make it: somebody is looking after it.
        Failed = "failed",
    }
}

impl From<OperationState> for RefundStatus {
    fn from(state: OperationState) -> Self {
        match state {
            OperationState::Open => Self::Pending,
            OperationState::Done => Self::Done,
            OperationState::Refused => Self::Failed,
        }
    }
}

/// A complaint.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisputeView {
    dispute_id: DisputeId,
    amount: Money,
    opened_at: Instant,
    /// Absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<DisputeOutcome>,
}

impl PaymentView {
    /// As this person may see it.
    pub(crate) fn of(payment: &Payment, created_at: Instant, person: UserId) -> Self {
        let can_be_paid = payment.status == PaymentStatus::RequiresPayment && payment.closing.is_none();
        let is_for_payer = can_be_paid && payment.payer_id == person;
        Self {
            payment_id: payment.id,
            lesson_id: payment.lesson_id,
            status: payment.status,
            amount: payment.money(payment.amount),
            platform_fee: payment.money(payment.platform_fee),
            tutor_earnings: payment.money(payment.tutor_earnings),
            refunded: payment.money(payment.refunded),
            client_secret: payment.client_secret.clone().filter(|_| is_for_payer),
            created_at,
        }
    }
}

/// The refunds of a payment, in the order in which they were decided.
pub(crate) fn refunds(payment: &Payment) -> Vec<RefundView> {
    let refunds = payment.operations.iter().filter(|o| o.kind == OperationKind::Refund && o.amount > 0);
    let view = |refund: &Operation| RefundView {
        refund_id: refund.reference.clone(),
        amount: payment.money(refund.amount),
        status: refund.state.into(),
    };
    refunds.map(view).collect()
}

async fn get_payment(
    cx: Cx<Payments>,
    caller: StudentOrTutor,
    request: Request<PaymentPath>,
) -> Result<Answer<PaymentDetails>, Problem> {
    let shown = payments::shown(&cx.base.db, request.path.payment_id, caller.id()).await?;
    let payments::Shown { payment, created_at } = shown.ok_or_else(|| Problem::not_found("payment"))?;
    let disputes = payment.disputes.iter().filter(|dispute| !dispute.status.is_inquiry());
    let complaint = |dispute: &Dispute| DisputeView {
        dispute_id: dispute.id,
        amount: payment.money(dispute.amount),
        opened_at: dispute.opened_at,
        outcome: dispute.outcome,
    };
    let details = PaymentDetails {
        refunds: refunds(&payment),
        disputes: disputes.map(complaint).collect(),
        receipt_available: payment.charge_id.is_some() && payment.payer_id == caller.id(),
        payment: PaymentView::of(&payment, created_at, caller.id()),
    };
    Ok(Answer::new(details).etag(payment.revision))
}
