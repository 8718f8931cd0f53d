//! The pages on which Stripe's customers pay and look after their subscriptions, with a choice of test cards in the
//! place of a card's number. A form answers with the way back, or with its page again and what went wrong.

use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Failure;
use crate::money;
use crate::objects::checkout::{self, Payer, Wish};
use crate::objects::subscription::AfterRetries;
use crate::objects::{CheckoutSession, Invoice, PortalSession, Resource, Subscription};
use crate::state::{Done, Origin, Outcome, Stand, Unit};

type Shared = State<Arc<Stand>>;

/// Cards that a page offers: name and words.
const CARDS: [(&str, &str); 6] = [
    ("pm_card_visa", "Visa, pays"),
    ("pm_card_mastercard", "Mastercard, pays"),
    ("pm_card_authenticationRequiredOnSetup", "Visa, the bank asks once who you are"),
    ("pm_card_chargeCustomerFail", "Visa, can be saved and is declined when charged"),
    ("pm_card_chargeDeclined", "Visa, is declined"),
    ("pm_card_chargeDeclinedInsufficientFunds", "Visa, has too little on it"),
];

/// What a form says.
#[derive(Deserialize)]
pub struct Filled {
    /// A test card.
    #[serde(default)]
    card: String,
    /// `failure`: the payer can't say who they are.
    #[serde(default)]
    authentication: String,
    /// On the portal: `cancel`, `resume`, `card` or `pay`.
    #[serde(default)]
    action: String,
}

impl Filled {
    fn payer(&self) -> Payer<'_> {
        let card = if self.card.is_empty() { CARDS[0].0 } else { &self.card };
        Payer { card, authenticates: self.authentication != "failure" }
    }
}

fn read<R: Resource>(stand: &Stand, id: &str) -> Option<R> {
    stand.read(|tables| tables.get(id).and_then(R::of).cloned())
}

/// Does what a page asks for: kept as a whole, or not at all.
fn work<T>(stand: &Stand, work: impl FnOnce(&mut Unit) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut result = Err(Failure::Internal);
    let kept = stand.work(Origin::default(), |unit| {
        result = work(unit);
        let done = Done { status: 200, body: String::new() };
        Outcome { done, keeps_changes: result.is_ok(), remember: None }
    });
    if let Err(error) = kept {
        tracing::error!(%error, "journal");
        return Err(Failure::Internal);
    }
    result
}

/// Stripe's words for what went wrong.
fn words(failure: &Failure) -> String {
    let body = failure.body();
    body["error"]["message"].as_str().unwrap_or("Something went wrong.").to_owned()
}

fn escaped(text: &str) -> String {
    let with = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(with).collect()
}

fn page(title: &str, body: &str, trouble: Option<&str>) -> String {
    let title = escaped(title);
    let trouble =
        trouble.map(|words| format!("<p role=\"alert\">{}</p>\n", escaped(words))).unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n\
         {trouble}{body}</html>\n"
    )
}

/// A choice of cards with its button.
fn cards(action: &str, button: &str) -> String {
    let option = |(name, words): &(&str, &str)| format!("<option value=\"{name}\">{words}</option>\n");
    format!(
        "<form method=\"post\">\n<input type=\"hidden\" name=\"action\" value=\"{action}\">\n<p><label>Test card\n\
         <select name=\"card\">\n{}</select></label></p>\n<p><label>If the bank asks who you are\n\
         <select name=\"authentication\">\n<option value=\"success\">say so</option>\n\
         <option value=\"failure\">fail</option>\n</select></label></p>\n<button>{button}</button>\n</form>\n",
        CARDS.iter().map(option).collect::<String>()
    )
}

fn button(action: &str, words: &str) -> String {
    format!("<form method=\"post\"><button name=\"action\" value=\"{action}\">{words}</button></form>\n")
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html(page("There is no such page", "", None))).into_response()
}

/// The page again, with what went wrong.
fn again(html: String) -> Response {
    (StatusCode::PAYMENT_REQUIRED, Html(html)).into_response()
}

/// `GET /_stand_in/checkout/{id}`
pub async fn checkout(State(stand): Shared, Path(id): Path<String>) -> Response {
    match read::<CheckoutSession>(&stand, &id) {
        Some(session) if session.status == "open" => Html(checkout_page(&session, None)).into_response(),
        Some(session) => {
            let title = format!("This page is {}", session.status);
            (StatusCode::GONE, Html(page(&title, "", None))).into_response()
        }
        None => not_found(),
    }
}

fn checkout_page(session: &CheckoutSession, trouble: Option<&str>) -> String {
    let currency = session.currency.as_deref().unwrap_or_default();
    let what = session.sold.as_ref().map(|sold| {
        format!("<p>{}: {}</p>\n", escaped(&sold.name), escaped(&money::written(sold.amount, currency)))
    });
    let back =
        session.cancel_url.as_deref().map(|url| format!("<p><a href=\"{}\">Back</a></p>\n", escaped(url)));
    let (title, verb) = match session.mode.as_str() {
        "subscription" => ("Subscribe", "Subscribe"),
        "setup" => ("Save a card", "Save"),
        _ => ("Pay", "Pay"),
    };
    let body = format!("{}{}{}", what.unwrap_or_default(), cards("pay", verb), back.unwrap_or_default());
    page(title, &body, trouble)
}

/// `POST /_stand_in/checkout/{id}`
pub async fn complete_checkout(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(filled): Form<Filled>,
) -> Response {
    let Some(session) = read::<CheckoutSession>(&stand, &id) else { return not_found() };
    match work(&stand, |unit| checkout::complete(unit, &id, &filled.payer())) {
        Ok(done) => {
            Redirect::to(&done.success_url.replace("{CHECKOUT_SESSION_ID}", &done.id)).into_response()
        }
        Err(failure) => again(checkout_page(&session, Some(&words(&failure)))),
    }
}

