//! The way of a lesson's money, and the few ways on which it turns back.

use lectern_domain::role::Role;
use serde_json::json;

use super::support::World;

#[tokio::test]
async fn a_lessons_money_goes_from_the_payer_to_the_tutor() {
    let world = World::new().await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    let made = world.made(4_500).await;
    world.pay(&made, "pm_card_visa").await;
    world.hear_all().await;
    assert_eq!(world.status(&made).await, "held");
    assert_eq!(
        world.earnings().await,
        json!([{ "currency": "USD", "held": 3600, "payable": 0, "inTransit": 0, "paid": 0 }])
    );

    let released = world.release(&made).await.unwrap();
    assert_eq!(released, json!({ "status": "released", "transferred": true }));
    assert_eq!(
        world.earnings().await,
        json!([{ "currency": "USD", "held": 0, "payable": 3600, "inTransit": 0, "paid": 0 }])
    );
    world.check().await;
    assert_eq!(world.balance("platform_revenue").await, -900);
    assert_eq!(world.balance("stripe_fees").await, world.at_stripe("fees").await);
    let story = ["payout_account.ready", "payment.created", "payment.held", "payment.released"];
    assert_eq!(world.kinds(), story);

    let transfer = &world.stripe_get("/v1/transfers").await["data"][0];
    assert_eq!(transfer["transfer_group"], json!(made.lesson));
    assert!(transfer["source_transaction"].as_str().unwrap().starts_with("ch_"));
}

#[tokio::test]
async fn money_for_a_tutor_without_an_account_stays_payable_until_there_is_one() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    assert_eq!(world.release(&made).await.unwrap(), json!({ "status": "released", "transferred": false }));
    assert_eq!(world.earnings().await[0]["payable"], 3600);
    world.settle().await;
    assert_eq!(world.at_stripe("transferred").await, 0);

    world.approve_tutor().await;
    world.settle().await;
    assert_eq!(world.at_stripe("transferred").await, 0, "the account is not ready yet");
    world.onboard_tutor().await;
    world.settle().await;
    world.settle().await;
    assert_eq!(
        world.earnings().await,
        json!([{ "currency": "USD", "held": 0, "payable": 3600, "inTransit": 0, "paid": 0 }])
    );
    world.check().await;
}

#[tokio::test]
async fn a_declined_card_ends_the_payment_for_good() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    let refused = world.pay(&made, "pm_card_chargeDeclinedInsufficientFunds").await;
    assert_eq!(refused["error"]["decline_code"], "insufficient_funds");
    world.hear_all().await;
    assert_eq!(world.status(&made).await, "failed");
    assert_eq!(world.kinds(), ["payment.created", "payment.failed"]);
    assert_eq!(world.bus.events()[1].data["reason"], "insufficient_funds");
    assert_eq!(world.intents().await, json!({ "canceled": 1 }));
    world.hear_all().await;
    assert_eq!(world.kinds().len(), 2);
    assert_eq!(world.cancel(&made).await.unwrap()["outcome"], "cancelled");
    world.check().await;
}

#[tokio::test]
async fn only_the_payer_sees_how_to_pay_and_only_while_it_can_be_paid() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    let student = world.read(&made, world.student, Role::Student).await;
    assert_eq!(student.data()["amount"], json!({ "amount": 4500, "currency": "USD" }));
    assert_eq!(student.data()["platformFee"]["amount"], 900);
    assert_eq!(student.data()["tutorEarnings"]["amount"], 3600);
    assert!(student.data()["clientSecret"].is_string());
    let tutor = world.read(&made, world.tutor, Role::Tutor).await;
    assert!(tutor.data().get("clientSecret").is_none());
    let stranger = world.read(&made, lectern_domain::id::UserId(uuid::Uuid::now_v7()), Role::Student).await;
    assert_eq!((stranger.status, stranger.problem()), (404, "not-found"));

    world.pay(&made, "pm_card_visa").await;
    world.hear_all().await;
    let paid = world.read(&made, world.student, Role::Student).await;
    assert!(paid.data().get("clientSecret").is_none());
    assert_ne!(student.headers["etag"], paid.headers["etag"]);
}
