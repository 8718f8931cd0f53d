//! The steps of the state machine: each twice with one effect, tokens and answers in either order.

use jiff::SignedDuration;
use lectern_booking::steps::{
    auto_complete_lesson, await_outcome, await_payment, close_saga, free_slot, hold_slot, park_saga,
    schedule_lesson,
};
use lectern_booking::{answer_payment_outcome, cancel_lesson, complete_lesson, resume_saga, sweep_sagas};
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, LessonId};
use lectern_runtime::testing::{TestRequest, deliver, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, world};

fn of(id: LessonId) -> Value {
    json!({ "lessonId": id })
}

fn with_token(id: LessonId, payment: Uuid, token: &str) -> Value {
    json!({ "lessonId": id, "paymentId": payment, "token": token })
}

fn payment_event(kind: &str, lesson: LessonId, payment: Uuid) -> Envelope {
    Envelope {
        id: EventId(Uuid::now_v7()),
        kind: kind.into(),
        version: 1,
        occurred_at: "2027-03-01T09:00:01Z".parse().unwrap(),
        aggregate: AggregateRef { kind: "payment".into(), id: payment, sequence: 2 },
        actor: "system:receive-stripe-webhook".into(),
        correlation_id: "c".into(),
        causation_id: "c".into(),
        data: json!({ "paymentId": payment, "lessonId": lesson }),
    }
}

async fn await_it(w: &World, id: LessonId, payment: Uuid, token: &str) {
    invoke(&await_payment::use_case(), &w.services, with_token(id, payment, token)).await.unwrap();
}

async fn paid(w: &World, kind: &str, id: LessonId, payment: Uuid) {
    let event = payment_event(kind, id, payment);
    assert_eq!(deliver(&answer_payment_outcome::use_case(), &w.services, &[event]).await, 0);
}

#[tokio::test]
async fn a_payment_wakes_the_state_machine_whether_it_comes_before_or_after_the_wait() {
    for payment_first in [false, true] {
        let w = world().await;
        let (id, payment) = (w.booked(48).await, Uuid::now_v7());
        if payment_first {
            paid(&w, "payment.held", id, payment).await;
            assert!(w.sagas.answers().is_empty());
            await_it(&w, id, payment, "t1").await;
        } else {
            await_it(&w, id, payment, "t1").await;
            assert!(w.sagas.answers().is_empty());
            paid(&w, "payment.held", id, payment).await;
        }
        assert_eq!(w.sagas.answers(), [("t1".into(), json!({ "outcome": "held" }))]);
        // Whatever comes again finds nobody waiting.
        paid(&w, "payment.held", id, payment).await;
        assert_eq!(w.sagas.answers().len(), 1);
    }
}

#[tokio::test]
async fn the_first_outcome_of_a_payment_stays() {
    let w = world().await;
    let (id, payment) = (w.booked(48).await, Uuid::now_v7());
    paid(&w, "payment.failed", id, payment).await;
    paid(&w, "payment.held", id, payment).await;
    await_it(&w, id, payment, "t1").await;
    assert_eq!(w.sagas.answers(), [("t1".into(), json!({ "outcome": "failed" }))]);
}

#[tokio::test]
async fn a_wait_that_is_run_again_is_answered_with_its_new_token() {
    let w = world().await;
    let (id, payment) = (w.booked(48).await, Uuid::now_v7());
    paid(&w, "payment.held", id, payment).await;
    await_it(&w, id, payment, "t1").await;
    await_it(&w, id, payment, "t2").await;
    let tokens: Vec<_> = w.sagas.answers().into_iter().map(|(token, _)| token).collect();
    assert_eq!(tokens, ["t1", "t2"]);
}

