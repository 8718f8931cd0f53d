//! Between the commit and the bus.

use tokio::net::TcpListener;

use super::{Broken, pass_time};
use crate::support::forbidden::Forbidden;
use crate::support::lessons::Lesson;
use crate::support::processes::kill_function;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

const WHERE_THE_BUS_IS: &str = "AWS_ENDPOINT_URL_EVENTBRIDGE";

#[tokio::test]
async fn events_that_the_bus_refuses_are_sent_when_it_takes_them_again() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let mut broken = Vec::new();
    for use_case in ["book-lesson", "create-payment", "receive-stripe-webhook", "schedule-lesson"] {
        broken.push(Forbidden::to(&world, use_case, &["events:PutEvents"]).await);
    }
    let lesson = world.book(&pair).await;
    lesson.pay("pm_card_visa").await;
    lesson.payment_is("held").await;
    assert!(world.aws.events("lesson", &lesson.id).await.is_empty(), "the bus was not broken");
    for each in broken {
        each.allow().await;
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
