use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Delivery, Stripe, WEBHOOK_SECRET, Webhook, id, kinds};

fn has(kind: &str) -> impl Fn(&[Delivery]) -> bool {
    move |all| kinds(all).iter().any(|seen| seen == kind)
}

fn sorted(mut kinds: Vec<String>) -> Vec<String> {
    kinds.sort();
    kinds
}

#[tokio::test]
async fn a_payment_tells_its_whole_story_with_each_object_as_it_was_then() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    let intent = stripe.intent(4500).await;
    stripe.confirm(&intent, "pm_card_chargeDeclined").await.refused(402, "card_declined");
    stripe.confirm(&intent, "pm_card_visa").await.ok();
    let all = webhook.wait_for(|all| all.len() >= 6).await;
    let expected = [
        "charge.failed",
        "charge.succeeded",
        "charge.updated",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ];
    assert_eq!(sorted(kinds(&all)), expected);
    let of = |kind: &str| all.iter().map(Delivery::event).find(|event| event["type"] == kind).unwrap();
    let created = of("payment_intent.created");
    assert_eq!(created["data"]["object"]["status"], "requires_payment_method");
    assert_eq!(created["object"], "event");
    assert!(created["request"]["id"].as_str().unwrap().starts_with("req_"));
    assert_eq!(
        of("payment_intent.payment_failed")["data"]["object"]["last_payment_error"]["code"],
        "card_declined"
    );
    let updated = of("charge.updated");
    assert_eq!(updated["data"]["previous_attributes"], json!({ "balance_transaction": null }));
    let kept = stripe.get(&format!("/v1/events/{}", id(&updated)), &[]).await.ok();
    assert_eq!(kept["data"], updated["data"]);
}

#[tokio::test]
async fn money_that_leaves_and_accounts_that_change_are_told() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    let account = stripe.ready_account().await;
    let intent = stripe.paid(4500).await;
    stripe.post("/v1/refunds", &[("payment_intent", id(&intent)), ("amount", "100")]).await.ok();
    let params = [("amount", "1000"), ("currency", "usd"), ("destination", id(&account))];
    let transfer = stripe.post("/v1/transfers", &params).await.ok();
    stripe.post(&format!("/v1/transfers/{}/reversals", id(&transfer)), &[]).await.ok();
    let other = stripe.intent(1000).await;
    stripe.post(&format!("/v1/payment_intents/{}/cancel", id(&other)), &[]).await.ok();

    for kind in [
        "refund.created",
        "charge.refunded",
        "transfer.created",
        "transfer.reversed",
        "payment_intent.canceled",
    ] {
        webhook.wait_for(has(kind)).await;
    }
    let all = webhook.wait_for(has("account.updated")).await;
    let events: Vec<Value> = all.iter().map(Delivery::event).collect();
    let updated = events.iter().find(|event| event["type"] == "account.updated").unwrap();
    assert_eq!(updated["account"], account["id"]);
    assert_eq!(updated["data"]["previous_attributes"]["payouts_enabled"], false);
    assert_eq!(updated["data"]["previous_attributes"]["capabilities"], json!({ "transfers": "inactive" }));
}

#[tokio::test]
async fn deliveries_are_signed_as_stripe_signs() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    stripe.intent(1000).await;
    let all = webhook.wait_for(|all| !all.is_empty()).await;
    let (time, signature) = all[0].signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", all[0].body).as_bytes());
    assert_eq!(signature, hex::encode(mac.finalize().into_bytes()));
}

#[tokio::test]
async fn an_event_is_delivered_again_until_it_is_taken() {
    let webhook = Webhook::start(3).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    stripe.intent(1000).await;
    let all = webhook.wait_for(|all| all.len() == 4).await;
    assert!(all.iter().all(|delivery| delivery.body == all[0].body));
    // The fourth was taken: nothing is left to deliver once the stand-in has noticed.
    let held = stripe.post("/_stand_in/webhooks/hold", &[]).await.ok();
    assert_eq!(held["held"], true);
    let released = stripe.post("/_stand_in/webhooks/release", &[]).await.ok();
    assert_eq!(released["deliveries"], json!([]));
    assert_eq!(webhook.so_far().len(), 4);
}

#[tokio::test]
async fn held_events_wait_and_are_released_in_reverse_order() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    stripe.post("/_stand_in/webhooks/hold", &[]).await.ok();
    stripe.paid(1000).await;
    assert_eq!(stripe.get("/_stand_in/webhooks", &[]).await.ok()["pending"], 4);
    assert!(webhook.so_far().is_empty());
    stripe.post("/_stand_in/webhooks/release", &[("order", "reverse")]).await.ok();
    let expected =
        ["charge.updated", "payment_intent.succeeded", "charge.succeeded", "payment_intent.created"];
    assert_eq!(kinds(&webhook.so_far()), expected);
    assert_eq!(stripe.get("/_stand_in/webhooks", &[]).await.ok()["pending"], 0);
}

#[tokio::test]
async fn an_event_is_duplicated_on_request_and_may_claim_to_be_old() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    stripe.intent(1000).await;
    let first = webhook.wait_for(|all| all.len() == 1).await[0].clone();
    let params = [("event", "payment_intent.created"), ("times", "2"), ("age_seconds", "600")];
    let sent = stripe.post("/_stand_in/webhooks/deliver", &params).await.ok();
    assert_eq!(sent["deliveries"].as_array().unwrap().len(), 2);
    let all = webhook.so_far();
    assert_eq!(all.len(), 3);
    assert_eq!(all[1].event()["id"], first.event()["id"]);
    let time = |delivery: &Delivery| delivery.signature[2..12].parse::<i64>().unwrap();
    assert!(time(&all[2]) <= time(&first) - 590);
    let unknown = stripe.post("/_stand_in/webhooks/deliver", &[("event", "evt_x")]).await;
    unknown.refused(404, "resource_missing");
}

#[tokio::test]
async fn a_dead_webhook_never_delays_the_api_and_gets_everything_later() {
    let stripe = Stripe::start_with(None).await;
    let intent = stripe.paid(1000).await;
    assert_eq!(intent["status"], "succeeded");
    let pending = stripe.get("/v1/events", &[("delivery_success", "false")]).await.ok();
    assert_eq!(pending["data"].as_array().unwrap().len(), 4);
    let webhook = Webhook::start(0).await;
    stripe.post("/_stand_in/webhooks/endpoint", &[("url", webhook.url.as_str())]).await.ok();
    webhook.wait_for(|all| all.len() == 4).await;
}

#[tokio::test]
async fn events_are_listed_by_type() {
    let stripe = Stripe::start().await;
    stripe.paid(1000).await;
    let list = stripe.get("/v1/events", &[("type", "charge.*")]).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let list = stripe.get("/v1/events", &[("types[]", "payment_intent.succeeded")]).await.ok();
    assert_eq!(list["data"][0]["type"], "payment_intent.succeeded");
}
