use lectern_stripe_stand_in::webhooks::signature_header;

use crate::support::{Stripe, Webhook, id, kinds};

/// An endpoint for these events, as it was made: with its secret.
async fn endpoint(stripe: &Stripe, webhook: &Webhook, more: &[(&str, &str)]) -> serde_json::Value {
    let params = [&[("url", webhook.url.as_str())][..], more].concat();
    stripe.post("/v1/webhook_endpoints", &params).await.ok()
}

fn is_signed_by(secret: &str, delivery: &crate::support::Delivery) -> bool {
    let at = delivery.signature.split(',').next().unwrap().trim_start_matches("t=").parse().unwrap();
    signature_header(secret, at, &delivery.body) == delivery.signature
}

#[tokio::test]
async fn an_endpoint_shows_its_secret_once_and_signs_with_it_what_it_wants() {
    let (configured, other) = (Webhook::start(0).await, Webhook::start(0).await);
    let stripe = Stripe::start_with(Some(configured.url.clone())).await;
    let wanted = [("enabled_events[]", "payment_intent.succeeded"), ("enabled_events[]", "refund.created")];
    let made = endpoint(&stripe, &other, &wanted).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/webhook_endpoints/{}", id(&made));
    assert!(stripe.get(&path, &[]).await.ok().get("secret").is_none());

    let intent = stripe.paid(1000).await;
    stripe.post("/v1/refunds", &[("payment_intent", id(&intent))]).await.ok();
    let deliveries = other.wait_for(|all| all.len() == 2).await;
    let mut told = kinds(&deliveries);
    told.sort();
    assert_eq!(told, ["payment_intent.succeeded", "refund.created"]);
    assert!(deliveries.iter().all(|delivery| is_signed_by(secret, delivery)));
    configured.wait_for(|all| kinds(all).contains(&"charge.refunded".to_owned())).await;
}

#[tokio::test]
async fn an_event_waits_for_each_endpoint_by_itself() {
    let (configured, other) = (Webhook::start(0).await, Webhook::start(2).await);
    let stripe = Stripe::start_with(Some(configured.url.clone())).await;
    endpoint(&stripe, &other, &[("enabled_events[]", "payment_intent.created")]).await;
    stripe.post("/_stand_in/webhooks/hold", &[]).await.ok();
    stripe.intent(1000).await;
    let events = stripe.get("/v1/events", &[("type", "payment_intent.created")]).await.ok();
    assert_eq!(events["data"][0]["pending_webhooks"], 2);
    stripe.post("/_stand_in/webhooks/release", &[]).await.ok();
    other.wait_for(|all| all.len() == 3).await;
    assert_eq!(configured.so_far().len(), 1, "who has taken it isn't asked again");
    let taken = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            tick.tick().await;
            let events = stripe.get("/v1/events", &[("delivery_success", "true")]).await.ok();
            if events["data"].as_array().unwrap().len() == 1 {
                return;
            }
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, taken).await.expect("it is taken in time");
}

#[tokio::test]
async fn an_endpoint_for_connected_accounts_gets_theirs_only() {
    let other = Webhook::start(0).await;
    let stripe = Stripe::start().await;
    endpoint(&stripe, &other, &[("enabled_events[]", "*"), ("connect", "true")]).await;
    stripe.intent(1000).await;
    stripe.ready_account().await;
    let deliveries = other.wait_for(|all| !all.is_empty()).await;
    assert!(deliveries.iter().all(|delivery| delivery.event()["account"].is_string()));
}

#[tokio::test]
async fn a_disabled_or_deleted_endpoint_is_sent_nothing_more() {
    let other = Webhook::start(0).await;
    let stripe = Stripe::start().await;
    let made = endpoint(&stripe, &other, &[("enabled_events[]", "*")]).await;
    let path = format!("/v1/webhook_endpoints/{}", id(&made));
    assert_eq!(stripe.post(&path, &[("disabled", "true")]).await.ok()["status"], "disabled");
    let intent = stripe.intent(1000).await;
    stripe.post(&path, &[("disabled", "false"), ("enabled_events[]", "payment_intent.canceled")]).await.ok();
    stripe.post(&format!("/v1/payment_intents/{}/cancel", id(&intent)), &[]).await.ok();
    assert_eq!(kinds(&other.wait_for(|all| !all.is_empty()).await), ["payment_intent.canceled"]);
    assert_eq!(stripe.delete(&path).await.ok()["deleted"], true);
    stripe.get(&path, &[]).await.refused(404, "resource_missing");
    assert_eq!(stripe.get("/v1/webhook_endpoints", &[]).await.ok()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn what_is_no_address_or_no_event_is_refused_and_so_is_the_seventeenth() {
    let stripe = Stripe::start().await;
    let post = |url: &'static str, kind: &'static str| {
        let stripe = &stripe;
        async move { stripe.post("/v1/webhook_endpoints", &[("url", url), ("enabled_events[]", kind)]).await }
    };
    post("example.com", "*").await.refused(400, "url_invalid");
    post("https://example.com", "everything").await.refused(400, "");
    let missing = stripe.post("/v1/webhook_endpoints", &[("url", "https://example.com")]).await;
    assert_eq!(missing.refused(400, "parameter_missing")["param"], "enabled_events");
    for _ in 0..16 {
        post("https://example.com", "*").await.ok();
    }
    post("https://example.com", "*").await.refused(400, "resource_limit_exceeded");
}
