//! What happens to connected accounts outside the API: their owners' pages, their banks, Stripe's own decisions.

use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::admin::{change, json};
use crate::error::Failure;
use crate::money;
use crate::objects::{Account, Payout, Resource as _, account, account_link, payout};
use crate::state::{Stand, Unit};

type Shared = State<Arc<Stand>>;

/// Which account: its id, or the `tutor_id` of its metadata.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    account: String,
    #[serde(default)]
    tutor_id: String,
    /// The bank account that onboarding gives, where not the one whose payouts arrive.
    #[serde(default)]
    account_number: String,
    /// Why payouts are disabled; `requirements.past_due` by default.
    #[serde(default)]
    reason: String,
    /// What is asked of the owner; `individual.verification.document` by default.
    #[serde(default)]
    due: String,
}

/// `POST /_stand_in/accounts/complete_onboarding`
pub async fn complete_onboarding(State(stand): Shared, Form(form): Form<Chosen>) -> Response {
    let number = Some(form.account_number.as_str());
    change(&stand, |unit| account::complete_onboarding(unit, &form.account, &form.tutor_id, number))
}

/// `POST /_stand_in/accounts/disable_payouts`
pub async fn disable_payouts(State(stand): Shared, Form(form): Form<Chosen>) -> Response {
    let or =
        |given: &str, default: &str| if given.is_empty() { default.to_owned() } else { given.to_owned() };
    let reason = or(&form.reason, "requirements.past_due");
    let due = or(&form.due, "individual.verification.document");
    change(&stand, |unit| account::disable_payouts(unit, &form.account, &form.tutor_id, &reason, &due))
}

/// `POST /_stand_in/accounts/deauthorize`: the owner has cut the platform off.
pub async fn deauthorize(State(stand): Shared, Form(form): Form<Chosen>) -> Response {
    change(&stand, |unit| account::deauthorize(unit, &form.account, &form.tutor_id))
}

/// How a payout fails.
#[derive(Deserialize)]
pub struct Fails {
    #[serde(default)]
    failure_code: String,
}

/// `POST /_stand_in/payouts/{id}/send`
pub async fn send(State(stand): Shared, Path(id): Path<String>) -> Response {
    change(&stand, |unit| found(unit, &id).and_then(|it| payout::send(unit, it)))
}

/// `POST /_stand_in/payouts/{id}/pay`
pub async fn pay(State(stand): Shared, Path(id): Path<String>) -> Response {
    change(&stand, |unit| found(unit, &id).and_then(|it| payout::pay(unit, it)))
}

/// `POST /_stand_in/payouts/{id}/fail`
pub async fn fail(State(stand): Shared, Path(id): Path<String>, Form(form): Form<Fails>) -> Response {
    let code = if form.failure_code.is_empty() { "could_not_process" } else { &form.failure_code };
    change(&stand, |unit| found(unit, &id).and_then(|it| payout::fail(unit, it, code)))
}

/// `POST /_stand_in/payouts/hold`: from now on payouts wait to be moved.
pub async fn hold(State(stand): Shared) -> Response {
    stand.set_payouts_by_hand(true);
    json(&json!({ "by_hand": true }))
}

/// `POST /_stand_in/payouts/let_go`: from now on payouts move by themselves.
pub async fn let_go(State(stand): Shared) -> Response {
    stand.set_payouts_by_hand(false);
    json(&json!({ "by_hand": false }))
}

fn found(unit: &Unit, id: &str) -> Result<Payout, Failure> {
    unit.find::<Payout>(id).ok_or_else(|| Failure::NoSuch {
        what: Payout::WORD,
        id: id.to_owned(),
        param: Payout::PARAM,
        in_path: true,
    })
}

/// `GET /_stand_in/account_links/{id}`
pub async fn visit(State(stand): Shared, Path(id): Path<String>) -> Response {
    let mut visited = None;
    let answered = change(&stand, |unit| {
        let (link, is_good) = account_link::visit(unit, &id)?;
        visited = Some((link.clone(), is_good));
        Ok(link)
    });
    match visited {
        Some((link, true)) => Html(onboarding_page(&link.id, &link.account)).into_response(),
        Some((link, false)) => Redirect::to(&link.refresh_url).into_response(),
        None => answered,
    }
}

/// What the owner chose on the page.
#[derive(Deserialize)]
pub struct Left {
    /// `complete` or `later`.
    outcome: String,
    #[serde(default)]
    account_number: String,
}

/// `POST /_stand_in/account_links/{id}/leave`
pub async fn leave(State(stand): Shared, Path(id): Path<String>, Form(form): Form<Left>) -> Response {
    let mut return_url = None;
    let number = (form.outcome == "complete").then_some(form.account_number.as_str());
    let answered = change(&stand, |unit| {
        let link = account_link::leave(unit, &id, number)?;
        return_url = Some(link.return_url.clone());
        Ok(link)
    });
    match return_url {
        Some(url) if answered.status().is_success() => Redirect::to(&url).into_response(),
        _ => answered,
    }
}

/// Ids are all that is shown: nothing that would have to be escaped.
fn onboarding_page(link: &str, account: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Onboarding test page</title>\n\
         <h1>Onboarding test page</h1>\n<p>The owner of {account} gives everything that is asked.</p>\n\
         <form method=\"post\" action=\"/_stand_in/account_links/{link}/leave\">\n\
         <label>Bank account <select name=\"account_number\">\n\
         <option value=\"000123456789\">000123456789: payouts arrive</option>\n\
         <option value=\"000111111116\">000111111116: payouts fail, no such account</option>\n\
         <option value=\"000111111113\">000111111113: payouts fail, account closed</option>\n\
         </select></label>\n\
         <button name=\"outcome\" value=\"complete\">Complete</button>\n\
         <button name=\"outcome\" value=\"later\">Not now</button>\n</form>\n</html>\n"
    )
}

/// `GET /_stand_in/dashboards/{account}`
pub async fn dashboard(State(stand): Shared, Path(id): Path<String>) -> Response {
    let page = stand.read(|tables| {
        tables.get(&id).and_then(Account::of).filter(|account| !account.deleted)?;
        let line = |(currency, amount): (&String, &i64)| format!("<li>{}</li>\n", money::written(*amount, currency));
        let balances: String = tables.balances_of(Some(&id)).iter().map(line).collect();
        Some(format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Dashboard test page</title>\n\
             <h1>Dashboard test page</h1>\n<p>The balance of {id}:</p>\n<ul>\n{balances}</ul>\n</html>\n"
        ))
    });
    match page {
        Some(page) => Html(page).into_response(),
        None => (StatusCode::NOT_FOUND, "No such account.\n").into_response(),
    }
}
