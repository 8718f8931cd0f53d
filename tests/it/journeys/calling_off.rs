//! Cancellation, and what goes back.

use crate::support::world::World;

#[tokio::test]
async fn who_cancels_two_days_ahead_gets_everything_back() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.scheduled(&pair).await;
    let cancelled = lesson.cancel(&pair.student).await;
    assert_eq!(cancelled.data(200)["cancellation"]["refund"]["amount"], 4500);
    let payment = lesson.payment_is("refunded").await;
    assert_eq!(payment["refunded"]["amount"], 4500);
    lesson.is_at_rest().await;
    world
        .assert_events("lesson", &lesson.id, &["lesson.requested", "lesson.scheduled", "lesson.cancelled"])
        .await;
    let kinds = ["payment.created", "payment.held", "payment.refunded"];
    world.assert_events("payment", payment["paymentId"].as_str().unwrap(), &kinds).await;
}

#[tokio::test]
async fn who_cancels_ten_hours_ahead_gets_half_back_and_the_tutor_has_the_rest() {
    let world = World::shared().await;
    let pair = world.pair(10).await;
    let lesson = world.scheduled(&pair).await;
    let cancelled = lesson.cancel(&pair.student).await;
    assert_eq!(cancelled.data(200)["cancellation"]["refund"]["amount"], 2250);
    lesson.is_closed().await;
    let payment = lesson.read_payment().await;
    assert_eq!(payment["refunded"]["amount"], 2250);
    let earnings = world.api.get("/v1/earnings", &pair.tutor.access_token).await;
    let earned = &earnings.data(200)["balances"][0];
    // The fee is a share of what the platform keeps: 80 % of what was not given back is the tutor's.
    assert_eq!((&earned["held"], &earned["payable"]), (&0.into(), &1800.into()), "{earned}");
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn a_tutor_who_cancels_gives_everything_back_however_late() {
    let world = World::shared().await;
    let pair = world.pair(1).await;
    let lesson = world.scheduled(&pair).await;
    let cancelled = lesson.cancel(&pair.tutor).await;
    assert_eq!(cancelled.data(200)["cancellation"]["by"], "tutor");
    lesson.payment_is("refunded").await;
    lesson.is_at_rest().await;
    lesson.cancel(&pair.tutor).await.is_problem(409, "wrong-state");
}

#[tokio::test]
async fn a_booking_that_is_cancelled_before_it_is_paid_costs_nothing() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    lesson.cancel(&pair.student).await.data(200);
    lesson.is("cancelled").await;
    lesson.is_at_rest().await;
    let money = lesson.money().await;
    assert!(money.is_none_or(|(status, refunded)| status == "cancelled" && refunded == 0));
}
