//! The admin routes: what a test or an operator does that Stripe's users can't.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pages;
use crate::error::Failure;
use crate::faults::Fault;
use crate::objects::{
    Account, BalanceTransaction, Charge, Dispute, Event, PaymentIntent, Payout, Refund, Resource, Transfer,
    TransferReversal, confirmation, dispute, refund,
};
use crate::render;
use crate::state::{Done, Origin, Outcome, Stand, Tables, Unit};
use crate::webhooks;

type Shared = State<Arc<Stand>>;

pub(super) fn json(value: &Value) -> Response {
    axum::Json(value).into_response()
}

pub(super) fn refused(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(failure.body())).into_response()
}

fn failed(error: &io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("journal: {error}\n")).into_response()
}

/// Changes objects outside the API.
pub(super) fn change<R: Resource>(
    stand: &Stand,
    work: impl FnOnce(&mut Unit) -> Result<R, Failure>,
) -> Response {
    let result = stand.work(Origin::default(), |unit| {
        let (status, body, keeps_changes) = match work(unit) {
            Ok(it) => (200, render::object(&it.into()), true),
            Err(failure) => (failure.status(), failure.body(), false),
        };
        Outcome { done: Done { status, body: body.to_string() }, keeps_changes, remember: None }
    });
    match result {
        Ok(Done { status, body }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [("content-type", "application/json")], body).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// `GET /_stand_in/health`
pub async fn health() -> Response {
    json(&json!({ "status": "ok", "api_version": crate::API_VERSION }))
}

/// `POST /_stand_in/reset` forgets everything: objects, keys, events, faults.
pub async fn reset(State(stand): Shared) -> Response {
    match stand.reset() {
        Ok(()) => json(&json!({ "reset": true })),
        Err(error) => failed(&error),
    }
}

/// `GET /_stand_in/violations`: what was not as Stripe's contract says, see [`crate::check`].
pub async fn violations(State(stand): Shared) -> Response {
    json(&json!({ "violations": stand.check.violations() }))
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

/// `POST /_stand_in/payment_intents/{id}/complete_action`
pub async fn complete_action(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(form): Form<Action>,
) -> Response {
    let return_url = stand.read(|tables| {
        let intent = tables.get(&id).and_then(PaymentIntent::of)?;
        let url = intent.next_action.as_ref()?["redirect_to_url"]["return_url"].as_str()?;
        Some(pages::with_intent(url, intent))
    });
    let response = match form.outcome.as_str() {
        "" | "success" => change(&stand, |unit| confirmation::complete_action(unit, &id, true)),
        "failure" => change(&stand, |unit| confirmation::complete_action(unit, &id, false)),
        _ => {
            let message = "Invalid outcome: must be one of success or failure";
            refused(&Failure::invalid("outcome", message))
        }
    };
    match return_url {
        Some(url) if form.page && response.status().is_success() => Redirect::to(&url).into_response(),
        _ => response,
    }
}

/// Against which charge, why and how much; the whole of what is left of it unless said otherwise.
#[derive(Deserialize)]
pub struct Complaint {
    charge: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    amount: Option<i64>,
    #[serde(default)]
    inquiry: bool,
}

/// `POST /_stand_in/disputes`
pub async fn open_dispute(State(stand): Shared, Form(form): Form<Complaint>) -> Response {
    let reason = if form.reason.is_empty() { "fraudulent" } else { form.reason.as_str() };
    change(&stand, |unit| dispute::open(unit, &form.charge, reason, form.amount, form.inquiry))
}

/// What the bank says.
#[derive(Deserialize)]
pub struct Verdict {
    /// `won`, `lost`, or `escalated` of an inquiry.
    outcome: String,
}

/// `POST /_stand_in/disputes/{id}/decide`
pub async fn decide_dispute(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(form): Form<Verdict>,
) -> Response {
    change(&stand, |unit| dispute::decide(unit, &id, &form.outcome))
}

/// Why the payer's bank sent the money back.
#[derive(Deserialize)]
pub struct RefundFailure {
    #[serde(default)]
    reason: String,
}

/// `POST /_stand_in/refunds/{id}/fail`
pub async fn fail_refund(
    State(stand): Shared,
    Path(id): Path<String>,
    Form(form): Form<RefundFailure>,
) -> Response {
    let reason = if form.reason.is_empty() { "expired_or_canceled_card" } else { form.reason.as_str() };
    change(&stand, |unit| refund::fail(unit, &id, reason))
}

/// `GET /_stand_in/faults`
pub async fn faults(State(stand): Shared) -> Response {
    json(&json!({ "faults": stand.faults.all() }))
}

/// `POST /_stand_in/faults`, see [`Fault`].
pub async fn add_fault(State(stand): Shared, Form(fault): Form<Fault>) -> Response {
    stand.faults.add(fault);
    json(&json!({ "faults": stand.faults.all() }))
}

/// `DELETE /_stand_in/faults`
pub async fn clear_faults(State(stand): Shared) -> Response {
    stand.faults.clear();
    json(&json!({ "faults": [] }))
}

/// `GET /_stand_in/webhooks`
pub async fn webhooks(State(stand): Shared) -> Response {
    json(&stand.deliveries.summary())
}

/// Where events go.
#[derive(Deserialize)]
pub struct Endpoint {
    #[serde(default)]
    url: Option<String>,
    /// Of events of connected accounts.
    #[serde(default)]
    connect_url: Option<String>,
}

/// `POST /_stand_in/webhooks/endpoint` sends events elsewhere until the next start.
pub async fn set_endpoint(State(stand): Shared, Form(form): Form<Endpoint>) -> Response {
    stand.deliveries.set_endpoints(form.url, form.connect_url);
    json(&stand.deliveries.summary())
}

/// `POST /_stand_in/webhooks/hold`
pub async fn hold(State(stand): Shared) -> Response {
    stand.deliveries.hold();
    json(&stand.deliveries.summary())
}

/// `GET /_stand_in/events`: every event, of the platform and of connected accounts, oldest first.
pub async fn events(State(stand): Shared) -> Response {
    json(&stand.read(|tables| {
        tables.all::<Event>().map(|event| render::object(&event.clone().into())).collect::<Value>()
    }))
}

/// In which order.
#[derive(Deserialize)]
pub struct Release {
    /// `created` (default) or `reverse`.
    #[serde(default)]
    order: String,
}

/// `POST /_stand_in/webhooks/release` answers when all that waited was sent once, one after the other.
pub async fn release(State(stand): Shared, Form(form): Form<Release>) -> Response {
    let deliveries = webhooks::release(&stand, form.order == "reverse").await;
    json(&json!({ "deliveries": deliveries }))
}

/// Which event, how often, and how long ago it claims to be signed.
#[derive(Deserialize)]
pub struct Deliver {
    /// An event's id, or a type, which means the latest of that type.
    event: String,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    age_seconds: i64,
}

fn once() -> u32 {
    1
}

/// `POST /_stand_in/webhooks/deliver` sends an event (again), held or not.
pub async fn deliver(State(stand): Shared, Form(form): Form<Deliver>) -> Response {
    let wanted = &form.event;
    let event = stand.read(|tables| {
        tables.all::<Event>().rev().find(|it| it.id == *wanted || it.kind == *wanted).map(|it| it.id.clone())
    });
    let Some(event) = event else {
        return refused(&Failure::NoSuch { what: "event", id: form.event, param: "event", in_path: true });
    };
    let mut deliveries = Vec::new();
    for _ in 0..form.times {
        deliveries.push(webhooks::deliver(&stand, &event, form.age_seconds).await);
    }
    json(&json!({ "deliveries": deliveries }))
}

/// Whether all objects are wanted, too.
#[derive(Deserialize)]
pub struct Dump {
    #[serde(default)]
    objects: bool,
}

/// `GET /_stand_in/state`: the balance and what it is made of, by currency, to be compared with somebody's books.
pub async fn state(State(stand): Shared, Query(query): Query<Dump>) -> Response {
    let mut dump = stand.read(|tables| {
        let mut dump = json!({
            "balances": tables.balances(),
            "totals": totals(tables),
            "accounts": accounts(tables),
            "payment_intents": statuses(tables),
            "events": {
                "total": tables.all::<Event>().count(),
                "pending": tables.all::<Event>().filter(|event| event.pending_webhooks > 0).count(),
            },
        });
        if query.objects {
            dump["objects"] = tables.everything().map(render::object).collect();
        }
        dump
    });
    dump["webhooks"] = stand.deliveries.summary();
    json(&dump)
}

fn totals(tables: &Tables) -> Value {
    let mut totals: BTreeMap<String, BTreeMap<&str, i64>> = BTreeMap::new();
    let mut add = |currency: &str, name: &'static str, amount: i64| {
        *totals.entry(currency.to_owned()).or_default().entry(name).or_default() += amount;
    };
    for dispute in tables.all::<Dispute>() {
        add(&dispute.currency, "disputed", dispute.held());
    }
    for charge in tables.all::<Charge>().filter(|charge| charge.paid) {
        add(&charge.currency, "charged", charge.amount_captured);
    }
    for movement in tables.all::<BalanceTransaction>() {
        add(&movement.currency, "fees", movement.fee);
    }
    for refund in tables.all::<Refund>().filter(|refund| refund.status != "failed") {
        add(&refund.currency, "refunded", refund.amount);
    }
    for transfer in tables.all::<Transfer>() {
        add(&transfer.currency, "transferred", transfer.amount);
    }
    for reversal in tables.all::<TransferReversal>() {
        add(&reversal.currency, "reversed", reversal.amount);
    }
    for payout in tables.all::<Payout>().filter(|it| !["failed", "canceled"].contains(&it.status.as_str())) {
        add(&payout.currency, "paid_out", payout.amount);
    }
    let names = ["charged", "fees", "refunded", "transferred", "reversed", "paid_out", "disputed"];
    for sums in totals.values_mut() {
        for name in names {
            sums.entry(name).or_default();
        }
    }
    json!(totals)
}

/// What each connected account holds by currency: what was transferred to it and neither taken back nor paid out.
fn accounts(tables: &Tables) -> Value {
    let mut accounts = Map::new();
    for account in tables.all::<Account>() {
        let shown = json!({
            "metadata": account.metadata,
            "transfers": account.capabilities.get("transfers"),
            "payouts_enabled": account.payouts_enabled,
            "balances": tables.balances_of(Some(&account.id)),
        });
        accounts.insert(account.id.clone(), shown);
    }
    Value::Object(accounts)
}

fn statuses(tables: &Tables) -> Value {
    let mut statuses: BTreeMap<&str, i64> = BTreeMap::new();
    for intent in tables.all::<PaymentIntent>() {
        *statuses.entry(intent.status.word()).or_default() += 1;
    }
    json!(statuses)
}
