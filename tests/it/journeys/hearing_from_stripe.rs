//! Webhooks: late, twice, in the wrong order, and forged.

use std::time::Duration;

use serde_json::json;

use crate::support::http::Call;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

#[tokio::test]
async fn webhooks_that_come_in_reverse_and_twice_pay_once() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let secret = lesson.client_secret().await;
    world.stripe.admin("webhooks/hold", &[]).await;
    assert_eq!(world.stripe.confirm(&secret, "pm_card_visa").await.1["status"], "succeeded");
    let (status, released) = world.stripe.admin("webhooks/release", &[("order", "reverse")]).await;
    assert_eq!(status, 200, "{released}");
    lesson.is("scheduled").await;
    let intent = secret.split("_secret_").next().unwrap();
    let events = world.stripe.list("events?limit=100").await;
    let ours = events.iter().filter(|event| {
        let object = &event["data"]["object"];
        object["id"] == intent || object["payment_intent"] == intent
    });
    for event in ours {
        let id = event["id"].as_str().unwrap();
        let (_, delivered) = world.stripe.admin("webhooks/deliver", &[("event", id), ("times", "2")]).await;
        let answers = delivered["deliveries"].as_array().unwrap();
        assert!(answers.iter().all(|answer| answer["status"] == 200), "{delivered:#}");
    }
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let payment = lesson.payment().await;
    world.assert_events("payment", &payment, &["payment.created", "payment.held", "payment.released"]).await;
}

#[tokio::test]
async fn a_webhook_with_an_old_or_a_forged_signature_is_refused() {
    let world = World::shared().await;
    let until_there_is_one = until("Stripe has told of an account", SOON, async || {
        let (status, _) = world.stripe.admin("webhooks/deliver", &[("event", "account.updated")]).await;
        (status == 200).then_some(())
    });
    until_there_is_one.await;
    let old = [("event", "account.updated"), ("age_seconds", "400")];
    let (_, delivered) = world.stripe.admin("webhooks/deliver", &old).await;
    assert_eq!(delivered["deliveries"][0]["status"], 400, "{delivered:#}");
    let event = json!({ "id": "evt_forged", "type": "payment_intent.succeeded", "created": 1, "data": { "object": {} } });
    let call = || Call::new("POST", "/v1/webhooks/stripe").body(event.clone());
    world.api.call(call()).await.is_problem(400, "bad-signature");
    world.api.call(call().header("stripe-signature", "t=1,v1=00")).await.is_problem(400, "bad-signature");
}

#[tokio::test]
async fn a_payment_that_comes_in_the_last_moment_is_a_lesson_or_is_given_back() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let secret = lesson.client_secret().await;
    // Stripe's word comes only after the hold is over: the step that cancels finds the money there.
    world.stripe.admin("webhooks/hold", &[]).await;
    assert_eq!(world.stripe.confirm(&secret, "pm_card_visa").await.1["status"], "succeeded");
    let limit = SOON + Duration::from_secs(30);
    lesson.is_within("scheduled", limit).await;
    world.stripe.mend().await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
}
