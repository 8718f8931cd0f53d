//! Refunds that the payer's bank sends back after Stripe had made them.

use lectern_domain::id::UserId;
use serde_json::json;
use uuid::Uuid;

use super::support::{Made, World};

async fn refund_at_stripe(world: &World, made: &Made) -> String {
    let whole = world.inspect(made).await;
    let operations = whole["operations"].as_array().unwrap();
    let refund = operations.iter().find(|o| o["kind"] == "refund").unwrap();
    refund["stripeId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refund_that_fails_later_is_owed_and_a_person_is_told_until_it_is_made_again() {
    let world = World::ready().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    world.refund(&made, "r", 1_500).await.unwrap();
    let refund = refund_at_stripe(&world, &made).await;
    world.stand_in(&format!("refunds/{refund}/fail"), &[]).await;
    for event in [world.new_events().await, world.stripe_events().await].concat() {
        world.hear(&event).await.data();
    }
    assert_eq!(world.balance("refunds").await, -1_500, "it is owed");
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "payment.refund_failed").count(), 1);
    let shown = world.read(&made, world.student, lectern_domain::role::Role::Student).await;
    assert_eq!(shown.data()["refunds"][0]["status"], "failed");
    let verified = world.verified().await;
    let differences = verified["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{verified:#}");
    assert!(differences[0].as_str().unwrap().contains("expired_or_canceled_card"), "{verified:#}");
    // Nothing is sent by itself: the same card would only fail again.
    world.rests().await;
    assert_eq!(world.at_stripe("refunded").await, 0);

    let admin = UserId(Uuid::now_v7());
    for (key, body, status) in [
        ("k1", json!({ "refundId": "r", "amount": { "amount": 5, "currency": "USD" }, "reason": "x" }), 422),
        ("k2", json!({ "refundId": "other", "reason": "x" }), 422),
        ("k3", json!({ "refundId": "r", "reason": "there is another card now" }), 201),
        ("k3", json!({ "refundId": "r", "reason": "there is another card now" }), 201),
    ] {
        let answer = world.refund_as(&world.services, admin, key, &made, body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(world.at_stripe("refunded").await, 1_500);
    world.check().await;
    assert_eq!(world.balance("refunds").await, 0);
}

#[tokio::test]
async fn a_refund_that_fails_twice_is_made_a_third_time_and_booked_each_time() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    for _ in 0..2 {
        world.refund(&made, "r", 4_500).await.unwrap();
        let refund = refund_at_stripe(&world, &made).await;
        world.stand_in(&format!("refunds/{refund}/fail"), &[("reason", "lost_or_stolen_card")]).await;
        world.hear_all().await;
        assert_eq!(world.balance("refunds").await, -4_500);
    }
    world.refund(&made, "r", 4_500).await.unwrap();
    assert_eq!((world.status(&made).await.as_str(), world.at_stripe("refunded").await), ("refunded", 4_500));
    world.check().await;
}
