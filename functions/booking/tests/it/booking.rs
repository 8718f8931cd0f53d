//! Booking a slot.

use futures::future::join_all;
use lectern_booking::book_lesson;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_runtime::testing::{As, TestRequest};
use serde_json::json;
use uuid::Uuid;

use super::world::{free_slot, world};

#[tokio::test]
async fn a_booking_holds_the_slot_tells_the_world_and_starts_the_state_machine() {
    let w = world().await;
    let answer = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!(answer.status, 201);
    let data = answer.data();
    assert_eq!(data["status"], "pending_payment");
    assert_eq!(data["price"], json!({ "amount": 4500, "currency": "USD" }));
    assert_eq!(data["payBefore"], "2027-03-01T09:15:00Z");
    assert_eq!(answer.headers["location"], format!("/v1/lessons/{}", data["lessonId"].as_str().unwrap()));
    assert_eq!(w.bus.kinds(), ["lesson.requested"]);
    assert_eq!(w.sagas.started.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_command_costs_two_round_trips_and_two_more_to_note_what_follows() {
    let w = world().await;
    w.services.base.db.warm().await.unwrap();
    let before = w.services.base.round_trips();
    w.book(w.as_student(), "k1", &w.wish(48)).await;
    // Load, save; then the mark on the outbox and the execution's name, after the booking stands.
    assert_eq!(w.services.base.round_trips() - before, 2 + 2);
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again_and_another_body_is_refused() {
    let w = world().await;
    let first = w.book(w.as_student(), "k1", &w.wish(48)).await;
    let again = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!(first.data(), again.data());
    assert_eq!((again.status, again.headers["idempotent-replayed"].as_str()), (201, "true"));
    let other = w.book(w.as_student(), "k1", &w.wish(50)).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    assert_eq!(w.bus.kinds(), ["lesson.requested"]);
}

#[tokio::test]
async fn a_key_is_required_and_its_owners_alone() {
    let w = world().await;
    let none =
        TestRequest::new(w.as_student()).json(&w.wish(48)).send(&book_lesson::use_case(), &w.services).await;
    assert_eq!((none.status, none.problem()), (400, "idempotency-key-missing"));
    w.book(w.as_student(), "k1", &w.wish(48)).await.data();
    let stranger = As::User(UserId(Uuid::now_v7()), Role::Student);
    let theirs = w.book(stranger, "k1", &w.wish(50)).await;
    assert_eq!(theirs.status, 201);
}

#[tokio::test]
async fn one_request_sent_twenty_times_at_once_books_one_lesson() {
    let w = world().await;
    let wish = w.wish(48);
    let answers = join_all((0..20).map(|_| w.book(w.as_student(), "k1", &wish))).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|a| a.data()["lessonId"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(w.bus.kinds(), ["lesson.requested"]);
}

#[tokio::test]
async fn of_fifty_students_at_once_one_gets_the_slot_and_the_others_the_nearest_free_ones() {
    let w = world().await;
    let mut check = free_slot();
    let near =
        serde_json::from_value(json!({ "start": "2027-03-03T10:00:00Z", "end": "2027-03-03T11:00:00Z" }));
    check.nearest = vec![near.unwrap()];
    *w.slots.answer.lock().unwrap() = Ok(Some(check));
    let wish = w.wish(48);
    let students: Vec<_> = (0..50).map(|_| As::User(UserId(Uuid::now_v7()), Role::Student)).collect();
    let answers = join_all(students.into_iter().map(|s| w.book(s, "k1", &wish))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert_eq!((answer.status, answer.problem()), (409, "slot-taken"));
        assert_eq!(answer.body["nearest"][0]["start"], "2027-03-03T10:00:00Z");
    }
    assert_eq!(w.bus.kinds(), ["lesson.requested"]);
}

#[tokio::test]
async fn a_slot_that_tutoring_knows_to_be_taken_is_refused_as_taken_with_the_nearest_free_ones() {
    let w = world().await;
    let first = w.book(w.as_student(), "k1", &w.wish(48)).await;
    let mut check = free_slot();
    check.bookable = false;
    check.reason_code = Some("taken".into());
    let near =
        serde_json::from_value(json!({ "start": "2027-03-03T10:00:00Z", "end": "2027-03-03T11:00:00Z" }));
    check.nearest = vec![near.unwrap()];
    *w.slots.answer.lock().unwrap() = Ok(Some(check));
    let other = As::User(UserId(Uuid::now_v7()), Role::Student);
    let answer = w.book(other, "k1", &w.wish(48)).await;
    assert_eq!((answer.status, answer.problem()), (409, "slot-taken"));
    assert_eq!(answer.body["nearest"][0]["start"], "2027-03-03T10:00:00Z");
    let again = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!(again.data()["lessonId"], first.data()["lessonId"]);
}

#[tokio::test]
async fn a_student_is_not_at_two_lessons_at_once() {
    let w = world().await;
    w.book(w.as_student(), "k1", &w.wish(48)).await.data();
    let mut wish = w.wish(48);
    wish["tutorId"] = json!(Uuid::now_v7());
    let answer = w.book(w.as_student(), "k2", &wish).await;
    assert_eq!((answer.status, answer.problem()), (409, "slot-taken"));
    assert_eq!(answer.body["detail"], "You have another lesson at this time.");
}

#[tokio::test]
async fn lessons_may_touch_unless_the_tutor_wants_time_between() {
    let w = world().await;
    let stranger = || As::User(UserId(Uuid::now_v7()), Role::Student);
    assert_eq!(w.book(stranger(), "k", &w.wish(48)).await.status, 201);
    assert_eq!(w.book(stranger(), "k", &w.wish(49)).await.status, 201);
    let mut check = free_slot();
    check.buffer_before_minutes = 15;
    *w.slots.answer.lock().unwrap() = Ok(Some(check));
    assert_eq!(w.book(stranger(), "k", &w.wish(47)).await.status, 409);
    assert_eq!(w.book(stranger(), "k", &w.wish(46)).await.status, 201);
}

#[tokio::test]
async fn what_tutoring_says_no_to_is_not_booked() {
    let w = world().await;
    let mut check = free_slot();
    check.bookable = false;
    check.reason = Some("Too far ahead.".into());
    *w.slots.answer.lock().unwrap() = Ok(Some(check));
    let answer = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!((answer.status, answer.problem()), (422, "slot-not-bookable"));
    assert_eq!(answer.body["detail"], "Too far ahead.");
    *w.slots.answer.lock().unwrap() = Ok(None);
    let answer = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    *w.slots.answer.lock().unwrap() = Err("timeout".into());
    let answer = w.book(w.as_student(), "k1", &w.wish(48)).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(w.bus.events().is_empty());
}

#[tokio::test]
async fn only_students_book_and_not_with_themselves() {
    let w = world().await;
    assert_eq!(w.book(w.as_tutor(), "k1", &w.wish(48)).await.status, 403);
    assert_eq!(w.book(As::Nobody, "k1", &w.wish(48)).await.status, 401);
    let both = As::User(w.tutor, Role::Student);
    let answer = w.book(both, "k1", &w.wish(48)).await;
    assert_eq!((answer.status, answer.bad_fields()), (422, vec!["tutorId"]));
}

#[tokio::test]
async fn a_booking_stands_although_bus_and_state_machine_are_down_and_both_hear_of_it_later() {
    let w = world().await;
    w.bus.set_down(true);
    w.sagas.set_down(true);
    let id = w.booked(48).await;
    assert!(w.sagas.started.lock().unwrap().is_empty());
    w.sagas.set_down(false);
    let sweep = lectern_booking::sweep_sagas::use_case();
    lectern_runtime::testing::invoke(&sweep, &w.services, json!({})).await.unwrap();
    assert!(w.sagas.started.lock().unwrap().is_empty(), "a fresh one is left to its writer");
    w.advance(jiff::SignedDuration::from_secs(11));
    for _ in 0..2 {
        lectern_runtime::testing::invoke(&sweep, &w.services, json!({})).await.unwrap();
    }
    assert_eq!(*w.sagas.started.lock().unwrap(), [id]);
}

#[tokio::test]
async fn thousands_of_overlapping_wishes_never_store_an_overlap() {
    let w = world().await;
    let minutes = [30, 45, 60, 90];
    let wishes = (0..400_u32).map(|n| {
        let mut wish = w.wish(48);
        let start: jiff::Timestamp = super::world::NOW.parse().unwrap();
        let offset = i64::from(n.wrapping_mul(2_654_435_761) % 96) * 15;
        wish["start"] = json!(start + jiff::SignedDuration::from_mins(24 * 60 + offset));
        wish["minutes"] = json!(minutes[(n % 4) as usize]);
        wish
    });
    let wishes: Vec<_> = wishes.collect();
    for chunk in wishes.chunks(40) {
        let students: Vec<_> =
            chunk.iter().map(|_| As::User(UserId(Uuid::now_v7()), Role::Student)).collect();
        join_all(students.into_iter().zip(chunk).map(|(s, wish)| w.book(s, "k", wish))).await;
    }
    let sql = "SELECT count(*) FROM lessons a JOIN lessons b ON a.id < b.id AND a.tutor_id = b.tutor_id
               AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)";
    let db = w.database.connect();
    let overlaps: i64 = db.read(sql, &[]).await.unwrap()[0].get(0);
    let stored: i64 = db.read("SELECT count(*) FROM lessons", &[]).await.unwrap()[0].get(0);
    assert_eq!(overlaps, 0);
    assert!(stored > 10, "only {stored} lessons were stored");
}
