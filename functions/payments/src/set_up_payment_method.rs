//! `POST /v1/payment-methods/setup`.

use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Student, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::customers;
use crate::services::{Payments, STRIPE};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("set-up-payment-method", Method::Post, "/v1/payment-methods/setup", set_up_payment_method)
        .summary("Begin to save a card, which is then typed in on Stripe's own fields")
        .needs(&[Need::Database, STRIPE])
        .idempotent()
}

/// What Stripe's fields in the payer's browser are opened with. No card ever comes to this API.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardSetup {
    /// Stripe's id of the setup intent.
    setup_id: String,
    /// For `stripe.confirmSetup` or `stripe.confirmCardSetup`, together with the publishable key of this platform.
    /// Whoever has it can save a card for the caller, so it is neither kept here nor shown again but to the same
    /// `Idempotency-Key`.
    client_secret: String,
}

/// The answer is kept by Stripe, not by us: the same `Idempotency-Key` is the same key there, for 24 hours. It holds a
/// secret, which has no place in our tables.
async fn set_up_payment_method(
    cx: Cx<Payments>,
    caller: Student,
    request: Request<Nothing, Nothing, Nothing>,
) -> Result<Created<CardSetup>, Problem> {
    let key = request.idempotency_key()?;
    let customer = customers::ensure(&cx, caller.id()).await?;
    // Stripe's keys have 255 characters at most, as ours: so ours stands for itself only by its digest.
    let key = format!("{}:setup:{}", caller.id(), digest(&key.key));
    let setup = match cx.stripe.cards().set_up(&customer, &key).await {
        // Somebody has deleted the customer at Stripe.
        Err(error) if error.code() == "resource_missing" => {
            customers::forget(&cx, caller.id()).await?;
            let customer = customers::ensure(&cx, caller.id()).await?;
            cx.stripe.cards().set_up(&customer, &format!("{key}:{customer}")).await?
        }
        setup => setup?,
    };
    Ok(Created::new(CardSetup { setup_id: setup.id, client_secret: setup.client_secret }))
}

fn digest(text: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}
