//! What is held on somebody's lessons: given out whole, and taken away whole.

use jiff::SignedDuration;
use lectern_booking::store::erasures::{CLOSED, REMOVED};
use lectern_booking::{cancel_lesson, erase_booking_user, export_booking_data, get_lesson};
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, LessonId, UserId};
use lectern_postgres::{Database, Row};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{NOW, World, world};

const SECRETS: [&str; 2] = ["Wilhelmina is ill", "Wilhelmina's tutor is ill"];

fn erased(user: UserId) -> Envelope {
    Envelope {
        id: EventId(Uuid::now_v7()),
        kind: "user.erased".to_owned(),
        version: 1,
        occurred_at: NOW.parse::<jiff::Timestamp>().unwrap().into(),
        aggregate: AggregateRef { kind: "user".to_owned(), id: user.0, sequence: 9 },
        actor: format!("user:{user}"),
        correlation_id: "c".to_owned(),
        causation_id: "c".to_owned(),
        data: json!({ "role": "student" }),
    }
}

async fn take_in(w: &World, event: &Envelope) -> usize {
    deliver(&erase_booking_user::use_case(), &w.services, std::slice::from_ref(event)).await
}

async fn cancel(w: &World, who: As, lesson: LessonId, reason: &str) {
    let request = TestRequest::new(who).path("lessonId", lesson).json(&json!({ "reason": reason }));
    request.send(&cancel_lesson::use_case(), &w.services).await.data();
}

async fn read(w: &World, who: As, lesson: LessonId) -> Answered {
    let request = TestRequest::new(who).path("lessonId", lesson);
    request.send(&get_lesson::use_case(), &w.services).await
}

async fn held(w: &World, user: UserId) -> Value {
    let request = TestRequest::new(As::Service("build-export")).path("userId", user);
    let before = w.services.base.round_trips();
    let page = request.send(&export_booking_data::use_case(), &w.services).await;
    assert_eq!(w.services.base.round_trips() - before, 1);
    page.data()["items"].clone()
}

async fn look(w: &World, sql: &str) -> Vec<Row> {
    Database::from_url(w.database.admin_url.clone()).read(sql, &[]).await.unwrap()
}

/// Paid, as the state machine does it.
async fn schedule(w: &World, lesson: LessonId) {
    let input = json!({ "lessonId": lesson, "paymentId": Uuid::now_v7() });
    invoke(&lectern_booking::steps::schedule_lesson::use_case(), &w.services, input).await.unwrap();
}

