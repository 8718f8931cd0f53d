//! `POST /v1/admin/payments/{paymentId}/release`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::PaymentId;
use lectern_domain::payments::{
    AdminAction, AdminActionKind, Changes, OperationKind, OperationState, Payment, PaymentError,
    PaymentStatus,
};
use lectern_domain::text::Prose;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::by_hand::{self, Found};
use crate::carry_out::{carry_out_loaded, now};
use crate::get_payment::PaymentPath;
use crate::services::{Payments, STRIPE};

const NAME: &str = "release-by-hand";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(NAME, Method::Post, "/v1/admin/payments/{paymentId}/release", release_by_hand)
        .summary("Release a held payment to the tutor and the platform before its time, with a reason")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
        .needs(&[Need::Database, Need::Bus, STRIPE])
        .idempotent()
}

/// Why.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ReleaseByHand {
    reason: Prose<500>,
}

/// The release.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    payment_id: PaymentId,
    status: PaymentStatus,
    /// Whether the tutor's share has arrived at the tutor's account; if not, it is sent when it can be.
    transferred: bool,
}

async fn release_by_hand(
    cx: Cx<Payments>,
    caller: Admin,
    request: Request<PaymentPath, Nothing, ReleaseByHand>,
) -> Result<Answer<Released>, Problem> {
    let key = request.idempotency_key()?;
    let (loaded, done) = match by_hand::load(&cx, request.path.payment_id, caller.id(), NAME, key).await? {
        Found::Before(answer) => return Ok(Answer::replay(answer)),
        Found::Payment(loaded, done) => (*loaded, done),
    };
    let release = |payment: &mut Payment, ready_account: Option<&str>| {
        let mut changes = Changes::default();
        if !done {
            // What waits for a dispute, or was released, is not an admin's to release.
            if payment.released || payment.status == PaymentStatus::Disputed {
                return Err(PaymentError::WrongState(payment.status));
            }
            changes.extend(payment.release()?);
            changes.extend(payment.act(AdminAction {
                admin_id: caller.id(),
                kind: AdminActionKind::Release,
                reference: by_hand::name(caller.id(), key),
                reason: Some(request.body.reason.as_str().to_owned()),
                amount: Some(payment.remaining()),
            }));
        }
        if let Some(account) = ready_account {
            payment.pay_out(account, now(&cx));
        }
        Ok(changes)
    };
    let payment = carry_out_loaded(&cx, loaded, None, release).await?.payment;
    let transfer = payment.operation(OperationKind::Transfer, "");
    let released = Released {
        payment_id: payment.id,
        status: payment.status,
        transferred: transfer.is_some_and(|transfer| transfer.state == OperationState::Done),
    };
    let earlier = by_hand::keep(&cx, caller.id(), NAME, key, &released).await?;
    Ok(earlier.map_or_else(|| Answer::new(released), Answer::replay))
}
