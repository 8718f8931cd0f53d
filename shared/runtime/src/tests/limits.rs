use std::sync::Arc;

use serde_json::{Value, json};

use super::{Told, told};
use crate::rate_limit::{Per, RateLimit};
use crate::testing::{Answered, As, TestRequest};
use crate::{Answer, Anyone, Cx, Method, Problem, Request, UseCase};

const LIMITS: &[RateLimit] = &[
    RateLimit { per: Per::Address, burst: 5, period_seconds: 60 },
    RateLimit { per: Per::Field("email"), burst: 2, period_seconds: 900 },
];

async fn accept(_cx: Cx<Told>, _caller: Anyone, _request: Request) -> Result<Answer<Value>, Problem> {
    Ok(Answer::new(json!({})))
}

async fn send(services: &Arc<Told>, body: &Value) -> Answered {
    let case = UseCase::http("greet", Method::Post, "/v1/greetings", accept).rate_limits(LIMITS);
    TestRequest::new(As::Nobody).json(body).send(&case, services).await
}

/// The calls that were counted by the field.
fn by_field(services: &Told) -> Vec<(String, u32)> {
    let calls = services.calls.lock().unwrap();
    calls.iter().filter(|(key, _)| key.contains("Field")).map(|(key, n)| (key.clone(), *n)).collect()
}

#[tokio::test]
async fn calls_are_counted_by_a_field_of_the_body_however_it_is_written() {
    let services = told();
    for email in ["ada@example.org", "  ADA@Example.org "] {
        assert_ne!(send(&services, &json!({ "email": email })).await.status, 429);
    }
    assert_eq!(by_field(&services), [("greet:Field(\"email\"):900:ada@example.org".to_owned(), 2)]);
    assert_eq!(send(&services, &json!({ "email": "ada@example.org" })).await.status, 429);
    assert_ne!(send(&services, &json!({ "email": "ben@example.org" })).await.status, 429);
}

#[tokio::test]
async fn a_body_without_the_field_is_not_counted_by_it() {
    let services = told();
    for body in [json!({}), json!({ "email": 7 }), json!({ "email": " " }), json!(["email"])] {
        send(&services, &body).await;
    }
    let case = UseCase::http("greet", Method::Post, "/v1/greetings", accept).rate_limits(LIMITS);
    let broken = TestRequest::new(As::Nobody).raw("{").header("content-type", "application/json");
    assert_eq!(broken.send(&case, &services).await.status, 400);
    assert_eq!(by_field(&services), []);
}

#[tokio::test]
async fn the_nearest_limit_is_shown_and_a_call_too_many_says_which_it_was() {
    let services = told();
    let body = json!({ "email": "ada@example.org" });
    let first = send(&services, &body).await;
    assert_eq!(first.headers["ratelimit-policy"], "\"default\";q=2;w=900");
    assert_eq!(first.headers["ratelimit"], "\"default\";r=1;t=0");
    send(&services, &body).await;
    let refused = send(&services, &body).await;
    assert_eq!((refused.status, refused.problem()), (429, "rate-limited"));
    assert_eq!(refused.headers["retry-after"], "7");
    assert_eq!(refused.headers["ratelimit-policy"], "\"default\";q=2;w=900");
    assert_eq!(refused.headers["ratelimit"], "\"default\";r=0;t=7");
    let other = send(&services, &json!({})).await;
    assert_eq!(other.headers["ratelimit-policy"], "\"default\";q=5;w=60");
    assert_eq!(other.headers["ratelimit"], "\"default\";r=1;t=0");
}
