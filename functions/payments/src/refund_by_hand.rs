//! `POST /v1/admin/payments/{paymentId}/refund`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::PaymentId;
use lectern_domain::money::Money;
use lectern_domain::payments::{
    AdminAction, AdminActionKind, OperationKind, Payment, PaymentStatus, RefundId,
};
use lectern_domain::text::Prose;
use lectern_runtime::{Admin, Created, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::by_hand::{self, Found};
use crate::carry_out::{CarryOutError, carry_out_loaded, now};
use crate::get_payment::{PaymentPath, RefundStatus};
use crate::services::{Payments, STRIPE};

const NAME: &str = "refund-by-hand";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(NAME, Method::Post, "/v1/admin/payments/{paymentId}/refund", refund_by_hand)
        .summary("Refund a payment, all that remains of it or a part, with a reason")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
        .needs(&[Need::Database, Need::Bus, STRIPE])
        .idempotent()
}

/// How much, and why.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RefundByHand {
    /// No more than remains; all of it when absent.
    #[deserr(default)]
    #[schemars(default)]
    amount: Option<Money>,
    /// Make this refund again, which has failed, instead of a new one; without an amount.
    #[deserr(default)]
    #[schemars(default)]
    refund_id: Option<RefundId>,
    reason: Prose<500>,
}

/// The refund.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundMade {
    payment_id: PaymentId,
    refund_id: String,
    amount: Money,
    /// What Stripe has not done yet is asked for again until it has.
    status: RefundStatus,
    payment_status: PaymentStatus,
    /// All that was refunded so far.
    refunded: Money,
    /// What could still be.
    remaining: Money,
}

async fn refund_by_hand(
    cx: Cx<Payments>,
    caller: Admin,
    request: Request<PaymentPath, Nothing, RefundByHand>,
) -> Result<Created<RefundMade>, Problem> {
    let key = &request.idempotency_key()?.clone();
    let (loaded, done) = match by_hand::load(&cx, request.path.payment_id, caller.id(), NAME, key).await? {
        Found::Before(answer) => return Ok(Created::replay(answer)),
        Found::Payment(loaded, done) => (*loaded, done),
    };
    let RefundByHand { amount, refund_id, reason } = request.body;
    let deed = by_hand::name(caller.id(), key);
    let id = match refund_id {
        Some(id) => again(&loaded.payment, id, amount)?,
        None => RefundId::parse(&deed).map_err(|e| Problem::internal(e.0))?,
    };
    let refund = |payment: &mut Payment, _: Option<&str>| {
        let known = payment.operation(OperationKind::Refund, id.as_str()).map(|refund| refund.amount);
        let all = payment.money(known.unwrap_or(payment.remaining()));
        let amount = amount.unwrap_or(all);
        let mut changes = payment.refund(&id, amount, reason.as_str(), now(&cx))?;
        if !done {
            changes.extend(payment.act(AdminAction {
                admin_id: caller.id(),
                kind: AdminActionKind::Refund,
                reference: deed.clone(),
                reason: Some(reason.as_str().to_owned()),
                amount: Some(amount.amount),
            }));
        }
        Ok(changes)
    };
    let payment = carry_out_loaded(&cx, loaded, None, refund).await?.payment;
    let refund = payment.operation(OperationKind::Refund, id.as_str());
    let refund = refund.ok_or_else(|| Problem::internal(CarryOutError::NoSuchPayment))?;
    let made = RefundMade {
        payment_id: payment.id,
        refund_id: id.to_string(),
        amount: payment.money(refund.amount),
        status: refund.state.into(),
        payment_status: payment.status,
        refunded: payment.money(payment.refunded),
        remaining: payment.money(payment.remaining()),
    };
    let earlier = by_hand::keep(&cx, caller.id(), NAME, key, &made).await?;
    Ok(earlier.map_or_else(|| Created::new(made), Created::replay))
}

/// A refund that is to be made again, as it was decided.
fn again(payment: &Payment, id: RefundId, amount: Option<Money>) -> Result<RefundId, Problem> {
    if amount.is_some() {
        return Err(FieldErrors::one("amount", "must be absent where a refund is made again").into());
    }
    match payment.operation(OperationKind::Refund, id.as_str()) {
        Some(refund) if refund.amount > 0 => Ok(id),
        _ => Err(FieldErrors::one("refundId", "must be a refund of this payment").into()),
    }
}
