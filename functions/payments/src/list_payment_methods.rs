//! `GET /v1/payment-methods`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Student, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::customers;
use crate::services::{Payments, STRIPE};
use crate::stripe::{SavedCard, Wallet};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("list-payment-methods", Method::Get, "/v1/payment-methods", list_payment_methods)
        .summary("List one's saved cards, newest first, as Stripe has them")
        .needs(&[Need::Database, STRIPE])
}

/// Saved cards; a hundred at most.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethodsView {
    items: Vec<CardView>,
}

/// A saved card, as much of it as one needs to recognise it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardView {
    /// Stripe's id; what a payment is confirmed with.
    payment_method_id: String,
    /// `visa`, `mastercard`, …
    brand: String,
    /// The last four digits.
    last4: String,
    /// 1 to 12.
    expiry_month: i16,
    /// Four digits.
    expiry_year: i16,
    /// Charged where nothing else is said: by a subscription.
    is_default: bool,
}

/// A list that is never long, so it has no pages.
async fn list_payment_methods(
    cx: Cx<Payments>,
    caller: Student,
    _request: Request,
) -> Result<Answer<PaymentMethodsView>, Problem> {
    let wallet = customers::wallet(&cx, caller.id()).await?.map(|(_, wallet)| wallet).unwrap_or_default();
    Ok(Answer::new(view(wallet)))
}

fn view(Wallet { cards, default }: Wallet) -> PaymentMethodsView {
    let card = |card: SavedCard| CardView {
        is_default: default.as_ref() == Some(&card.id),
        payment_method_id: card.id,
        brand: card.brand,
        last4: card.last4,
        expiry_month: card.expiry_month,
        expiry_year: card.expiry_year,
    };
    PaymentMethodsView { items: cards.into_iter().map(card).collect() }
}
