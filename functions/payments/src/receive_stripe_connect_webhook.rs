//! `POST /v1/webhooks/stripe-connect`: what happens to tutors' own accounts.
//!
//! Stripe sends it to an endpoint of its own, with a secret of its own. As with the platform's events, an event only
//! says that something has changed; what it has changed to is read from Stripe.

use lectern_domain::id::PayoutId;
use lectern_domain::payments::PayoutAccount;
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Raw, Request, UseCase, problem};

use crate::carry_out::{CarryOutError, now};
use crate::carry_out_payout::published;
use crate::receive_stripe_webhook::{
    Event, TRIES_MAX, WebhookOutcome, WebhookReceived, apply_account, of_no_concern, read_event, take_once,
};
use crate::services::{CONNECT_WEBHOOK_SECRET, Payments, STRIPE};
use crate::store::{accounts, payouts};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    let (name, path) = ("receive-stripe-connect-webhook", "/v1/webhooks/stripe-connect");
    UseCase::http(name, Method::Post, path, receive_stripe_connect_webhook)
        .summary("Hear from Stripe that something has changed in a tutor's account")
        .needs(&[Need::Database, STRIPE, CONNECT_WEBHOOK_SECRET])
        .problems(&[&problem::BAD_SIGNATURE])
}

async fn receive_stripe_connect_webhook(
    cx: Cx<Payments>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, Raw>,
) -> Result<Answer<WebhookReceived>, Problem> {
    let event = read_event(&cx, &cx.connect_webhook_secret, &request).await?;
    let is_of_payout = event.kind.split_once('.').is_some_and(|(noun, _)| noun == "payout");
    let outcome = if is_of_payout || event.kind.starts_with("account.") {
        take(&cx, &event, is_of_payout).await?
    } else {
        WebhookOutcome::Ignored
    };
    tracing::info!(event = event.id, kind = event.kind, outcome = outcome.as_str(), "webhook");
    Ok(Answer::new(WebhookReceived::of(outcome)))
}

async fn take(cx: &Cx<Payments>, event: &Event, is_of_payout: bool) -> Result<WebhookOutcome, Problem> {
    if !take_once(cx, event).await? {
        return Ok(WebhookOutcome::Duplicate);
    }
    match event.kind.as_str() {
        _ if is_of_payout => apply_payout(cx, event).await,
        "account.updated" => apply_account(cx, event).await,
        "account.application.deauthorized" => cut_off(cx, event).await,
        _ => of_no_concern(cx, event).await,
    }
}

/// A payout of ours has moved. One that somebody made by hand is of no concern here: reconciliation finds it.
async fn apply_payout(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let object = &event.data.object;
    let ours = object["metadata"]["payout_id"].as_str().and_then(|id| PayoutId::parse(id).ok());
    let (Some(id), Some(stripe_id)) = (ours, object["id"].as_str()) else {
        return of_no_concern(cx, event).await;
    };
    for _ in 0..TRIES_MAX {
        let payout = payouts::by_id(&cx.base.db, id).await?;
        let Some(mut payout) = payout.filter(|it| event.account.as_ref() == Some(&it.stripe_account_id))
        else {
            return of_no_concern(cx, event).await;
        };
        // Read after the row: whoever saves last has seen the latest.
        let seen = cx.connect.payout(&payout.stripe_account_id, stripe_id).await?;
        let changes = match payout.observe(&seen, now(cx)) {
            Ok(changes) => changes,
            Err(error) => {
                tracing::error!(event = event.id, cause = %error, "an event about somebody else's payout");
                return of_no_concern(cx, event).await;
            }
        };
        let save = payouts::Save::new(cx, &payout, changes, Some(&event.id));
        if payouts::update(&cx.base.db, &payout, &save).await? {
            published(cx, &payout, &save).await;
            return Ok(WebhookOutcome::Applied);
        }
    }
    Err(CarryOutError::Contended.into())
}

/// The owner has cut us off. Stripe can't be asked about the account any more.
async fn cut_off(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let Some(stripe_id) = event.account.as_deref() else { return of_no_concern(cx, event).await };
    for _ in 0..TRIES_MAX {
        let account = accounts::by_stripe_id(&cx.base.db, stripe_id, None).await?;
        let Some(mut account) = account else { return of_no_concern(cx, event).await };
        PayoutAccount::cut_off(&mut account);
        let save = accounts::Save { webhook: Some(&event.id), ..accounts::Save::default() };
        if accounts::update(&cx.base.db, &account, save, cx.now()).await? {
            tracing::warn!(tutor = %account.tutor_id, "a tutor has cut us off from the account");
            return Ok(WebhookOutcome::Applied);
        }
    }
    Err(CarryOutError::Contended.into())
}
