//! Each step of the saga fails once, and each is run twice.

use std::collections::HashMap;

use lectern_runtime::use_case::Trigger;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Broken;
use crate::support::database;
use crate::support::lessons::Lesson;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// What happened so far in the lesson's execution, in order.
async fn history(world: &World, lesson: &Lesson<'_>) -> Vec<Value> {
    let sql = "SELECT execution_arn FROM lesson_sagas WHERE lesson_id = $1";
    let arn: Option<String> = database::one("booking", sql, &[&lesson.uuid()]).await;
    let Some(arn) = arn else { return Vec::new() };
    let query = json!({ "executionArn": arn, "maxResults": 1000 });
    let answer = world.aws.json("states", "AWSStepFunctions.GetExecutionHistory", &query).await;
    answer["events"].as_array().cloned().unwrap_or_default()
}

/// The step that failed last in the execution, with how often anything failed in it.
fn failures(history: &[Value]) -> HashMap<String, usize> {
    let mut state = String::new();
    let mut failed = HashMap::new();
    for event in history {
        if let Some(name) = event["stateEnteredEventDetails"]["name"].as_str() {
            name.clone_into(&mut state);
        }
        let kind = event["type"].as_str().unwrap_or_default();
        if kind.ends_with("Failed") && kind != "ExecutionFailed" {
            *failed.entry(state.clone()).or_default() += 1;
        }
    }
    failed
}

/// `ScheduleLesson` -> `schedule-lesson`.
fn use_case_of(state: &str) -> String {
    let mut name = String::new();
    for letter in state.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Steps that can't reach their database until they have failed.
async fn broken<'a>(world: &'a World, steps: &[&str]) -> HashMap<String, Broken<'a>> {
    let steps_of_table: Vec<_> = lectern_local::all()
        .into_iter()
        .filter(|f| matches!(f.meta.trigger, Trigger::Step(_)))
        .map(|f| f.meta.name)
        .collect();
    let mut broken = HashMap::new();
    for step in steps {
        assert!(steps_of_table.contains(step), "{step} is no step");
        let nowhere = Broken::by(world, step, "DATABASE_URL_PARAMETER", "/lectern/local/nowhere").await;
        broken.insert((*step).to_owned(), nowhere);
    }
    broken
}

