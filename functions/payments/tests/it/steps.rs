//! The steps of the booking's state machine: each again and again, with one effect.

use lectern_domain::payments::OperationKind;
use serde_json::json;
use uuid::Uuid;

use super::support::{Made, Trouble, World};

#[tokio::test]
async fn a_lesson_has_one_payment_however_often_it_is_made() {
    let world = World::new().await;
    let lesson = Uuid::now_v7();
    let first = world.create(lesson, 4_500).await.unwrap();
    let again = world.create(lesson, 4_500).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(world.intents().await, json!({ "requires_payment_method": 1 }));
    assert_eq!(world.kinds(), ["payment.created"]);
    let other = world.create(lesson, 4_600).await.unwrap_err();
    assert_eq!(other.kind, "BadInput");
}

#[tokio::test]
async fn an_amount_that_stripe_does_not_take_is_a_refusal_by_name() {
    let world = World::new().await;
    let lesson = Uuid::now_v7();
    for _ in 0..2 {
        assert_eq!(world.create(lesson, 10).await.unwrap_err().kind, "StripeRefused");
    }
    let sent = world.stripe.sent.lock().unwrap().clone();
    let ends: Vec<_> = sent.iter().map(|key| key.split_once(':').unwrap().1).collect();
    assert_eq!(ends, ["create:1", "create:2"], "the attempt advances after a known failure");
    assert_eq!(world.create(Uuid::now_v7(), 0).await.unwrap_err().kind, "BadInput");
}

#[tokio::test]
async fn an_unpaid_payment_is_cancelled_quietly() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    for _ in 0..2 {
        assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "cancelled");
    }
    assert_eq!(world.status(&made).await, "cancelled");
    assert_eq!(world.intents().await, json!({ "canceled": 1 }));
    world.hear_all().await;
    assert_eq!(world.kinds(), ["payment.created"]);
    assert_eq!(world.release(&made).await.unwrap_err().kind, "WrongState");
    assert_eq!(world.refund(&made, "r", 1).await.unwrap_err().kind, "WrongState");
    world.check().await;
}

#[tokio::test]
async fn a_payment_that_never_reached_stripe_can_be_cancelled_too() {
    let world = World::new().await;
    let lesson = Uuid::now_v7();
    world.trouble(OperationKind::Create, Trouble::RequestLost);
    assert_eq!(world.create(lesson, 4_500).await.unwrap_err().kind, "Transient");
    let id = world.bus.events()[0].aggregate.id.to_string();
    let made = Made { lesson, id };
    assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "cancelled");
    assert_eq!(world.intents().await, json!({ "canceled": 1 }));
    world.check().await;
}

#[tokio::test]
async fn a_payment_that_stripe_refused_is_cancelled_without_stripe() {
    let world = World::new().await;
    let lesson = Uuid::now_v7();
    world.create(lesson, 10).await.unwrap_err();
    let made = Made { lesson, id: world.bus.events()[0].aggregate.id.to_string() };
    assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "cancelled");
    assert_eq!(world.stripe.sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_cancels_a_paid_payment_hears_that_it_is_held() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    world.pay(&made, "pm_card_visa").await;
    // No webhook has come yet: Stripe itself says so.
    for _ in 0..2 {
        assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "held");
    }
    assert_eq!(world.kinds(), ["payment.created", "payment.held"]);
    world.refund(&made, "cancelled", 4_500).await.unwrap();
    assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "cancelled");
    world.check().await;
    assert_eq!(world.kinds(), ["payment.created", "payment.held", "payment.refunded"]);
}