#[tokio::test]
async fn an_answer_that_could_not_be_given_puts_the_event_back_and_the_sweep_finds_it() {
    let w = world().await;
    let (id, payment) = (w.booked(48).await, Uuid::now_v7());
    await_it(&w, id, payment, "t1").await;
    w.sagas.set_down(true);
    let event = payment_event("payment.held", id, payment);
    assert_eq!(deliver(&answer_payment_outcome::use_case(), &w.services, &[event]).await, 1);
    w.sagas.set_down(false);
    let db = w.database.connect();
    db.write("UPDATE lesson_sagas SET updated_at = '2027-03-01T08:00:00Z'", &[]).await.unwrap();
    invoke(&sweep_sagas::use_case(), &w.services, json!({})).await.unwrap();
    assert_eq!(w.sagas.answers(), [("t1".into(), json!({ "outcome": "held" }))]);
}

#[tokio::test]
async fn every_step_runs_twice_with_one_effect() {
    let w = world().await;
    let id = w.booked(48).await;
    for _ in 0..2 {
        let held = invoke(&hold_slot::use_case(), &w.services, of(id)).await.unwrap();
        let ends: jiff::Timestamp = "2027-03-01T09:15:00Z".parse().unwrap();
        assert_eq!((&held["held"], &held["holdEndsAtMs"]), (&json!(true), &json!(ends.as_millisecond())));
        assert_eq!(held["amount"], json!({ "amount": 4500, "currency": "USD" }));
    }
    for _ in 0..2 {
        let scheduled = invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
        assert_eq!(
            (&scheduled["scheduled"], &scheduled["outcomeSeconds"]),
            (&json!(true), &json!(50 * 3600))
        );
    }
    w.advance(SignedDuration::from_hours(50));
    for _ in 0..2 {
        let outcome = invoke(&auto_complete_lesson::use_case(), &w.services, of(id)).await.unwrap();
        assert_eq!(outcome, json!({ "decision": "completed", "disputeWindowSeconds": 259_200 }));
    }
    for _ in 0..2 {
        invoke(&close_saga::use_case(), &w.services, of(id)).await.unwrap();
    }
    assert_eq!(w.bus.kinds(), ["lesson.requested", "lesson.scheduled", "lesson.started", "lesson.completed"]);
    let row = &w.database.connect().read("SELECT status FROM lesson_sagas", &[]).await.unwrap()[0];
    assert_eq!(row.get::<_, &str>(0), "closed");
}

#[tokio::test]
async fn a_slot_is_freed_once_before_and_after_scheduling() {
    let w = world().await;
    let (unpaid, scheduled) = (w.booked(48).await, w.booked(50).await);
    invoke(&schedule_lesson::use_case(), &w.services, of(scheduled)).await.unwrap();
    for id in [unpaid, unpaid, scheduled, scheduled] {
        invoke(&free_slot::use_case(), &w.services, of(id)).await.unwrap();
    }
    let ends: Vec<_> =
        w.bus.kinds().into_iter().filter(|k| k.ends_with("ed") && !k.ends_with("requested")).collect();
    assert_eq!(ends, ["lesson.scheduled", "lesson.expired", "lesson.cancelled"]);
    w.booked(48).await;
    w.booked(50).await;
}

#[tokio::test]
async fn a_lesson_called_off_while_it_waits_for_payment_ends_that_wait_and_is_never_scheduled() {
    let w = world().await;
    let (id, payment) = (w.booked(48).await, Uuid::now_v7());
    await_it(&w, id, payment, "t1").await;
    let request = TestRequest::new(w.as_student()).path("lessonId", id).json(&json!({ "reason": "ill" }));
    request.send(&cancel_lesson::use_case(), &w.services).await.data();
    assert_eq!(w.sagas.answers(), [("t1".into(), json!({ "outcome": "cancelled" }))]);
    // The money came all the same: the state machine asks, and is told to give all of it back.
    let scheduled = invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(scheduled["scheduled"], false);
    assert_eq!(scheduled["amount"]["amount"], 4500);
}

