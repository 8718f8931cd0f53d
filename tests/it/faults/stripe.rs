//! Stripe fails: after doing the work, before, with a 500 that it remembers, and because there was too much.

use jiff::Timestamp;
use serde_json::Value;

use crate::support::lessons::{Lesson, Pair};
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// Time-outs are short here: what counts is that the answer is lost.
const LOST: [(&str, &str); 1] = [("delay_ms", "200")];

async fn all_faults_came(world: &World) {
    until("Stripe has failed as often as it was asked to", SOON, async || {
        (world.stripe.faults_left().await == 0).then_some(())
    })
    .await;
}

/// Stripe's objects that belong to a lesson's payment.
async fn at_stripe(world: &World, path: &str, lesson: &Lesson<'_>) -> Vec<Value> {
    let payment = lesson.payment().await;
    let all = world.stripe.list(&format!("{path}?limit=100")).await;
    all.into_iter().filter(|object| object["metadata"]["payment_id"] == payment.as_str()).collect()
}

/// Two lessons, one paid out and one refunded, with this fault at the next calls of each kind.
async fn lessons_survive(kind: &str, more: &[(&str, &str)]) {
    let world = World::alone().await;
    let kept = world.pair(48).await;
    let start = world.free_time(&kept.tutor, 96).await;
    let off = Pair { start, student: kept.student.clone(), tutor: kept.tutor.clone() };

    world.stripe.fail(kind, "/v1/payment_intents", 2, more).await;
    let (taken, called_off) = futures::join!(world.book(&kept), world.book(&off));
    all_faults_came(&world).await;
    for lesson in [&taken, &called_off] {
        lesson.pay("pm_card_visa").await;
        lesson.is("scheduled").await;
    }
    world.stripe.fail(kind, "/v1/transfers", 1, more).await;
    world.stripe.fail(kind, "/v1/refunds", 1, more).await;
    taken.complete().await.data(200);
    called_off.cancel(&off.student).await.data(200);
    all_faults_came(&world).await;

    let comes_to = async |lesson: &Lesson<'_>, status: &str| {
        until(&format!("the payment is {status}"), SOON, async || {
            world.settle().await;
            (lesson.read_payment().await["status"] == status).then_some(())
        })
        .await;
    };
    comes_to(&taken, "released").await;
    comes_to(&called_off, "refunded").await;
    until("the transfer and the refund are known", SOON, async || {
        world.settle().await;
        let earnings = world.api.get("/v1/earnings", &kept.tutor.access_token).await;
        (earnings.data(200)["balances"][0]["payable"] == 3600).then_some(())
    })
    .await;
    for lesson in [&taken, &called_off] {
        lesson.is_at_rest().await;
        let intents = at_stripe(&world, "payment_intents", lesson).await;
        let paid = intents.iter().filter(|intent| intent["status"] == "succeeded").count();
        assert_eq!(paid, 1, "{kind}: {intents:#?}");
    }
    let transfers = at_stripe(&world, "transfers", &taken).await;
    assert_eq!(transfers.len(), 1, "{kind}: {transfers:#?}");
    let refunds = at_stripe(&world, "refunds", &called_off).await;
    assert_eq!(refunds.len(), 1, "{kind}: {refunds:#?}");
}

#[tokio::test]
async fn a_time_out_of_stripe_after_doing_the_work_neither_pays_nor_refunds_twice() {
    lessons_survive("timeout_after", &LOST).await;
}

#[tokio::test]
async fn an_error_of_stripe_before_doing_the_work_is_tried_again() {
    lessons_survive("error_500_before", &[]).await;
}

#[tokio::test]
async fn an_error_of_stripe_after_doing_the_work_neither_pays_nor_refunds_twice() {
    lessons_survive("error_500_after", &[]).await;
}

#[tokio::test]
async fn being_told_to_slow_down_by_stripe_only_delays() {
    lessons_survive("rate_limited", &[]).await;
}

#[tokio::test]
async fn a_stripe_that_is_away_for_longer_than_the_hold_costs_the_slot_and_nothing_else() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    world.stripe.fail("error_500_before", "/v1/payment_intents", 1000, &[]).await;
    let lesson = world.book(&pair).await;
    let pay_before: Timestamp = lesson.read().await["payBefore"].as_str().unwrap().parse().unwrap();
    until("the hold is over", SOON, async || (Timestamp::now() > pay_before).then_some(())).await;
    world.stripe.mend().await;
    // Whatever is made of it now, nobody has paid in time.
    lesson.is_within("expired", SOON * 3).await;
    lesson.is_at_rest().await;
    assert!(lesson.money().await.is_none_or(|(status, _)| matches!(status.as_str(), "cancelled" | "failed")));
}
