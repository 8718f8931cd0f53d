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
use crate::stripe::Secret;
use crate::stripe::signature::{self, SignatureError};
use crate::{follow_billing, follow_disputes};

/// How often an account is read anew because somebody else was faster.
pub(crate) const TRIES_MAX: usize = 4;

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

impl WebhookReceived {
    /// With what became of it.
    pub(crate) fn of(outcome: WebhookOutcome) -> Self {
        Self { received: true, outcome }
    }
}

/// The part of Stripe's event that we read.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub created: i64,
    pub data: EventData,
    /// The connected account that it is about.
    #[serde(default)]
    pub account: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventData {
    pub object: Value,
    #[serde(default)]
    pub previous_attributes: serde_json::Map<String, Value>,
}

/// What an event's type means to us.
enum Concern {
    /// The intent of a payment has changed, or what is known of its charge.
    Intent,
    /// A tutor's account has changed.
    Account,
    /// A customer's cards have changed.
    Cards,
    /// A subscription has changed, one of its invoices, or the page on which it is paid first.
    Billing,
    /// Something was given back: of a payment it is the echo of a call of ours, of an invoice it was done by hand.
    GivenBack,
    /// A payer has complained to their bank, or the bank has done something about it.
    Dispute,
    /// A refund has succeeded or failed.
    Refund,
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
        "charge.refunded" => Concern::GivenBack,
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => Concern::Refund,
        "transfer.created" | "transfer.updated" | "transfer.reversed" => Concern::Echo,
        "setup_intent.succeeded" | "payment_method.attached" | "payment_method.detached" => Concern::Cards,
        "checkout.session.completed" | "checkout.session.expired" => Concern::Billing,
        _ if kind.starts_with("customer.subscription.") || kind.starts_with("invoice.") => Concern::Billing,
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => Concern::Dispute,
        _ => Concern::None,
    }
}

async fn receive_stripe_webhook(
    cx: Cx<Payments>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, Raw>,
) -> Result<Answer<WebhookReceived>, Problem> {
    let event = read_event(&cx, &cx.webhook_secret, &request).await?;
    let outcome = match concern(&event.kind) {
        Concern::None => WebhookOutcome::Ignored,
        concern => take(&cx, &event, &concern).await?,
    };
    tracing::info!(event = event.id, kind = event.kind, outcome = outcome.as_str(), "webhook");
    Ok(Answer::new(WebhookReceived::of(outcome)))
}

/// The event of a request, if it comes from Stripe: signed with one of the secrets.
pub(crate) async fn read_event(
    cx: &Cx<Payments>,
    secret: &Secret,
    request: &Request<Nothing, Nothing, Raw>,
) -> Result<Event, Problem> {
    let header = request.headers.get("stripe-signature").map(String::as_str);
    check_signature(cx, secret, header, &request.body.0).await?;
    serde_json::from_slice(&request.body.0)
        .map_err(|e| Problem::new(&problem::MALFORMED).detail("This is not an event of Stripe's.").cause(e))
}

async fn check_signature(
    cx: &Cx<Payments>,
    secret: &Secret,
    header: Option<&str>,
    body: &[u8],
) -> Result<(), Problem> {
    let mut checked = signature::verify(header, body, &secrets(secret).await?, cx.now());
    if checked == Err(SignatureError::Wrong) && may_ask_again(cx.now()) {
        // The secret may have been changed since this environment read it.
        secret.forget().await;
        checked = signature::verify(header, body, &secrets(secret).await?, cx.now());
    }
    checked.map_err(|error| Problem::new(&problem::BAD_SIGNATURE).detail(format!("{error}.")).cause(error))
}

async fn secrets(secret: &Secret) -> Result<String, Problem> {
    secret.read().await.map_err(|fault| Problem::unavailable(fault.message))
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
        Concern::Cards => follow_billing::apply_cards(cx, event).await,
        Concern::Billing | Concern::GivenBack => follow_billing::apply_billing(cx, event).await,
        Concern::Dispute => follow_disputes::apply_dispute(cx, event).await,
        // Of a subscription's invoice, when it names no payment.
        Concern::Refund if payment.is_none() => follow_billing::apply_billing(cx, event).await,
        Concern::Refund => follow_disputes::apply_refund(cx, event, payment).await,
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

/// Remembers an event; `false` when its effect was had already.
pub(crate) async fn take_once(cx: &Cx<Payments>, event: &Event) -> Result<bool, Problem> {
    let created_at = Timestamp::from_second(event.created).unwrap_or_else(|_| cx.now());
    let (id, kind) = (event.id.as_str(), event.kind.as_str());
    let received = Received { id, kind, payment: None, created_at, only_noted: false };
    Ok(!webhooks::take(&cx.base.db, &received, cx.now()).await?)
}

/// A tutor's account has changed.
pub(crate) async fn apply_account(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let object = &event.data.object;
    let Some(stripe_id) = object["id"].as_str() else { return of_no_concern(cx, event).await };
    let tutor = object["metadata"]["tutor_id"].as_str().and_then(|id| UserId::parse(id).ok());
    for _ in 0..TRIES_MAX {
        let account = accounts::by_stripe_id(&cx.base.db, stripe_id, tutor).await?;
        // Of an account that we were cut off from Stripe tells us nothing.
        let Some(mut account) = account.filter(|account| !account.cut_off) else {
            return of_no_concern(cx, event).await;
        };
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

/// There is nothing here that the event could have an effect on.
pub(crate) async fn of_no_concern(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    webhooks::finish(&cx.base.db, &event.id, cx.now()).await?;
    Ok(WebhookOutcome::Ignored)
}