/// Mends each of these steps as soon as it has failed once.
async fn mend_what_fails(
    world: &World,
    lesson: &Lesson<'_>,
    broken: &mut HashMap<String, Broken<'_>>,
    last: &str,
) {
    until(&format!("{last} has failed"), SOON * 2, async || {
        for state in failures(&history(world, lesson).await).into_keys() {
            if let Some(step) = broken.remove(&use_case_of(&state)) {
                step.mend().await;
            }
        }
        (!broken.contains_key(last)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_step_to_a_tutor_paid_may_fail_once() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let steps = [
        "hold-slot",
        "create-payment",
        "await-payment",
        "schedule-lesson",
        "await-outcome",
        "release-payment",
        "close-saga",
    ];
    let mut broken = broken(&world, &steps).await;
    let lesson = world.book(&pair).await;
    mend_what_fails(&world, &lesson, &mut broken, "await-payment").await;
    lesson.pay("pm_card_visa").await;
    mend_what_fails(&world, &lesson, &mut broken, "await-outcome").await;
    lesson.is("scheduled").await;
    lesson.complete().await.data(200);
    mend_what_fails(&world, &lesson, &mut broken, "close-saga").await;
    assert!(broken.is_empty());
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn every_step_back_may_fail_once() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    let mut unpaid = broken(&world, &["cancel-payment", "free-slot"]).await;
    let lesson = world.book(&pair).await;
    lesson.pay("pm_card_chargeDeclined").await;
    mend_what_fails(&world, &lesson, &mut unpaid, "free-slot").await;
    lesson.is("expired").await;
    lesson.is_at_rest().await;

    let lesson = world.scheduled(&pair).await;
    let mut paid = broken(&world, &["refund-payment"]).await;
    lesson.cancel(&pair.student).await.data(200);
    until("refund-payment has failed", SOON, async || {
        let failed = failures(&history(&world, &lesson).await);
        failed.contains_key("RefundPart").then_some(())
    })
    .await;
    paid.remove("refund-payment").unwrap().mend().await;
    lesson.payment_is("refunded").await;
    lesson.is_at_rest().await;
}

/// Everything of a lesson that a second run could change.
async fn record(lesson: &Lesson<'_>) -> Value {
    let entries =
        "SELECT count(*) FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
                   JOIN payments p ON p.id = t.payment_id WHERE p.lesson_id = $1";
    let entries: i64 = database::one("payments", entries, &[&lesson.uuid()]).await;
    let operations = "SELECT count(*) FROM stripe_operations o JOIN payments p ON p.id = o.payment_id
                      WHERE p.lesson_id = $1";
    let operations: i64 = database::one("payments", operations, &[&lesson.uuid()]).await;
    json!([lesson.read().await, lesson.read_payment().await, entries, operations])
}

/// Runs the whole state machine of a lesson once more.
async fn run_again(world: &World, lesson: &Lesson<'_>) {
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:lectern-local-lesson-payment";
    let input = json!({ "lessonId": lesson.id }).to_string();
    let query = json!({ "stateMachineArn": machine, "name": Uuid::new_v4().to_string(), "input": input });
    let started = world.aws.json("states", "AWSStepFunctions.StartExecution", &query).await;
    let arn = started["executionArn"].as_str().unwrap().to_owned();
    until("the second run has ended", SOON, async || match world.aws.execution(&arn).await.as_str() {
        "RUNNING" => None,
        status => {
            assert_eq!(status, "SUCCEEDED");
            Some(())
        }
    })
    .await;
}

#[tokio::test]
async fn every_step_may_run_twice() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.scheduled(&pair).await;
    let payment = lesson.payment().await;
    let of_lesson = json!({ "lessonId": lesson.id });
    let create = json!({ "lessonId": lesson.id, "studentId": pair.student.id, "tutorId": pair.tutor.id,
        "amount": { "amount": 4500, "currency": "USD" } });
    let before = record(&lesson).await;
    for (step, input) in
        [("hold-slot", &of_lesson), ("create-payment", &create), ("schedule-lesson", &of_lesson)]
    {
        world.aws.invoke(step, input).await;
        assert_eq!(record(&lesson).await, before, "{step}, run twice");
    }
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let before = record(&lesson).await;
    let of_payment = json!({ "paymentId": payment });
    let steps = [
        ("release-payment", &of_payment),
        ("cancel-payment", &of_lesson),
        ("free-slot", &of_lesson),
        ("auto-complete-lesson", &of_lesson),
        ("close-saga", &of_lesson),
        ("hold-slot", &of_lesson),
        ("create-payment", &create),
        ("schedule-lesson", &of_lesson),
    ];
    for (step, input) in steps {
        world.aws.invoke(step, input).await;
        assert_eq!(record(&lesson).await, before, "{step}, run after the end");
    }
    run_again(&world, &lesson).await;
    assert_eq!(record(&lesson).await, before, "all steps, run after the end");
    lesson.is_at_rest().await;
}

#[tokio::test]
async fn every_step_back_may_run_twice() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.scheduled(&pair).await;
    lesson.cancel(&pair.student).await.data(200);
    lesson.payment_is("refunded").await;
    lesson.is_at_rest().await;
    let before = record(&lesson).await;
    let refund = json!({ "paymentId": lesson.payment().await, "refundId": lesson.id,
        "amount": { "amount": 4500, "currency": "USD" }, "reason": "lesson_cancelled" });
    let of_lesson = json!({ "lessonId": lesson.id });
    for (step, input) in
        [("refund-payment", &refund), ("free-slot", &of_lesson), ("cancel-payment", &of_lesson)]
    {
        world.aws.invoke(step, input).await;
        assert_eq!(record(&lesson).await, before, "{step}, run twice");
    }
    run_again(&world, &lesson).await;
    assert_eq!(record(&lesson).await, before, "all steps, run after the end");
    lesson.is_at_rest().await;
}
