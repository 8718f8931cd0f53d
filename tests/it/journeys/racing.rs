//! Two at once, and the same thing twice.

use futures::future::join_all;
use uuid::Uuid;

use crate::support::http::Call;
use crate::support::lessons::Lesson;
use crate::support::world::World;

#[tokio::test]
async fn of_students_who_race_for_a_slot_exactly_one_gets_it() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let others = join_all((0..3).map(|_| world.student())).await;
    let students: Vec<_> = others.iter().chain([&pair.student]).collect();
    let calls =
        students.iter().map(|student| world.api.call(World::booking(student, &pair.tutor, &pair.start)));
    let answers = join_all(calls).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 1, "{answers:#?}");
    for lost in answers.iter().filter(|answer| answer.status != 201) {
        // Whoever comes a moment later hears it from the calendar already.
        let slug = if lost.status == 409 { "slot-taken" } else { "slot-not-bookable" };
        lost.is_problem(lost.status, slug);
        assert!(lost.body["nearest"].as_array().is_some_and(|nearest| !nearest.is_empty()));
    }
    let (winner, answer) = students.iter().zip(&answers).find(|(_, answer)| answer.status == 201).unwrap();
    let id = answer.data(201)["lessonId"].as_str().unwrap();
    let pair = crate::support::lessons::Pair { student: (*winner).clone(), ..pair };
    let lesson = Lesson::of(&world, &pair, id);
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn the_same_booking_sent_again_and_at_once_is_one_lesson() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let booking = World::booking(&pair.student, &pair.tutor, &pair.start);
    let answers = join_all((0..4).map(|_| world.api.call(booking.clone()))).await;
    let ids: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status != 409)
        .map(|answer| answer.data(201)["lessonId"].as_str().unwrap())
        .collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    let again = world.api.call(booking.clone()).await;
    assert_eq!(again.data(201)["lessonId"], ids[0]);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let mut other = booking.clone();
    other.body.as_mut().unwrap()["minutes"] = 30.into();
    world.api.call(other).await.is_problem(422, "idempotency-key-reused");

    let lesson = Lesson::of(&world, &pair, ids[0]);
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
    let all = world.api.get("/v1/lessons", &pair.student.access_token).await;
    assert_eq!(all.data(200)["total"], 1);
}

#[tokio::test]
async fn a_post_that_needs_a_key_is_refused_without_one() {
    let world = World::shared().await;
    let student = world.student().await;
    let call = Call::new("POST", "/v1/lessons").token(&student.access_token).header("idempotency-key", "");
    world.api.call(call).await.is_problem(400, "idempotency-key-missing");
}

#[tokio::test]
async fn a_student_cannot_be_in_two_lessons_at_once() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let other = world.tutor().await;
    let lesson = world.book(&pair).await;
    let refused = world.api.call(World::booking(&pair.student, &other, &pair.start)).await;
    refused.is_problem(409, "slot-taken");
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
    let unknown = Uuid::now_v7().to_string();
    let nobody = crate::support::people::Person { id: unknown, ..other };
    world.api.call(World::booking(&pair.student, &nobody, &pair.start)).await.is_problem(404, "not-found");
}
