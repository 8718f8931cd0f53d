//! Admins who refund and release by hand.

use futures::future::join;
use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::payments::OperationKind;
use lectern_domain::role::Role;
use lectern_payments::{inspect_payment, refund_by_hand, search_payments};
use lectern_runtime::testing::{As, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Trouble, World};

fn admin() -> UserId {
    UserId(Uuid::now_v7())
}

fn usd(amount: i64) -> Value {
    json!({ "amount": { "amount": amount, "currency": "USD" }, "reason": "the tutor was late" })
}

#[tokio::test]
async fn an_admin_refunds_a_part_then_the_rest_and_who_and_why_is_written_down() {
    let world = World::new().await;
    let (made, who) = (world.held(4_500).await, admin());
    let part = world.refund_as(&world.services, who, "k1", &made, usd(1_500)).await;
    assert_eq!((part.status, &part.data()["status"]), (201, &json!("done")));
    assert_eq!(part.data()["remaining"]["amount"], 3_000);
    world.clock.advance(SignedDuration::from_secs(1));
    let all = json!({ "reason": "and did not come again" });
    let rest = world.refund_as(&world.services, who, "k2", &made, all.clone()).await;
    assert_eq!(
        (&rest.data()["amount"]["amount"], &rest.data()["paymentStatus"]),
        (&json!(3_000), &json!("refunded"))
    );
    let again = world.refund_as(&world.services, who, "k1", &made, usd(1_500)).await;
    assert_eq!((again.data(), again.headers["idempotent-replayed"].as_str()), (part.data(), "true"));
    let other = world.refund_as(&world.services, who, "k1", &made, usd(1_400)).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    let more = world.refund_as(&world.services, who, "k3", &made, usd(1)).await;
    assert_eq!((more.status, more.problem()), (422, "invalid-fields"));
    assert_eq!(world.at_stripe("refunded").await, 4_500);

    let whole = world.inspect(&made).await;
    let actions = whole["adminActions"].as_array().unwrap();
    assert_eq!(actions.len(), 2);
    assert_eq!((&actions[0]["adminId"], &actions[0]["reason"]), (&json!(who), &json!("the tutor was late")));
    let events = world.bus.events();
    let told = events.iter().filter(|event| event.kind == "payment.admin_action").collect::<Vec<_>>();
    assert_eq!(told.len(), 2);
    assert_eq!(
        (&told[0].data["adminId"], told[0].actor.as_str()),
        (&json!(who), format!("user:{who}").as_str())
    );
    assert!(!told[0].data.to_string().contains("late"), "no words in the event");
    world.check().await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_refund_is_named_and_nothing_is_refunded() {
    let world = World::new().await;
    let (made, unpaid) = (world.held(4_500).await, world.made(4_500).await);
    let who = admin();
    for (body, field) in [
        (usd(4_501), "amount"),
        (usd(0), "amount"),
        (json!({ "amount": { "amount": 5, "currency": "EUR" }, "reason": "x" }), "amount.currency"),
        (json!({}), "reason"),
    ] {
        let refused = world.refund_as(&world.services, who, &Uuid::now_v7().to_string(), &made, body).await;
        assert_eq!((refused.status, refused.problem()), (422, "invalid-fields"), "{}", refused.text);
        assert!(refused.body["errors"][0]["field"].as_str().unwrap().starts_with(field), "{}", refused.text);
    }
    let early = world.refund_as(&world.services, who, "k", &unpaid, usd(1)).await;
    assert_eq!((early.status, early.problem()), (409, "wrong-state"));
    let nobodys = super::support::Made { id: Uuid::now_v7().to_string(), ..made.clone() };
    assert_eq!(world.refund_as(&world.services, who, "k", &nobodys, usd(1)).await.status, 404);
    let keyless = TestRequest::new(As::User(who, Role::Admin)).path("paymentId", &made.id).json(&usd(1));
    let keyless = keyless.send(&refund_by_hand::use_case(), &world.services).await;
    assert_eq!(keyless.problem(), "idempotency-key-missing");
    assert_eq!(world.at_stripe("refunded").await, 0);
    // To the last unit.
    assert_eq!(world.refund_as(&world.services, who, "k9", &made, usd(4_499)).await.status, 201);
    assert_eq!(world.refund_as(&world.services, who, "k10", &made, usd(2)).await.status, 422);
    assert_eq!(world.refund_as(&world.services, who, "k11", &made, usd(1)).await.status, 201);
    world.check().await;
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_pending_and_the_same_request_again_makes_no_second_one() {
    let world = World::new().await;
    let (made, who) = (world.held(4_500).await, admin());
    world.trouble(OperationKind::Refund, Trouble::AnswerLost);
    let pending = world.refund_as(&world.services, who, "k", &made, usd(500)).await;
    assert_eq!((pending.status, &pending.data()["status"]), (201, &json!("pending")));
    world.refund_as(&world.services, who, "k", &made, usd(500)).await.data();
    world.rests().await;
    assert_eq!(world.at_stripe("refunded").await, 500);
    world.check().await;
}

#[tokio::test]
async fn an_admin_releases_before_the_time_and_once() {
    let world = World::ready().await;
    let (made, who) = (world.held(4_500).await, admin());
    let released = world.release_as(&world.services, who, "k", &made).await;
    assert_eq!((released.status, &released.data()["status"]), (200, &json!("released")));
    assert_eq!(released.data()["transferred"], true);
    assert_eq!(world.release_as(&world.services, who, "k", &made).await.data(), released.data());
    let late = world.release_as(&world.services, admin(), "k", &made).await;
    assert_eq!((late.status, late.problem()), (409, "wrong-state"));
    assert_eq!(world.inspect(&made).await["adminActions"][0]["action"], "release");
    // The booking's own release comes later, and finds it done.
    assert_eq!(world.release(&made).await.unwrap()["status"], "released");
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "payment.released").count(), 1);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_admins_who_refund_at_once_never_refund_more_than_there_is() {
    for round in 0..20 {
        let world = World::new().await;
        let made = world.held(4_500).await;
        let (one, other) = (world.another(), world.another());
        let (a, b) = join(
            world.refund_as(&one, admin(), "k", &made, usd(3_000)),
            world.refund_as(&other, admin(), "k", &made, usd(3_000)),
        )
        .await;
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "round {round}: {} {}", a.text, b.text);
        assert_eq!(world.at_stripe("refunded").await, 3_000);
        world.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_who_releases_and_one_who_refunds_at_the_same_instant_leave_one_consistent_outcome() {
    for round in 0..20 {
        let world = World::ready().await;
        let made = world.held(4_500).await;
        let (one, other) = (world.another(), world.another());
        let (released, refunded) = join(
            world.release_as(&one, admin(), "k", &made),
            world.refund_as(&other, admin(), "k", &made, usd(4_500)),
        )
        .await;
        assert_eq!(refunded.status, 201, "round {round}: {}", refunded.text);
        assert!([200, 409].contains(&released.status), "round {round}: {}", released.text);
        world.rests().await;
        assert_eq!(
            (world.status(&made).await.as_str(), world.at_stripe("refunded").await),
            ("refunded", 4_500)
        );
        assert_eq!(world.at_stripe("transferred").await, world.at_stripe("reversed").await);
        world.check().await;
    }
}

#[tokio::test]
async fn an_admin_sees_the_money_of_a_payment_entry_by_entry_and_nobody_else_does() {
    let world = World::ready().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    let whole = world.inspect(&made).await;
    assert!(whole["stripe"]["paymentIntent"].as_str().unwrap().starts_with("pi_"));
    assert_eq!(whole["stripe"]["fee"]["amount"], 161);
    let ledger = whole["ledger"].as_array().unwrap();
    let mut kinds: Vec<_> = ledger.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    // What is posted at one moment has no order.
    kinds.sort_unstable();
    assert_eq!(kinds, ["charge", "release", "stripe_fee", "transfer"]);
    for transaction in ledger {
        let entries = transaction["entries"].as_array().unwrap();
        assert_eq!(entries.iter().map(|entry| entry["amount"].as_i64().unwrap()).sum::<i64>(), 0);
    }
    assert!(!whole.to_string().contains("_secret_"));
    for (caller, status) in [
        (As::Nobody, 401),
        (As::User(world.student, Role::Student), 403),
        (As::User(world.tutor, Role::Tutor), 403),
    ] {
        let inspect = TestRequest::new(caller.clone()).path("paymentId", &made.id);
        assert_eq!(inspect.send(&inspect_payment::use_case(), &world.services).await.status, status);
        let search = TestRequest::new(caller);
        assert_eq!(search.send(&search_payments::use_case(), &world.services).await.status, status);
    }
    world.check().await;
}
