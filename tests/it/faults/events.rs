//! Between the commit and the bus.

use serde_json::json;
use tokio::net::TcpListener;

use super::{Broken, pass_time};
use crate::support::lessons::Lesson;
use crate::support::processes::kill_function;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

const WHERE_THE_BUS_IS: &str = "AWS_ENDPOINT_URL_EVENTBRIDGE";

/// Forbids the function to publish, as a broken bus would; gives the role, for [`allow`].
async fn forbid_events(world: &World, use_case: &str) -> String {
    let role = world.aws.role(use_case).await;
    let policy = json!({ "Version": "2012-10-17", "Statement":
        [{ "Effect": "Deny", "Action": "events:PutEvents", "Resource": "*" }] })
    .to_string();
    let parameters = [
        ("Action", "PutRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", role.as_str()),
        ("PolicyName", "no-events"),
        ("PolicyDocument", policy.as_str()),
    ];
    world.aws.form("iam", &parameters).await;
    role
}

async fn allow(world: &World, role: &str) {
    let parameters = [
        ("Action", "DeleteRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", role),
        ("PolicyName", "no-events"),
    ];
    world.aws.form("iam", &parameters).await;
}

#[tokio::test]
async fn events_that_the_bus_refuses_are_sent_when_it_takes_them_again() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let mut roles = Vec::new();
    for use_case in ["book-lesson", "create-payment", "receive-stripe-webhook", "schedule-lesson"] {
        roles.push(forbid_events(&world, use_case).await);
    }
    let lesson = world.book(&pair).await;
    lesson.pay("pm_card_visa").await;
    lesson.payment_is("held").await;
    assert!(world.aws.events("lesson", &lesson.id).await.is_empty(), "the bus was not broken");
    for role in &roles {
        allow(&world, role).await;
    }
    pass_time(&lesson).await;
    world.settle().await;
    lesson.is("scheduled").await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let payment = lesson.payment().await;
    let kinds = ["lesson.requested", "lesson.scheduled", "lesson.started", "lesson.completed"];
    world.assert_events("lesson", &lesson.id, &kinds).await;
    world.assert_events("payment", &payment, &["payment.created", "payment.held", "payment.released"]).await;
}

#[tokio::test]
async fn a_booking_whose_function_is_killed_between_commit_and_publish_stands() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    // A bus that takes the connection and says nothing: whoever has come that far has committed.
    let bus = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", bus.local_addr().unwrap());
    let broken = Broken::by(&world, "book-lesson", WHERE_THE_BUS_IS, &address).await;
    let booking = World::booking(&pair.student, &pair.tutor, &pair.start);
    let kill = async {
        let _connection = bus.accept().await.unwrap();
        assert!(kill_function("book-lesson") > 0);
    };
    let (answer, ()) = futures::join!(world.api.try_call(&booking), kill);
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status >= 500));
    broken.mend().await;

    let again = world.api.call(booking.clone()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{:#}", again.body);
    let lesson = Lesson::of(&world, &pair, again.data(201)["lessonId"].as_str().unwrap());
    pass_time(&lesson).await;
    world.settle().await;
    lesson.pay("pm_card_visa").await;
    lesson.is("scheduled").await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let kinds = ["lesson.requested", "lesson.scheduled", "lesson.started", "lesson.completed"];
    world.assert_events("lesson", &lesson.id, &kinds).await;
}

#[tokio::test]
async fn a_payment_whose_function_is_killed_between_commit_and_publish_counts() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let secret = lesson.client_secret().await;
    let bus = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", bus.local_addr().unwrap());
    let broken = Broken::by(&world, "receive-stripe-webhook", WHERE_THE_BUS_IS, &address).await;
    let kill = async {
        let _connection = bus.accept().await.unwrap();
        assert!(kill_function("receive-stripe-webhook") > 0);
    };
    let (paid, ()) = futures::join!(world.stripe.confirm(&secret, "pm_card_visa"), kill);
    assert_eq!(paid.1["status"], "succeeded");
    broken.mend().await;
    drop(bus);
    lesson.payment_is("held").await;
    pass_time(&lesson).await;
    until("the lesson is scheduled", SOON, async || {
        world.settle().await;
        (lesson.read().await["status"] == "scheduled").then_some(())
    })
    .await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let payment = lesson.payment().await;
    world.assert_events("payment", &payment, &["payment.created", "payment.held", "payment.released"]).await;
}