#[tokio::test]
async fn each_side_is_given_its_lessons_and_of_the_other_the_id_alone() {
    let w = world().await;
    let (one, two) = (w.booked(30).await, w.booked(50).await);
    cancel(&w, w.as_student(), one, SECRETS[0]).await;
    for (user, role) in [(w.student, "student"), (w.tutor, "tutor")] {
        let items = held(&w, user).await;
        let sentences = json!([
            format!("Lessons as a {role} that are cancelled: 1, from 2027-03-02 to 2027-03-02."),
            format!("Lessons as a {role} that are pending payment: 1, from 2027-03-03 to 2027-03-03."),
        ]);
        assert_eq!(items[0], json!({ "kind": "summary", "data": sentences }));
        let lessons: Vec<_> = items.as_array().unwrap()[1..].iter().map(|i| &i["data"]).collect();
        let ids: Vec<_> = lessons.iter().map(|l| l["lessonId"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids, [one.to_string(), two.to_string()]);
        assert_eq!((&lessons[0]["role"], &lessons[0]["cancelReason"]), (&json!(role), &json!(SECRETS[0])));
        assert_eq!(lessons[1]["price"], json!({ "amount": 4_500, "currency": "USD" }));
    }
    assert_eq!(held(&w, UserId(Uuid::now_v7())).await, json!([]));
}

#[tokio::test]
async fn an_erased_user_leaves_no_word_in_any_table_and_the_other_side_keeps_its_lessons() {
    let w = world().await;
    let (one, two) = (w.booked(30).await, w.booked(50).await);
    cancel(&w, w.as_student(), one, SECRETS[0]).await;
    cancel(&w, w.as_tutor(), two, SECRETS[1]).await;
    for secret in SECRETS {
        assert_eq!(w.database.tables_with(secret).await, ["lessons"]);
    }
    let event = erased(w.student);
    for _ in 0..2 {
        assert_eq!(take_in(&w, &event).await, 0);
        for word in SECRETS.iter().chain(&["Wilhelmina"]) {
            assert_eq!(w.database.tables_with(word).await, Vec::<String>::new());
        }
        assert!(look(&w, "SELECT 1 FROM idempotency_keys").await.is_empty());
    }
    assert_eq!(look(&w, "SELECT 1 FROM inbox WHERE consumer = 'erase-booking-user'").await.len(), 1);
    let kept = read(&w, w.as_tutor(), one).await;
    assert_eq!(kept.data()["cancellation"]["reason"], REMOVED);
    assert_eq!(kept.data()["studentId"], w.student.to_string());
}

#[tokio::test]
async fn lessons_to_come_of_an_erased_tutor_are_called_off_and_everything_goes_back() {
    let w = world().await;
    let (past, soon, unpaid) = (w.booked(1).await, w.booked(3).await, w.booked(30).await);
    for lesson in [past, soon] {
        schedule(&w, lesson).await;
    }
    w.advance(SignedDuration::from_hours(2));
    let event = erased(w.tutor);
    for _ in 0..2 {
        assert_eq!(take_in(&w, &event).await, 0);
    }
    for lesson in [soon, unpaid] {
        let off = read(&w, w.as_student(), lesson).await;
        let cancellation = &off.data()["cancellation"];
        assert_eq!((&cancellation["by"], &cancellation["reason"]), (&json!("tutor"), &json!(CLOSED)));
        assert_eq!(cancellation["refund"]["amount"], 4_500);
    }
    assert_eq!(
        read(&w, w.as_student(), past).await.data()["status"],
        "scheduled",
        "it has begun: it was taken"
    );
    let cancelled = w.bus.kinds().iter().filter(|kind| *kind == "lesson.cancelled").count();
    assert_eq!(cancelled, 2, "each is called off once");
}

#[tokio::test]
async fn an_erased_student_gets_back_what_the_terms_say() {
    let w = world().await;
    let (tomorrow, soon) = (w.booked(30).await, w.booked(3).await);
    for lesson in [tomorrow, soon] {
        schedule(&w, lesson).await;
    }
    assert_eq!(take_in(&w, &erased(w.student)).await, 0);
    for (lesson, refund) in [(tomorrow, 4_500), (soon, 0)] {
        let off = read(&w, w.as_tutor(), lesson).await;
        assert_eq!(off.data()["cancellation"]["by"], "student");
        assert_eq!(off.data()["cancellation"]["refund"]["amount"], refund);
    }
}

#[tokio::test]
async fn nobody_books_or_is_booked_after_the_erasure_whatever_tutoring_still_says() {
    let w = world().await;
    assert_eq!(take_in(&w, &erased(w.tutor)).await, 0);
    let refused = w.book(w.as_student(), "late", &w.wish(30)).await;
    assert_eq!((refused.status, refused.problem()), (404, "not-found"));
    assert!(look(&w, "SELECT 1 FROM lessons").await.is_empty() && w.bus.events().is_empty());
    assert!(look(&w, "SELECT 1 FROM idempotency_keys").await.is_empty());
}

#[tokio::test]
async fn a_bus_or_a_state_machine_that_is_down_delays_nothing_that_the_relay_and_the_sweep_make_up_for() {
    let w = world().await;
    let lesson = w.booked(30).await;
    w.bus.set_down(true);
    w.sagas.set_down(true);
    assert_eq!(take_in(&w, &erased(w.tutor)).await, 0);
    assert_eq!(read(&w, w.as_student(), lesson).await.data()["status"], "cancelled");
    let waiting =
        "SELECT 1 FROM outbox WHERE published_at IS NULL AND envelope ->> 'type' = 'lesson.cancelled'";
    assert_eq!(look(&w, waiting).await.len(), 1);
}
