//! The page on which a payer would authenticate with their bank.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use crate::money;
use crate::objects::payment_intent::Status;
use crate::objects::{PaymentIntent, Resource as _};
use crate::state::Stand;

/// `GET /_stand_in/payment_intents/{id}/action`
pub async fn action(State(stand): State<Arc<Stand>>, Path(id): Path<String>) -> Response {
    let intent = stand.read(|tables| tables.get(&id).and_then(PaymentIntent::of).cloned());
    match intent {
        Some(intent) if intent.status == Status::RequiresAction => Html(page(&intent)).into_response(),
        Some(_) => (StatusCode::CONFLICT, "This payment doesn't wait for authentication.\n").into_response(),
        None => (StatusCode::NOT_FOUND, "No such payment.\n").into_response(),
    }
}

/// Ids, amounts and currencies are all that is shown: nothing that would have to be escaped.
fn page(intent: &PaymentIntent) -> String {
    let amount = money::written(intent.amount, &intent.currency);
    let button = |outcome: &str, words: &str| {
        format!("<button name=\"outcome\" value=\"{outcome}\">{words}</button>\n")
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>3D Secure test page</title>\n\
         <h1>3D Secure test page</h1>\n<p>Authenticate the payment of {amount} ({id})?</p>\n\
         <form method=\"post\" action=\"/_stand_in/payment_intents/{id}/complete_action\">\n\
         <input type=\"hidden\" name=\"page\" value=\"true\">\n{complete}{fail}</form>\n</html>\n",
        id = intent.id,
        complete = button("success", "Complete"),
        fail = button("failure", "Fail"),
    )
}

/// The way back, with what Stripe adds to it.
pub fn with_intent(return_url: &str, intent: &PaymentIntent) -> String {
    let Ok(mut url) = url::Url::parse(return_url) else { return return_url.to_owned() };
    url.query_pairs_mut()
        .append_pair("payment_intent", &intent.id)
        .append_pair("payment_intent_client_secret", &intent.client_secret);
    url.into()
}
