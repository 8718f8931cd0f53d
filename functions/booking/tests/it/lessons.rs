//! Reading, completing and calling off.

use jiff::SignedDuration;
use lectern_booking::{cancel_lesson, complete_lesson, get_lesson, list_lessons};
use lectern_domain::id::UserId;
use lectern_domain::revocation::Revocation;
use lectern_domain::role::Role;
use lectern_postgres::testing::take_back;
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::json;
use uuid::Uuid;

use super::world::{World, world};

async fn get(w: &World, who: As, id: impl ToString) -> Answered {
    TestRequest::new(who).path("lessonId", id).send(&get_lesson::use_case(), &w.services).await
}

async fn cancel(w: &World, who: As, id: impl ToString) -> Answered {
    let request = TestRequest::new(who).path("lessonId", id).json(&json!({ "reason": "ill" }));
    request.send(&cancel_lesson::use_case(), &w.services).await
}

async fn complete(w: &World, who: As, id: impl ToString) -> Answered {
    TestRequest::new(who).path("lessonId", id).send(&complete_lesson::use_case(), &w.services).await
}

async fn schedule(w: &World, id: impl ToString) {
    let step = lectern_booking::steps::schedule_lesson::use_case();
    invoke(&step, &w.services, json!({ "lessonId": id.to_string() })).await.unwrap();
}

#[tokio::test]
async fn a_lesson_is_its_two_peoples_and_nobody_elses() {
    let w = world().await;
    let id = w.booked(48).await;
    assert_eq!(get(&w, w.as_student(), id).await.data()["lessonId"], json!(id));
    assert_eq!(get(&w, w.as_tutor(), id).await.data()["lessonId"], json!(id));
    let stranger = As::User(UserId(Uuid::now_v7()), Role::Student);
    assert_eq!(get(&w, stranger.clone(), id).await.status, 404);
    assert_eq!(cancel(&w, stranger, id).await.status, 404);
    // The student's id with a tutor's token is another person as far as lessons go.
    assert_eq!(get(&w, As::User(w.student, Role::Tutor), id).await.status, 404);
    assert_eq!(get(&w, As::User(w.student, Role::Admin), id).await.status, 403);
    assert_eq!(get(&w, w.as_student(), "nonsense").await.bad_fields(), ["lessonId"]);
}

#[tokio::test]
async fn lessons_are_listed_latest_first_in_pages_that_are_counted() {
    let w = world().await;
    let ids = [w.booked(48).await, w.booked(50).await, w.booked(52).await];
    let list = |who, limit: u32, offset: u32| {
        let request = TestRequest::new(who).query("limit", limit).query("offset", offset);
        let services = w.services.clone();
        async move { request.send(&list_lessons::use_case(), &services).await }
    };
    let first = list(w.as_student(), 2, 0).await;
    assert_eq!(first.data()["items"][0]["lessonId"], json!(ids[2]));
    assert_eq!((&first.data()["total"], &first.data()["hasNext"]), (&json!(3), &json!(true)));
    let last = list(w.as_tutor(), 2, 2).await;
    assert_eq!(last.data()["items"][0]["lessonId"], json!(ids[0]));
    assert_eq!(last.data()["hasNext"], false);
    let refused = list(w.as_student(), 0, 0).await;
    assert_eq!(refused.bad_fields(), ["limit"]);
}

#[tokio::test]
async fn a_lesson_that_nobody_waits_for_is_called_off_by_the_notice_given() {
    let w = world().await;
    let id = w.booked(48).await;
    schedule(&w, id).await;
    w.advance(SignedDuration::from_hours(40));
    let answer = cancel(&w, w.as_student(), id).await;
    assert_eq!(answer.data()["cancellation"]["refund"], json!({ "amount": 2250, "currency": "USD" }));
    assert_eq!(cancel(&w, w.as_student(), id).await.problem(), "wrong-state");
    assert_eq!(w.bus.kinds(), ["lesson.requested", "lesson.scheduled", "lesson.cancelled"]);
}

#[tokio::test]
async fn a_slot_called_off_is_free_again() {
    let w = world().await;
    let id = w.booked(48).await;
    cancel(&w, w.as_tutor(), id).await.data();
    w.booked(48).await;
}

#[tokio::test]
async fn only_the_tutor_completes_and_not_before_the_start() {
    let w = world().await;
    let id = w.booked(48).await;
    schedule(&w, id).await;
    assert_eq!(complete(&w, w.as_student(), id).await.status, 403);
    let early = complete(&w, w.as_tutor(), id).await;
    assert_eq!((early.status, early.problem()), (409, "wrong-state"));
    w.advance(SignedDuration::from_hours(48));
    assert_eq!(complete(&w, w.as_tutor(), id).await.data()["status"], "completed");
    assert_eq!(complete(&w, w.as_tutor(), id).await.status, 409);
}

#[tokio::test]
async fn of_a_cancellation_and_a_completion_at_once_one_happens() {
    let w = world().await;
    w.services.base.db.warm().await.unwrap();
    for n in 0..10 {
        let mut w = world().await;
        std::sync::Arc::get_mut(&mut w.services).unwrap().terms.earliest_completion_seconds = 1_000_000;
        let id = w.booked(48 + n).await;
        schedule(&w, id).await;
        let (cancelled, completed) =
            futures::future::join(cancel(&w, w.as_student(), id), complete(&w, w.as_tutor(), id)).await;
        let won = [&cancelled, &completed].iter().filter(|a| a.status == 200).count();
        assert_eq!(won, 1, "{} and {}", cancelled.body, completed.body);
        let ends =
            w.bus.kinds().iter().filter(|k| *k == "lesson.cancelled" || *k == "lesson.completed").count();
        assert_eq!(ends, 1);
    }
}

#[tokio::test]
async fn a_user_whose_access_was_taken_back_is_refused_two_seconds_later_and_not_with_a_newer_token() {
    let w = world().await;
    let list = |request: TestRequest| {
        let services = w.services.clone();
        async move { request.send(&list_lessons::use_case(), &services).await }
    };
    assert_eq!(list(TestRequest::new(w.as_student())).await.status, 200);
    let now = w.services.base.kit.clock.now();
    let life = SignedDuration::from_mins(15);
    take_back(&w.services, &Revocation::user(w.student, 2, now, life)).await;
    w.advance(SignedDuration::from_secs(2));
    let refused = list(TestRequest::new(w.as_student())).await;
    assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    assert_eq!(list(TestRequest::new(w.as_student()).access_version(2)).await.status, 200);
}
