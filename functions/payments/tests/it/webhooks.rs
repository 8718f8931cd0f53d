//! What Stripe tells us: signed, once, and in any order.

use lectern_domain::payments::OperationKind;
use lectern_stripe_stand_in::webhooks::signature_header;
use serde_json::json;
use uuid::Uuid;

use super::support::{Trouble, WEBHOOK_SECRET, World};

#[tokio::test]
async fn a_webhook_without_a_good_and_fresh_signature_is_refused() {
    let world = World::new().await;
    let body = json!({ "id": "evt_1", "type": "x", "created": 0, "data": { "object": {} } }).to_string();
    let now = world.clock.now().as_second();
    let good = signature_header(WEBHOOK_SECRET, now, &body);
    assert_eq!(world.hear_raw(&body, Some(&good)).await.data()["outcome"], "ignored");
    assert_eq!(world.hear_raw(&body, Some(&signature_header("whsec_old", now, &body))).await.status, 200);
    let refused = [
        None,
        Some("nonsense".to_owned()),
        Some(signature_header("whsec_other", now, &body)),
        Some(signature_header(WEBHOOK_SECRET, now - 301, &body)),
        Some(signature_header(WEBHOOK_SECRET, now, "another body")),
    ];
    for signature in refused {
        let answer = world.hear_raw(&body, signature.as_deref()).await;
        assert_eq!((answer.status, answer.problem()), (400, "bad-signature"), "{signature:?}");
    }
    let signature = signature_header(WEBHOOK_SECRET, now, "not JSON");
    assert_eq!(world.hear_raw("not JSON", Some(&signature)).await.problem(), "malformed");
}

#[tokio::test]
async fn events_twice_and_in_any_order_have_the_same_effect() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    world.pay(&made, "pm_card_visa").await;
    let mut events = world.new_events().await;
    events.reverse();
    for _ in 0..2 {
        for event in &events {
            world.hear(event).await.data();
        }
    }
    assert_eq!(world.status(&made).await, "held");
    assert_eq!(world.kinds(), ["payment.created", "payment.held"]);
    let succeeded = events.iter().find(|e| e["type"] == "payment_intent.succeeded").unwrap();
    assert_eq!(world.hear(succeeded).await.data()["outcome"], "duplicate");
    world.check().await;
}

#[tokio::test]
async fn a_decline_that_is_heard_after_the_success_changes_nothing() {
    for reversed in [false, true] {
        let world = World::new().await;
        let made = world.made(4_500).await;
        world.pay(&made, "pm_card_chargeDeclined").await;
        // The payer is quick, and tries another card before we have heard of the first.
        assert_eq!(world.pay(&made, "pm_card_visa").await["status"], "succeeded");
        let mut events = world.new_events().await;
        if reversed {
            events.reverse();
        }
        for event in events {
            world.hear(&event).await.data();
        }
        assert_eq!(world.status(&made).await, "held", "reversed: {reversed}");
        assert_eq!(world.kinds(), ["payment.created", "payment.held"]);
        world.check().await;
    }
}

#[tokio::test]
async fn a_webhook_that_is_faster_than_our_own_calls_answer_is_applied() {
    let world = World::new().await;
    let lesson = Uuid::now_v7();
    world.trouble(OperationKind::Create, Trouble::AnswerLost);
    assert_eq!(world.create(lesson, 4_500).await.unwrap_err().kind, "Transient");
    let intent = world.stripe_get("/v1/payment_intents").await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/payment_intents/{intent}/confirm");
    world.stripe_post(&path, &[("payment_method", "pm_card_visa")]).await;
    world.hear_all().await;
    assert_eq!(world.kinds(), ["payment.created", "payment.held"]);
    let created = world.create(lesson, 4_500).await.unwrap();
    assert_eq!(created["status"], "held");
    assert_eq!(world.intents().await, json!({ "succeeded": 1 }));
    world.check().await;
}

#[tokio::test]
async fn an_intent_that_somebody_cancels_at_stripe_fails_the_payment() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    let intent = world.stripe_get("/v1/payment_intents").await["data"][0]["id"].as_str().unwrap().to_owned();
    world.stripe_post(&format!("/v1/payment_intents/{intent}/cancel"), &[]).await;
    world.hear_all().await;
    assert_eq!(world.status(&made).await, "cancelled");
    assert_eq!(world.bus.events()[1].data["reason"], "cancelled");
    assert_eq!(world.kinds(), ["payment.created", "payment.failed"]);
}

#[tokio::test]
async fn events_about_other_things_are_taken_and_ignored() {
    let world = World::new().await;
    let form = [
        ("amount", "500"),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    world.stripe_post("/v1/payment_intents", &form).await;
    for event in world.new_events().await {
        assert_eq!(world.hear(&event).await.data()["outcome"], "ignored", "{}", event["type"]);
    }
    assert!(world.kinds().is_empty());
}

#[tokio::test]
async fn the_echo_of_our_own_calls_is_noted_once() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.refund(&made, "r", 500).await.unwrap();
    let events = world.new_events().await;
    let echo = events.iter().find(|e| e["type"] == "charge.refunded").unwrap();
    assert_eq!(world.hear(echo).await.data()["outcome"], "noted");
    assert_eq!(world.hear(echo).await.data()["outcome"], "duplicate");
}

#[tokio::test]
async fn while_stripe_can_not_be_asked_a_webhook_comes_again() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    world.pay(&made, "pm_card_visa").await;
    let events = world.new_events().await;
    let succeeded = events.iter().find(|e| e["type"] == "payment_intent.succeeded").unwrap();
    let fault =
        [("kind", "error_500_before"), ("method", "GET"), ("path", "/v1/payment_intents"), ("times", "3")];
    world.stripe_fault(&fault).await;
    assert_eq!(world.hear(succeeded).await.problem(), "unavailable");
    assert_eq!(world.hear(succeeded).await.data()["outcome"], "applied");
    assert_eq!(world.status(&made).await, "held");
    world.check().await;
}
