//! `DELETE /v1/payment-methods/{paymentMethodId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::customers;
use crate::services::{Payments, STRIPE};
use crate::store;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(
        "remove-payment-method",
        Method::Delete,
        "/v1/payment-methods/{paymentMethodId}",
        remove_payment_method,
    )
    .summary("Take a saved card away, at Stripe too; of several the newest is the default then")
    .problems(&[&problem::NOT_FOUND])
    .needs(&[Need::Database, STRIPE])
}

/// Which card.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct PaymentMethodPath {
    /// Stripe's id of it, as the list shows it.
    payment_method_id: Line<100>,
}

/// What is gone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethodRemoved {
    payment_method_id: Line<100>,
}

/// Whose card it is Stripe is asked: one that is not the caller's customer's is not found.
async fn remove_payment_method(
    cx: Cx<Payments>,
    caller: Student,
    request: Request<PaymentMethodPath>,
) -> Result<Answer<PaymentMethodRemoved>, Problem> {
    let id = request.path.payment_method_id;
    let customer = store::customers::of_user(&cx.base.db, caller.id()).await?;
    let customer = customer.and_then(|customer| customer.stripe_customer_id);
    let customer = customer.ok_or_else(|| Problem::not_found("payment method"))?;
    if !cx.stripe.cards().detach(&customer, id.as_str()).await? {
        return Err(Problem::not_found("payment method"));
    }
    // The card is gone already; should this fail, Stripe's event about it puts it right.
    if let Err(error) = customers::keep_a_default(&cx, &customer).await {
        tracing::warn!(cause = %error, "the default card is not chosen yet");
    }
    Ok(Answer::new(PaymentMethodRemoved { payment_method_id: id }))
}
