//! `GET /health`.

use std::sync::Arc;
use std::time::Duration;

use lectern_platform::get_health::use_case;
use lectern_platform::health_checks::{Checked, DatabaseHealth};
use lectern_platform::{DATABASES, Platform};
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::fakes::{Contexts, Does, platform, up};

async fn health(contexts: Contexts, check_max: Duration) -> Answered {
    let services = Arc::new(Platform { checks: Arc::new(contexts), check_max, ..platform() });
    TestRequest::new(As::Nobody).send(&use_case(), &services).await
}

const LONG: Duration = Duration::from_secs(30);

fn context(name: &str, database: &str, schema_version: Option<i32>, outbox_waiting: Option<i64>) -> Value {
    json!({ "context": name, "database": database, "schemaVersion": schema_version, "outboxWaiting": outbox_waiting })
}

fn fine(name: &str) -> Value {
    context(name, "up", Some(3), Some(0))
}

#[tokio::test]
async fn all_is_up_when_every_context_says_so() {
    let busy = Checked { outbox_waiting: Some(12), ..up() };
    let answer = health(Contexts::except("payments", Does::Answer(busy)), LONG).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        *answer.data(),
        json!({
            "status": "up",
            "version": env!("CARGO_PKG_VERSION"),
            "contexts": [fine("identity"), fine("tutoring"), fine("booking"), context("payments", "up", Some(3), Some(12))],
        })
    );
}

#[tokio::test]
async fn a_database_that_is_down_makes_it_unavailable_and_all_are_named() {
    let down = Checked { database: DatabaseHealth::Down, schema_version: None, outbox_waiting: None };
    let answer = health(Contexts::except("booking", Does::Answer(down)), LONG).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.body["health"], "degraded");
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        answer.body["contexts"],
        json!([fine("identity"), fine("tutoring"), context("booking", "down", None, None), fine("payments")])
    );
}

#[tokio::test]
async fn a_context_that_can_not_be_asked_is_unknown_and_the_cause_stays_with_us() {
    let answer = health(Contexts::except("identity", Does::Break), LONG).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(answer.body["contexts"][0], context("identity", "unknown", None, None));
    assert!(!answer.body.to_string().contains("secret cause"));
}

#[tokio::test]
async fn a_context_that_does_not_answer_in_time_is_unknown() {
    let answer = health(Contexts::except("tutoring", Does::Hang), Duration::from_millis(20)).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(answer.body["contexts"][1], context("tutoring", "unknown", None, None));
    assert_eq!(answer.body["contexts"][2], fine("booking"));
}

#[tokio::test]
async fn contexts_are_asked_at_the_same_time() {
    let barrier = Arc::new(Barrier::new(DATABASES.len()));
    let all = DATABASES.map(|name| (name, Does::Meet(Arc::clone(&barrier))));
    let answer = health(Contexts(all.into()), LONG).await;
    assert_eq!(answer.status, 200);
}