#[tokio::test]
async fn a_refund_has_one_effect_by_its_name_and_never_exceeds_what_remains() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    let usd = |amount: i64| json!({ "amount": amount, "currency": "USD" });
    let half = json!({ "status": "partially_refunded", "refunded": usd(2_250), "remaining": usd(2_250) });
    assert_eq!(world.refund(&made, "half", 2_250).await.unwrap(), half);
    assert_eq!(world.refund(&made, "half", 2_250).await.unwrap(), half);
    assert_eq!(world.refund(&made, "half", 2_000).await.unwrap_err().kind, "BadInput");
    assert_eq!(world.refund(&made, "more", 2_251).await.unwrap_err().kind, "RefundTooLarge");
    let all = world.refund(&made, "rest", 2_250).await.unwrap();
    assert_eq!((&all["status"], &all["remaining"]), (&json!("refunded"), &usd(0)));
    assert_eq!(world.refund(&made, "again", 1).await.unwrap_err().kind, "RefundTooLarge");
    assert_eq!(world.at_stripe("refunded").await, 4_500);
    assert_eq!(world.release(&made).await.unwrap(), json!({ "status": "refunded", "transferred": false }));
    world.check().await;
    assert_eq!(world.balance("platform_revenue").await, 0);
}

#[tokio::test]
async fn what_was_not_refunded_is_released() {
    let world = World::new().await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    let made = world.held(4_501).await;
    world.refund(&made, "half", 2_250).await.unwrap();
    for _ in 0..2 {
        let released = world.release(&made).await.unwrap();
        assert_eq!(released, json!({ "status": "partially_refunded", "transferred": true }));
    }
    // 20 % of 22.51 is 4.502.
    assert_eq!(world.at_stripe("transferred").await, 1_801);
    assert_eq!(world.balance("platform_revenue").await, -450);
    world.check().await;
}

#[tokio::test]
async fn a_refund_after_the_release_takes_the_tutors_share_back() {
    let world = World::new().await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    let refunded = world.refund(&made, "dispute", 1_500).await.unwrap();
    assert_eq!(refunded["status"], "partially_refunded");
    assert_eq!((world.at_stripe("refunded").await, world.at_stripe("reversed").await), (1_500, 1_200));
    assert_eq!(
        world.earnings().await[0],
        json!({ "currency": "USD", "held": 0, "payable": 2400, "inTransit": 0, "paid": 0 })
    );
    world.refund(&made, "rest", 3_000).await.unwrap();
    assert_eq!((world.at_stripe("refunded").await, world.at_stripe("reversed").await), (4_500, 3_600));
    assert_eq!(world.balance("platform_revenue").await, 0);
    world.check().await;
}

#[tokio::test]
async fn a_refund_of_what_was_not_sent_yet_makes_less_to_send() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    world.refund(&made, "dispute", 1_500).await.unwrap();
    assert_eq!(world.earnings().await[0]["payable"], 2_400);
    world.approve_tutor().await;
    world.onboard_tutor().await;
    world.settle().await;
    assert_eq!((world.at_stripe("transferred").await, world.at_stripe("reversed").await), (2_400, 0));
    world.check().await;
}

#[tokio::test]
async fn a_payment_that_does_not_exist_is_a_bad_input() {
    let world = World::new().await;
    let made = Made { lesson: Uuid::now_v7(), id: Uuid::now_v7().to_string() };
    assert_eq!(world.release(&made).await.unwrap_err().kind, "BadInput");
    // A lesson without a payment has nothing to cancel.
    assert_eq!(world.cancel(&made).await.unwrap(), json!({ "outcome": "cancelled" }));
    assert_eq!(world.refund(&made, "not a name", 1).await.unwrap_err().kind, "BadInput");
}

#[tokio::test]
async fn a_tutor_has_one_account_however_often_approval_is_told() {
    let world = World::new().await;
    let use_case = lectern_payments::open_payout_account::use_case();
    let event = world.approval();
    for events in [vec![event.clone(), event], vec![world.approval()]] {
        assert_eq!(lectern_runtime::testing::deliver(&use_case, &world.services, &events).await, 0);
    }
    let accounts = world.stripe_get("/v1/accounts").await;
    assert_eq!(accounts["data"].as_array().unwrap().len(), 1);
    assert_eq!(accounts["data"][0]["metadata"]["tutor_id"], json!(world.tutor));
    world.onboard_tutor().await;
    world.onboard_tutor().await;
    assert_eq!(world.kinds(), ["payout_account.ready"]);
}
