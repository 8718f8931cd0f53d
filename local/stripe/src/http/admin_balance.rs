//! Movements of the platform's balance that nobody asked for through the API.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::response::Response;
use serde::Deserialize;

use super::admin::change;
use crate::objects::balance;
use crate::state::Stand;

/// What moves.
#[derive(Deserialize)]
pub struct PastUs {
    /// Stripe's type: `stripe_fee`, `topup`, `payout`, `adjustment`, `reserve_transaction`.
    #[serde(rename = "type")]
    kind: String,
    /// Minor units; what leaves the balance is negative.
    amount: i64,
    #[serde(default = "usd")]
    currency: String,
    #[serde(default)]
    description: Option<String>,
}

fn usd() -> String {
    "usd".to_owned()
}

/// `POST /_stand_in/balance_transactions`
pub async fn add(State(stand): State<Arc<Stand>>, Form(form): Form<PastUs>) -> Response {
    change(&stand, |unit| {
        balance::move_past_the_api(unit, &form.kind, form.amount, &form.currency, form.description)
    })
}
