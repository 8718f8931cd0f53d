//! `GET /v1/admin/payments/{paymentId}`.

use lectern_domain::id::{DisputeId, UserId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{
    AdminActionKind, Dispute, DisputeOutcome, DisputeStatus, Operation, OperationKind, OperationState,
    Payment, PostingKind,
};
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::get_payment::PaymentPath;
use crate::search_payments::AdminPaymentView;
use crate::services::Payments;
use crate::store::listing;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("inspect-payment", Method::Get, "/v1/admin/payments/{paymentId}", inspect_payment)
        .summary("Read a payment with its ledger entries, what was asked of Stripe, and what admins did")
        .problems(&[&problem::NOT_FOUND])
}

/// A payment with everything that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WholePayment {
    #[serde(flatten)]
    payment: AdminPaymentView,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// A release was asked for and waits for the end of a dispute.
    release_asked: bool,
    stripe: StripeObjects,
    operations: Vec<OperationView>,
    disputes: Vec<AdminDisputeView>,
    ledger: Vec<TransactionView>,
    admin_actions: Vec<AdminActionView>,
}

/// What to look for at Stripe.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StripeObjects {
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_intent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<String>,
    /// Stripe's fee on the charge, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Money>,
}

/// What was asked of Stripe.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationView {
    kind: OperationKind,
    reference: String,
    amount: Money,
    state: OperationState,
    attempt: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    since: Instant,
}

/// A complaint of the payer's to their bank, as admins see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminDisputeView {
    pub(crate) dispute_id: DisputeId,
    stripe_id: String,
    status: DisputeStatus,
    reason: String,
    amount: Money,
    /// What the bank holds or has kept.
    taken: Money,
    /// What Stripe took for its work.
    fee: Money,
    opened_at: Instant,
    /// Until when evidence is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_by: Option<Instant>,
    /// Absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<DisputeOutcome>,
}

impl AdminDisputeView {
    pub(crate) fn of(dispute: &Dispute, currency: Currency) -> Self {
        let money = |amount| Money::new(amount, currency);
        Self {
            dispute_id: dispute.id,
            stripe_id: dispute.stripe_id.clone(),
            status: dispute.status,
            reason: dispute.reason.clone(),
            amount: money(dispute.amount),
            taken: money(dispute.withdrawn - dispute.reinstated),
            fee: money(dispute.fee),
            opened_at: dispute.opened_at,
            due_by: dispute.due_by,
            outcome: dispute.outcome,
        }
    }
}

/// A transaction of the ledger.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    kind: PostingKind,
    reference: String,
    posted_at: Instant,
    entries: Vec<EntryView>,
}

/// One side of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EntryView {
    account: String,
    /// Minor units; positive is a debit.
    amount: i64,
    currency: Currency,
}

/// What an admin did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminActionView {
    action: AdminActionKind,
    reference: String,
    admin_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: Instant,
}

async fn inspect_payment(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<PaymentPath>,
) -> Result<Answer<WholePayment>, Problem> {
    let whole = listing::whole(&cx.base.db, request.path.payment_id, None).await?;
    let whole = whole.ok_or_else(|| Problem::not_found("payment"))?;
    let payment = &whole.shown.payment;
    let view = WholePayment {
        payment: AdminPaymentView::from(&whole.shown),
        failure_reason: payment.failure_reason.clone(),
        release_asked: payment.release_asked,
        stripe: StripeObjects {
            payment_intent: payment.intent_id().map(str::to_owned),
            charge: payment.charge_id.clone(),
            fee: payment.stripe_fee.map(|fee| payment.money(fee)),
        },
        operations: payment.operations.iter().map(|operation| asked(payment, operation)).collect(),
        disputes: payment.disputes.iter().map(|d| AdminDisputeView::of(d, payment.currency)).collect(),
        ledger: read(whole.ledger)?,
        admin_actions: read(whole.actions)?,
    };
    Ok(Answer::new(view).etag(payment.revision))
}

fn asked(payment: &Payment, operation: &Operation) -> OperationView {
    OperationView {
        kind: operation.kind,
        reference: operation.reference.clone(),
        amount: payment.money(operation.amount),
        state: operation.state,
        attempt: operation.attempt,
        stripe_id: operation.stripe_id.clone(),
        reason: operation.reason.clone(),
        error_code: operation.error_code.clone(),
        since: operation.since,
    }
}

fn read<T: DeserializeOwned>(rows: Value) -> Result<Vec<T>, Problem> {
    serde_json::from_value(rows).map_err(Problem::internal)
}
