//! Two at the same instant: one consistent outcome.

use std::sync::Arc;

use futures::future::{join, join_all};
use lectern_domain::payments::OperationKind;
use lectern_payments::{create_payment, release_payment};
use lectern_runtime::testing::{deliver, invoke};
use serde_json::json;
use tokio::sync::Barrier;

use super::support::{Trouble, World};

const ROUNDS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn release_and_full_refund_at_the_same_instant_leave_nothing_with_the_tutor() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        world.approve_tutor().await;
        world.onboard_tutor().await;
        let made = world.held(4_500).await;
        let (one, other) = (world.another(), world.another());
        let use_case = release_payment::use_case();
        let release = invoke(&use_case, &one, json!({ "paymentId": made.id }));
        let (released, refunded) = join(release, world.refund_by(&other, &made, "r", 4_500)).await;
        // Who comes second may have to leave the rest to the sweep.
        assert!(released.is_ok() && refunded.is_ok(), "{released:?} {refunded:?}");
        world.later(3);
        world.settle().await;
        world.settle().await;
        assert_eq!(world.status(&made).await, "refunded");
        assert_eq!(world.at_stripe("refunded").await, 4_500);
        assert_eq!(world.at_stripe("transferred").await, world.at_stripe("reversed").await);
        world.check().await;
        assert_eq!(world.balance("platform_revenue").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_refunds_that_are_too_much_together_one_is_made() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let made = world.held(4_500).await;
        let (one, other) = (world.another(), world.another());
        let (a, b) =
            join(world.refund_by(&one, &made, "a", 3_000), world.refund_by(&other, &made, "b", 3_000)).await;
        let refused = [a, b].into_iter().filter_map(Result::err).map(|f| f.kind).collect::<Vec<_>>();
        assert_eq!(refused, ["RefundTooLarge"]);
        assert_eq!(world.at_stripe("refunded").await, 3_000);
        world.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_refund_twice_at_once_is_made_once() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let made = world.held(4_500).await;
        let (one, other) = (world.another(), world.another());
        let (a, b) =
            join(world.refund_by(&one, &made, "a", 3_000), world.refund_by(&other, &made, "a", 3_000)).await;
        let done = [a, b].into_iter().filter(Result::is_ok).count();
        assert!(done >= 1);
        assert_eq!(world.at_stripe("refunded").await, 3_000);
        world.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_make_a_lessons_payment_make_one() {
    let world = World::new().await;
    let lesson = uuid::Uuid::now_v7();
    let input = json!({ "lessonId": lesson, "studentId": world.student, "tutorId": world.tutor,
        "amount": { "amount": 4500, "currency": "USD" } });
    let use_case = create_payment::use_case();
    let many: Vec<_> = (0..6).map(|_| world.another()).collect();
    let results = join_all(many.iter().map(|services| invoke(&use_case, services, input.clone()))).await;
    assert!(results.iter().any(Result::is_ok));
    for fault in results.into_iter().filter_map(Result::err) {
        assert_eq!(fault.kind, "Transient", "{fault}");
    }
    assert_eq!(world.intents().await, json!({ "requires_payment_method": 1 }));
    assert_eq!(world.kinds(), ["payment.created"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_and_a_payment_at_the_same_instant_have_one_winner() {
    let (mut held, mut cancelled) = (0, 0);
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let made = world.made(4_500).await;
        let together = Arc::new(Barrier::new(2));
        world.trouble(OperationKind::Cancel, Trouble::Meets(Arc::clone(&together)));
        let paying = async {
            let shown = world.read(&made, world.student, lectern_domain::role::Role::Student).await;
            let secret = shown.data()["clientSecret"].as_str().map(str::to_owned);
            together.wait().await;
            let Some(secret) = secret else { return };
            let intent = secret.split("_secret_").next().unwrap();
            let path = format!("/v1/payment_intents/{intent}/confirm");
            world.stripe_post(&path, &[("payment_method", "pm_card_visa")]).await;
        };
        let (outcome, ()) = join(world.cancel(&made), paying).await;
        world.hear_all().await;
        let charged = world.at_stripe("charged").await;
        match outcome.unwrap()["outcome"].as_str().unwrap() {
            "held" => {
                held += 1;
                assert_eq!((world.status(&made).await.as_str(), charged), ("held", 4_500));
            }
            _ => {
                cancelled += 1;
                assert_eq!((world.status(&made).await.as_str(), charged), ("cancelled", 0));
            }
        }
        world.check().await;
    }
    assert_eq!(held + cancelled, ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_approval_that_is_delivered_twice_at_once_makes_one_account() {
    let world = World::new().await;
    let (one, other) = (world.another(), world.another());
    let use_case = lectern_payments::open_payout_account::use_case();
    let event = [world.approval()];
    let (a, b) = join(deliver(&use_case, &one, &event), deliver(&use_case, &other, &event)).await;
    if a + b > 0 {
        assert_eq!(deliver(&use_case, &world.services, &event).await, 0);
    }
    assert_eq!(world.stripe_get("/v1/accounts").await["data"].as_array().unwrap().len(), 1);
}
