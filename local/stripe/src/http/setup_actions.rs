//! The page on which a payer would authenticate a card that is being saved, and what it leads to.

use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::admin::{change, refused};
use crate::error::Failure;
use crate::objects::{Resource as _, SetupIntent, setup_intent};
use crate::state::Stand;

fn read(stand: &Stand, id: &str) -> Option<SetupIntent> {
    stand.read(|tables| tables.get(id).and_then(SetupIntent::of).cloned())
}

/// `GET /_stand_in/setup_intents/{id}/action`
pub async fn page(State(stand): State<Arc<Stand>>, Path(id): Path<String>) -> Response {
    match read(&stand, &id) {
        Some(intent) if intent.status == "requires_action" => Html(written(&intent)).into_response(),
        Some(_) => (StatusCode::CONFLICT, "This card doesn't wait for authentication.\n").into_response(),
        None => (StatusCode::NOT_FOUND, "No such card.\n").into_response(),
    }
}

/// An id is all that is shown: nothing that would have to be escaped.
fn written(intent: &SetupIntent) -> String {
    let button = |outcome: &str, words: &str| {
        format!("<button name=\"outcome\" value=\"{outcome}\">{words}</button>\n")
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>3D Secure test page</title>\n\
         <h1>3D Secure test page</h1>\n<p>Authenticate the card that is to be saved ({id})?</p>\n\
         <form method=\"post\" action=\"/_stand_in/setup_intents/{id}/complete_action\">\n\
         <input type=\"hidden\" name=\"page\" value=\"true\">\n{complete}{fail}</form>\n</html>\n",
        id = intent.id,
        complete = button("success", "Complete"),
        fail = button("failure", "Fail"),
    )
}

/// How the payer did.
#[derive(Deserialize)]
pub struct Action {
    /// `success` (default) or `failure`.
    #[serde(default)]
    outcome: String,
    /// Whether the page asks, which wants to be led back.
    #[serde(default)]
    page: bool,
}

/// `POST /_stand_in/setup_intents/{id}/complete_action`
pub async fn complete(
    State(stand): State<Arc<Stand>>,
    Path(id): Path<String>,
    Form(form): Form<Action>,
) -> Response {
    let return_url = read(&stand, &id).and_then(|intent| {
        let url = intent.next_action.as_ref()?["redirect_to_url"]["return_url"].as_str()?;
        let mut url = url::Url::parse(url).ok()?;
        url.query_pairs_mut()
            .append_pair("setup_intent", &intent.id)
            .append_pair("setup_intent_client_secret", &intent.client_secret);
        Some(url.to_string())
    });
    let succeeds = match form.outcome.as_str() {
        "" | "success" => true,
        "failure" => false,
        _ => {
            let message = "Invalid outcome: must be one of success or failure";
            return refused(&Failure::invalid("outcome", message));
        }
    };
    let response = change(&stand, |unit| setup_intent::complete_action(unit, &id, succeeds));
    match return_url {
        Some(url) if form.page && response.status().is_success() => Redirect::to(&url).into_response(),
        _ => response,
    }
}
