//! `POST /v1/webhooks/stripe`.
//!
//! An event only says that something has changed: what it has changed to is read from Stripe. So events can come
//! late, twice and in any order, before our own call's answer too, and the result is the same.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use lectern_domain::id::{PaymentId, UserId};
use lectern_domain::payments::Payment;
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Raw, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::carry_out::{CarryOutError, carry_out_loaded, now};
use crate::services::{Payments, STRIPE, WEBHOOK_SECRET};
use crate::store::webhooks::Received;
use crate::store::{accounts, payments, webhooks};
use crate::stripe::signature::{self, SignatureError};

/// How often an account is read anew because somebody else was faster.
const TRIES_MAX: usize = 4;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("receive-stripe-webhook", Method::Post, "/v1/webhooks/stripe", receive_stripe_webhook)
        .summary("Hear from Stripe that something has changed")
        .needs(&[Need::Database, STRIPE, WEBHOOK_SECRET])
        .problems(&[&problem::BAD_SIGNATURE])
}

lectern_domain::words! {
    /// What became of an event.
    pub enum WebhookOutcome {
        /// What it tells of is saved.
        Applied = "applied",
        /// It was applied before.
        Duplicate = "duplicate",
        /// It is remembered, and there is nothing else to do.
        Noted = "noted",
        /// It is of no concern here.
        Ignored = "ignored",
    }
}

/// That it has been taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WebhookReceived {
    received: bool,
    outcome: WebhookOutcome,
}

/// The part of Stripe's event that we read.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    data: EventData,
}

#[derive(Debug, Deserialize)]
struct EventData {
    object: Value,
}

/// What an event's type means to us.
enum Concern {
    /// The intent of a payment has changed, or what is known of its charge.
    Intent,
    /// A tutor's account has changed.
    Account,
    /// The echo of a call of ours; kept for reconciliation.
    Echo,
    None,
}

fn concern(kind: &str) -> Concern {
    match kind {
        "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled"
        | "payment_intent.processing"
        // Stripe's fee is known now.
        | "charge.updated" => Concern::Intent,
        "account.updated" => Concern::Account,
        "charge.refunded" | "refund.created" | "refund.updated" | "refund.failed" | "transfer.created"
        | "transfer.updated" | "transfer.reversed" => Concern::Echo,
        _ => Concern::None,
    }
}

async fn receive_stripe_webhook(
    cx: Cx<Payments>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, Raw>,
) -> Result<Answer<WebhookReceived>, Problem> {
    let header = request.headers.get("stripe-signature").map(String::as_str);
    check_signature(&cx, header, &request.body.0).await?;
    let event: Event = serde_json::from_slice(&request.body.0).map_err(|e| {
        Problem::new(&problem::MALFORMED).detail("This is not an event of Stripe's.").cause(e)
    })?;
    let outcome = match concern(&event.kind) {
        Concern::None => WebhookOutcome::Ignored,
        concern => take(&cx, &event, &concern).await?,
    };
    tracing::info!(event = event.id, kind = event.kind, outcome = outcome.as_str(), "webhook");
    Ok(Answer::new(WebhookReceived { received: true, outcome }))
}

async fn check_signature(cx: &Cx<Payments>, header: Option<&str>, body: &[u8]) -> Result<(), Problem> {
    let mut checked = signature::verify(header, body, &secrets(cx).await?, cx.now());
    if checked == Err(SignatureError::Wrong) && may_ask_again(cx.now()) {
        // The secret may have been changed since this environment read it.
        cx.webhook_secret.forget().await;
        checked = signature::verify(header, body, &secrets(cx).await?, cx.now());
    }
    checked.map_err(|error| Problem::new(&problem::BAD_SIGNATURE).detail(format!("{error}.")).cause(error))
}

async fn secrets(cx: &Cx<Payments>) -> Result<String, Problem> {
    cx.webhook_secret.read().await.map_err(|fault| Problem::unavailable(fault.message))
}

/// At most once a minute: a forger must not make us read the parameter for each guess.
fn may_ask_again(now: Timestamp) -> bool {
    static ASKED_AT: AtomicI64 = AtomicI64::new(0);
    let (asked_at, now) = (ASKED_AT.load(Ordering::Relaxed), now.as_second());
    if now - asked_at < 60 {
        return false;
    }
    ASKED_AT.store(now, Ordering::Relaxed);
    true
}

async fn take(cx: &Cx<Payments>, event: &Event, concern: &Concern) -> Result<WebhookOutcome, Problem> {
    let metadata = &event.data.object["metadata"];
    let payment = metadata["payment_id"].as_str().and_then(|id| PaymentId::parse(id).ok());
    let only_noted = matches!(concern, Concern::Echo);
    let created_at = Timestamp::from_second(event.created).unwrap_or_else(|_| cx.now());
    let received = Received { id: &event.id, kind: &event.kind, payment, created_at, only_noted };
    if webhooks::take(&cx.base.db, &received, cx.now()).await? {
        return Ok(WebhookOutcome::Duplicate);
    }
    match concern {
        Concern::Intent => apply_intent(cx, event, payment).await,
        Concern::Account => apply_account(cx, event).await,
        Concern::Echo | Concern::None => Ok(WebhookOutcome::Noted),
    }
}

async fn apply_intent(
    cx: &Cx<Payments>,
    event: &Event,
    payment: Option<PaymentId>,
) -> Result<WebhookOutcome, Problem> {
    let object = &event.data.object;
    // A charge names its intent.
    let intent = if object["object"] == "charge" { &object["payment_intent"] } else { &object["id"] };
    let loaded = match payment {
        Some(id) => payments::by_id(&cx.base.db, id).await?,
        None => None,
    };
    let (Some(loaded), Some(intent)) = (loaded, intent.as_str()) else {
        return of_no_concern(cx, event).await;
    };
    let seen = cx.stripe.intent(intent).await?;
    let observe = |payment: &mut Payment, _: Option<&str>| payment.observe(&seen, now(cx));
    match carry_out_loaded(cx, loaded, Some(&event.id), observe).await {
        Ok(_) => Ok(WebhookOutcome::Applied),
        // An intent that names our payment but isn't its own: an orphan of an attempt that was given up.
        Err(CarryOutError::Payment(error)) => {
            tracing::error!(event = event.id, cause = %error, "an event about somebody else's intent");
            of_no_concern(cx, event).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn apply_account(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let object = &event.data.object;
    let Some(stripe_id) = object["id"].as_str() else { return of_no_concern(cx, event).await };
    let tutor = object["metadata"]["tutor_id"].as_str().and_then(|id| UserId::parse(id).ok());
    for _ in 0..TRIES_MAX {
        let account = accounts::by_stripe_id(&cx.base.db, stripe_id, tutor).await?;
        let Some(mut account) = account else { return of_no_concern(cx, event).await };
        // Read after the row: whoever saves last has seen the latest.
        let seen = cx.stripe.account(stripe_id).await?;
        let events = cx.seal(account.observe(&seen));
        let save = accounts::Save { events: &events, webhook: Some(&event.id), inbox: None };
        if accounts::update(&cx.base.db, &account, save, cx.now()).await? {
            cx.base.publish(&events).await;
            return Ok(WebhookOutcome::Applied);
        }
    }
    Err(CarryOutError::Contended.into())
}

async fn of_no_concern(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    webhooks::finish(&cx.base.db, &event.id, cx.now()).await?;
    Ok(WebhookOutcome::Ignored)
}
