//! What use cases cost, and what they answer while something is down.

use std::sync::Arc;

use jiff::SignedDuration;
use lectern_domain::revocation::Revocation;
use lectern_domain::role::Role;
use lectern_payments::{get_earnings, get_payment, receive_stripe_webhook, release_payment};
use lectern_postgres::testing::take_back;
use lectern_runtime::testing::{As, TestRequest, invoke};
use lectern_stripe_stand_in::webhooks::signature_header;
use serde_json::json;
use uuid::Uuid;

use super::support::{WEBHOOK_SECRET, World, services};

#[tokio::test]
async fn each_use_case_costs_as_few_round_trips_as_it_can() {
    let world = World::new().await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    let base = &world.services.base;
    let mut before = base.round_trips();
    let mut cost = || {
        let (now, was) = (base.round_trips(), before);
        before = now;
        now - was
    };
    // The terms, the row, Stripe's answer; and one to mark what was published.
    let made = world.made(4_500).await;
    assert_eq!(cost(), 4, "create-payment");
    world.read(&made, world.student, Role::Student).await;
    assert_eq!(cost(), 1, "get-payment");
    world.earnings().await;
    assert_eq!(cost(), 1, "get-earnings");
    world.pay(&made, "pm_card_visa").await;
    let events = world.new_events().await;
    let succeeded = events.iter().find(|e| e["type"] == "payment_intent.succeeded").unwrap();
    cost();
    // The event, the payment, the change; and one to mark what was published.
    world.hear(succeeded).await.data();
    assert_eq!(cost(), 4, "receive-stripe-webhook");
    world.hear(succeeded).await.data();
    assert_eq!(cost(), 1, "receive-stripe-webhook, again");
    // The payment, the decision, Stripe's answer; and one to mark what was published.
    world.release(&made).await.unwrap();
    assert_eq!(cost(), 4, "release-payment");
    world.release(&made).await.unwrap();
    assert_eq!(cost(), 1, "release-payment, again");
    // The payment, the decision, two answers; and one to mark what was published.
    world.refund(&made, "r", 500).await.unwrap();
    assert_eq!(cost(), 5, "refund-payment");
    // Payments, and evidence in disputes.
    world.settle().await;
    assert_eq!(cost(), 2, "settle-payables, nothing to do");
}

#[tokio::test]
async fn without_the_database_callers_are_asked_to_come_back() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    let nowhere = "postgres://payments_app:test@127.0.0.1:1/payments";
    let broken =
        services(nowhere, Arc::clone(&world.stripe) as _, Arc::clone(&world.bus), world.clock.clone());
    let request = TestRequest::new(As::User(world.student, Role::Student)).path("paymentId", &made.id);
    let answer = request.send(&get_payment::use_case(), &broken).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor));
    assert_eq!(request.send(&get_earnings::use_case(), &broken).await.status, 503);
    let fault =
        invoke(&release_payment::use_case(), &broken, json!({ "paymentId": made.id })).await.unwrap_err();
    assert_eq!(fault.kind, "Transient");

    world.pay(&made, "pm_card_visa").await;
    let event = world.stripe_events().await.pop().unwrap().to_string();
    let signature = signature_header(WEBHOOK_SECRET, world.clock.now().as_second(), &event);
    let request = TestRequest::new(As::Nobody).raw(event).header("stripe-signature", signature);
    assert_eq!(request.send(&receive_stripe_webhook::use_case(), &broken).await.status, 503);
}

#[tokio::test]
async fn what_the_bus_did_not_take_the_relay_sends() {
    let world = World::new().await;
    world.bus.set_down(true);
    let made = world.held(4_500).await;
    assert!(world.kinds().is_empty());
    world.bus.set_down(false);
    world.later(1);
    let relay = lectern_postgres::relay::use_case("relay-payments-outbox", "RelayRate");
    invoke(&relay, &world.services, json!({})).await.unwrap();
    assert_eq!(world.kinds(), ["payment.created", "payment.held"]);
    assert_eq!(world.status(&made).await, "held");
}

#[test]
fn the_samples_of_events_are_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("pay") && name.ends_with(".sample.json") {
            let sample = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            lectern_runtime::testing::assert_valid_event(&sample);
            seen += 1;
        }
    }
    assert_eq!(seen, 13);
}

#[tokio::test]
async fn a_session_that_was_ended_is_refused_two_seconds_later_and_another_of_the_user_is_not() {
    let world = World::new().await;
    let (ended, other) = (Uuid::now_v7(), Uuid::now_v7());
    let read = |session| {
        let request = TestRequest::new(As::User(world.tutor, Role::Tutor)).session(session);
        let services = Arc::clone(&world.services);
        async move { request.send(&get_earnings::use_case(), &services).await }
    };
    assert_eq!(read(ended).await.status, 200);
    let revocation = Revocation::session(ended, world.clock.now(), SignedDuration::from_hours(24));
    take_back(&world.services, &revocation).await;
    world.clock.advance(SignedDuration::from_secs(2));
    let refused = read(ended).await;
    assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    assert_eq!(read(other).await.status, 200);
}