#[tokio::test]
async fn a_lesson_called_off_after_scheduling_wakes_the_second_wait() {
    let w = world().await;
    let id = w.booked(48).await;
    invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    let wait = json!({ "lessonId": id, "token": "t2" });
    invoke(&await_outcome::use_case(), &w.services, wait).await.unwrap();
    let request = TestRequest::new(w.as_tutor()).path("lessonId", id).json(&json!({ "reason": "ill" }));
    request.send(&cancel_lesson::use_case(), &w.services).await.data();
    let refund = json!({ "decision": "cancelled", "refund": { "amount": 4500, "currency": "USD" } });
    assert_eq!(w.sagas.answers(), [("t2".into(), refund)]);
    // The scheduling step, run again after it, doesn't take the other way.
    let again = invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(again["scheduled"], true);
}

#[tokio::test]
async fn an_outcome_that_comes_before_its_wait_is_not_lost() {
    let w = world().await;
    let id = w.booked(48).await;
    invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    w.advance(SignedDuration::from_hours(48));
    let request = TestRequest::new(w.as_tutor()).path("lessonId", id);
    request.send(&complete_lesson::use_case(), &w.services).await.data();
    assert!(w.sagas.answers().is_empty());
    invoke(&await_outcome::use_case(), &w.services, json!({ "lessonId": id, "token": "t2" })).await.unwrap();
    assert_eq!(w.sagas.answers()[0].1["decision"], "completed");
}

#[tokio::test]
async fn a_parked_state_machine_goes_on_when_a_person_says_so() {
    let w = world().await;
    let id = w.booked(48).await;
    let none = invoke(&resume_saga::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(none, json!({ "resumed": false }));
    let park = json!({ "lessonId": id, "step": "ReleasePayment", "error": "Transient", "cause": "x", "token": "t9" });
    invoke(&park_saga::use_case(), &w.services, park).await.unwrap();
    let resumed = invoke(&resume_saga::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(resumed, json!({ "resumed": true }));
    assert_eq!(w.sagas.answers()[0].0, "t9");
    let again = invoke(&resume_saga::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(again, json!({ "resumed": false }));
}

#[tokio::test]
async fn an_execution_that_died_is_followed_by_another_once_its_next_step_is_due() {
    let w = world().await;
    let id = w.booked(48).await;
    w.sagas.dead.lock().unwrap().push(format!("arn:{id}-1"));
    let db = w.database.connect();
    let sweep = sweep_sagas::use_case();
    let back_date = "UPDATE lesson_sagas SET updated_at = '2027-03-01T08:00:00Z'";
    db.write(back_date, &[]).await.unwrap();
    invoke(&sweep, &w.services, json!({})).await.unwrap();
    assert_eq!(w.sagas.started.lock().unwrap().len(), 1, "the hold has not run out yet");
    w.advance(SignedDuration::from_mins(16));
    for _ in 0..2 {
        invoke(&sweep, &w.services, json!({})).await.unwrap();
        db.write(back_date, &[]).await.unwrap();
    }
    assert_eq!(*w.sagas.started.lock().unwrap(), [id, id], "the second one lives");
}

#[tokio::test]
async fn an_execution_that_follows_a_dead_one_goes_the_same_way_again() {
    let w = world().await;
    let (id, payment) = (w.booked(48).await, Uuid::now_v7());
    paid(&w, "payment.held", id, payment).await;
    invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    w.advance(SignedDuration::from_hours(48));
    let request = TestRequest::new(w.as_tutor()).path("lessonId", id);
    request.send(&complete_lesson::use_case(), &w.services).await.data();
    assert_eq!(invoke(&hold_slot::use_case(), &w.services, of(id)).await.unwrap()["held"], true);
    await_it(&w, id, payment, "new1").await;
    let scheduled = invoke(&schedule_lesson::use_case(), &w.services, of(id)).await.unwrap();
    assert_eq!(scheduled["scheduled"], true);
    invoke(&await_outcome::use_case(), &w.services, json!({ "lessonId": id, "token": "new2" }))
        .await
        .unwrap();
    let answers = w.sagas.answers();
    assert_eq!(answers[0], ("new1".into(), json!({ "outcome": "held" })));
    assert_eq!((answers[1].0.as_str(), &answers[1].1["decision"]), ("new2", &json!("completed")));
}