/// `GET /_stand_in/invoices/{id}`
pub async fn invoice(State(stand): Shared, Path(id): Path<String>) -> Response {
    match read::<Invoice>(&stand, &id) {
        Some(invoice) => Html(invoice_page(&invoice, None)).into_response(),
        None => not_found(),
    }
}

fn invoice_page(invoice: &Invoice, trouble: Option<&str>) -> String {
    let amount = escaped(&money::written(invoice.amount_due, &invoice.currency));
    let line = invoice.lines["data"][0]["description"].as_str().unwrap_or_default();
    let open = invoice.status == crate::objects::invoice::Status::Open;
    let form = if open { cards("pay", "Pay") } else { String::new() };
    let body = format!("<p>{}: {amount}, {}</p>\n{form}", escaped(line), invoice.status.word());
    page(&format!("Invoice {}", invoice.number.as_deref().unwrap_or_default()), &body, trouble)
}

/// `POST /_stand_in/invoices/{id}`
pub async fn pay_invoice(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(filled): Form<Filled>,
) -> Response {
    let Some(before) = read::<Invoice>(&stand, &id) else { return not_found() };
    match work(&stand, |unit| checkout::settle(unit, &id, &filled.payer())) {
        Ok(invoice) => Html(invoice_page(&invoice, None)).into_response(),
        Err(failure) => again(invoice_page(&before, Some(&words(&failure)))),
    }
}

fn portal_session(stand: &Stand, secret: &str) -> Option<PortalSession> {
    let now = crate::state::now();
    let of = |it: &&PortalSession| it.url.ends_with(&format!("/{secret}")) && it.expires_at > now;
    stand.read(|tables| tables.all::<PortalSession>().find(of).cloned())
}

/// `GET /_stand_in/portal/{secret}`
pub async fn portal(State(stand): Shared, Path(secret): Path<String>) -> Response {
    match portal_session(&stand, &secret) {
        Some(session) => Html(portal_page(&stand, &session, None)).into_response(),
        None => not_found(),
    }
}

fn portal_page(stand: &Stand, session: &PortalSession, trouble: Option<&str>) -> String {
    let of = |it: &&Subscription| it.customer == session.customer && !it.status.is_over();
    let all: Vec<_> = stand.read(|tables| tables.all::<Subscription>().filter(of).cloned().collect());
    let line = |it: &Subscription| {
        let amount = money::written(it.terms.amount, &it.currency);
        let ends =
            if it.cancel_at_period_end { button("resume", "Go on") } else { button("cancel", "Cancel") };
        format!("<p>{}, every {}: {}</p>\n{ends}", escaped(&amount), it.terms.interval, it.status.word())
    };
    let back =
        session.return_url.as_deref().map(|url| format!("<p><a href=\"{}\">Back</a></p>\n", escaped(url)));
    let body = format!(
        "{}{}{}{}",
        all.iter().map(line).collect::<String>(),
        button("pay", "Pay what is open"),
        cards("card", "Change the card"),
        back.unwrap_or_default()
    );
    page("Your subscription", &body, trouble)
}

/// `POST /_stand_in/portal/{secret}`
pub async fn look_after(
    State(stand): Shared,
    Path(secret): Path<String>,
    Form(filled): Form<Filled>,
) -> Response {
    let Some(session) = portal_session(&stand, &secret) else { return not_found() };
    let wish = match filled.action.as_str() {
        "cancel" => Wish::Cancel,
        "resume" => Wish::Resume,
        "card" => Wish::Card(filled.payer()),
        "pay" => Wish::Settle,
        _ => return again(portal_page(&stand, &session, Some("Choose what to do."))),
    };
    match work(&stand, |unit| checkout::look_after(unit, &secret, &wish)) {
        Ok(session) => match &session.return_url {
            Some(url) => Redirect::to(url).into_response(),
            None => Html(portal_page(&stand, &session, None)).into_response(),
        },
        Err(failure) => again(portal_page(&stand, &session, Some(&words(&failure)))),
    }
}

/// What becomes of a subscription in the end.
#[derive(Deserialize)]
pub struct Ending {
    outcome: AfterRetries,
}

/// `POST /_stand_in/subscriptions/{id}/after_retries`: Stripe keeps it among the account's settings.
pub async fn after_retries(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(ending): Form<Ending>,
) -> Response {
    super::admin::change(&stand, |unit| {
        let mut subscription: Subscription = unit.named(&[&id])?;
        subscription.after_retries = ending.outcome;
        unit.put(subscription.clone());
        Ok(subscription)
    })
}

/// `POST /_stand_in/subscriptions/{id}/renew`: the next period begins now.
pub async fn renew(State(stand): Shared, Path(id): Path<String>) -> Response {
    super::admin::change(&stand, |unit| {
        let subscription: Subscription = unit.named(&[&id])?;
        crate::objects::billing::renew_now(unit, subscription);
        unit.named::<Subscription>(&[&id])
    })
}

/// `POST /_stand_in/subscriptions/{id}/end`: it is over, as after the last retry.
pub async fn end(State(stand): Shared, Path(id): Path<String>) -> Response {
    super::admin::change(&stand, |unit| {
        let subscription: Subscription = unit.named(&[&id])?;
        Ok(crate::objects::billing::end(unit, subscription, "payment_failed"))
    })
}

/// What is due by the real time, every second: renewals, pages that expire.
pub async fn keep_time(stand: Arc<Stand>) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        ticks.tick().await;
        let done = work(&stand, |unit| {
            crate::objects::billing::run(unit);
            Ok(Value::Null)
        });
        if let Err(failure) = done {
            tracing::error!(?failure, "what is due by the time could not be done");
        }
    }
}
