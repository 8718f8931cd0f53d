//! `kill -9` of PostgreSQL and of the emulator of AWS, in the middle of a booking.

use std::time::Duration;

use super::pass_time;
use crate::support::database;
use crate::support::http::Call;
use crate::support::lessons::{Lesson, Pair};
use crate::support::processes::crash;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// A step that failed while a server was down is tried again after longer and longer pauses.
const LONG: Duration = Duration::from_secs(120);

/// Lets the sweeps look until the lesson is as it should be.
async fn comes_to(world: &World, lesson: &Lesson<'_>, status: &str) {
    until(&format!("the lesson is {status}"), LONG, async || {
        pass_time(lesson).await;
        world.settle().await;
        (lesson.read().await["status"] == status).then_some(())
    })
    .await;
}

/// Moves the clock of a hold: what died during it is looked for only after it.
async fn hold_is_over(lesson: &Lesson<'_>) {
    let sql = "UPDATE lessons SET hold_expires_at = hold_expires_at - interval '1 hour' WHERE id = $1";
    database::rows("booking", sql, &[&lesson.uuid()]).await;
}

async fn is_paid_out(world: &World, lesson: &Lesson<'_>) {
    until("the tutor is paid", SOON * 2, async || {
        pass_time(lesson).await;
        world.settle().await;
        let closed = lesson.read_payment().await["status"] == "released";
        closed.then_some(())
    })
    .await;
    until("the state machine has ended", SOON * 2, async || {
        pass_time(lesson).await;
        world.settle().await;
        lesson.has_ended().await.then_some(())
    })
    .await;
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn a_restart_of_postgresql_in_the_middle_of_a_booking_loses_nothing() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let start = world.free_time(&pair.tutor, 96).await;
    let other = Pair { start, student: pair.student.clone(), tutor: pair.tutor.clone() };
    let booking = World::booking(&other.student, &other.tutor, &other.start);
    let down = async {
        // Whoever calls meanwhile hears that it will be back, or is served.
        for _ in 0..20 {
            let answer =
                world.api.call(Call::new("GET", "/v1/lessons").token(&pair.student.access_token)).await;
            assert!(matches!(answer.status, 200 | 503), "{:#}", answer.body);
            let answer = world.api.call(booking.clone()).await;
            assert!(matches!(answer.status, 201 | 409 | 503), "{:#}", answer.body);
            if answer.status == 503 {
                answer.is_problem(503, "unavailable");
                assert!(answer.header("retry-after").is_some());
            }
        }
    };
    futures::join!(crash("postgres"), down);
    let second = until("the booking that was tried all the time stands", SOON, async || {
        let answer = world.api.call(booking.clone()).await;
        (answer.status == 201).then(|| answer.body["data"]["lessonId"].as_str().unwrap().to_owned())
    })
    .await;
    let second = Lesson::of(&world, &other, &second);
    pass_time(&lesson).await;
    pass_time(&second).await;
    lesson.pay("pm_card_visa").await;
    comes_to(&world, &lesson, "scheduled").await;
    lesson.complete().await.data(200);
    is_paid_out(&world, &lesson).await;
    comes_to(&world, &second, "expired").await;
    second.is_at_rest().await;
}

#[tokio::test]
async fn a_crash_of_the_emulator_while_a_payment_is_awaited_ends_in_a_lesson() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let secret = lesson.client_secret().await;
    // Its state is saved every two seconds; what is younger is lost, as the README says.
    world.assert_events("lesson", &lesson.id, &["lesson.requested"]).await;
    crash("emulator").await;
    world.stripe.confirm(&secret, "pm_card_visa").await;
    lesson.payment_is("held").await;
    hold_is_over(&lesson).await;
    comes_to(&world, &lesson, "scheduled").await;
    lesson.complete().await.data(200);
    is_paid_out(&world, &lesson).await;
}

#[tokio::test]
async fn a_crash_of_the_emulator_before_the_payment_frees_the_slot_in_time() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    crash("emulator").await;
    hold_is_over(&lesson).await;
    comes_to(&world, &lesson, "expired").await;
    until("the state machine has ended", SOON, async || {
        pass_time(&lesson).await;
        world.settle().await;
        lesson.has_ended().await.then_some(())
    })
    .await;
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn a_crash_of_the_emulator_in_the_dispute_window_pays_the_tutor_once() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let lesson = world.scheduled(&pair).await;
    lesson.complete().await.data(200);
    crash("emulator").await;
    is_paid_out(&world, &lesson).await;
    let transfers = world.stripe.list("transfers?limit=100").await;
    let payment = lesson.payment().await;
    let ours = transfers.iter().filter(|transfer| transfer["metadata"]["payment_id"] == payment.as_str());
    assert_eq!(ours.count(), 1);
}
