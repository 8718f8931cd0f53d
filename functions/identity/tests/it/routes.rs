//! The routes.

use lectern_domain::id::{SessionId, UserId};
use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{confirm_user, get_own_user, refresh_session, register_user, sign_in};
use lectern_runtime::testing::{As, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::without_database;
use super::world::{World, world};

fn registration() -> Value {
    json!({ "email": "ada@example.org", "password": "correct horse 9!", "firstName": "Ada",
        "lastName": "Lovelace", "dateOfBirth": "2000-12-10", "role": "student", "timeZone": "Europe/London" })
}

async fn register(w: &World, body: &Value) -> lectern_runtime::testing::Answered {
    TestRequest::new(As::Nobody).json(body).send(&register_user::use_case(), &w.services).await
}

#[tokio::test]
async fn a_registration_is_answered_alike_whether_or_not_the_email_is_known() {
    let w = world().await;
    let unknown = register(&w, &registration()).await;
    w.pool.fails_with(PoolError::EmailTaken);
    let known = register(&w, &registration()).await;
    assert_eq!((unknown.status, &unknown.body["data"]), (known.status, &known.body["data"]));
    assert_eq!(unknown.status, 202);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let w = world().await;
    let body = json!({ "email": "nobody", "password": "short", "firstName": "", "dateOfBirth": "31.1.2000",
        "role": "admin", "timeZone": "Mars/Olympus", "isAdmin": true });
    let answer = register(&w, &body).await;
    assert_eq!((answer.status, answer.problem()), (422, "invalid-fields"));
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["dateOfBirth", "email", "firstName", "isAdmin", "password", "role", "timeZone"]);
    assert!(w.pool.asked.lock().unwrap().is_empty(), "the pool was asked");
}

#[tokio::test]
async fn a_password_that_the_pool_refuses_is_a_wrong_field() {
    let w = world().await;
    w.pool.fails_with(PoolError::PasswordRefused("must have a number".into()));
    let answer = register(&w, &registration()).await;
    assert_eq!((answer.status, answer.bad_fields()), (422, vec!["password"]));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_are_one_answer() {
    let w = world().await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse 9!" });
    let mut answers = Vec::new();
    for error in [PoolError::Refused("no such user".into()), PoolError::TriggerRefused("suspended".into())] {
        w.pool.fails_with(error);
        let request = TestRequest::new(As::Nobody).json(&body);
        let answer = request.send(&sign_in::use_case(), &w.services).await;
        answers.push((answer.status, answer.problem().to_owned(), answer.body["detail"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 401);
}

#[tokio::test]
async fn a_session_has_its_tokens_and_a_refresh_gives_new_ones() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    w.pool.gives_tokens_of(user, SessionId(Uuid::now_v7()), 1);
    let body = json!({ "email": "ada@example.org", "password": "correct horse 9!" });
    let session = TestRequest::new(As::Nobody).json(&body).send(&sign_in::use_case(), &w.services).await;
    assert!(session.data()["accessToken"].is_string());
    assert_eq!(session.data()["expiresIn"], 900);
    let body = json!({ "refreshToken": session.data()["refreshToken"] });
    let refreshed =
        TestRequest::new(As::Nobody).json(&body).send(&refresh_session::use_case(), &w.services).await;
    assert!(refreshed.data()["accessToken"].is_string());
    assert!(refreshed.data().get("refreshToken").is_none());
}

#[tokio::test]
async fn a_wrong_code_is_one_answer_for_every_reason() {
    let w = world().await;
    let request =
        || TestRequest::new(As::Nobody).json(&json!({ "email": "ada@example.org", "code": "000000" }));
    w.pool.fails_with(PoolError::Refused("expired".into()));
    let answer = request().send(&confirm_user::use_case(), &w.services).await;
    assert_eq!((answer.status, answer.problem()), (422, "code-mismatch"));
    let answer = request().send(&confirm_user::use_case(), &w.services).await;
    assert_eq!(answer.data()["next"], "sign_in");
}

#[tokio::test]
async fn a_pool_that_is_down_is_503_with_a_time_to_come_back() {
    let w = world().await;
    w.pool.fails_with(PoolError::Unavailable("connection refused".into()));
    let answer = register(&w, &registration()).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!answer.body.to_string().contains("connection"), "the cause is not the client's to know");
}

#[tokio::test]
async fn too_many_registrations_from_one_address_are_stopped() {
    let w = world().await;
    let somebody = |n: u32| {
        let mut body = registration();
        body["email"] = json!(format!("ada{n}@example.org"));
        body
    };
    for n in 1..=20 {
        let answer = register(&w, &somebody(n)).await;
        assert_eq!(answer.status, 202);
        // Told is the nearest limit: 4 more of this email, then fewer of this address.
        assert_eq!(answer.headers["ratelimit"], format!("\"default\";r={};t=0", 4.min(20 - n)));
    }
    let stopped = register(&w, &somebody(21)).await;
    assert_eq!((stopped.status, stopped.problem()), (429, "rate-limited"));
    assert_eq!(stopped.headers["retry-after"], "3");
    assert_eq!(stopped.headers["ratelimit"], "\"default\";r=0;t=3");
    assert_eq!(stopped.headers["ratelimit-policy"], "\"default\";q=20;w=60");
    w.services.base.kit.clock.advance(jiff::SignedDuration::from_secs(3));
    assert_eq!(register(&w, &somebody(21)).await.status, 202);
}

#[tokio::test]
async fn an_unknown_user_is_404_and_a_query_is_one_round_trip() {
    let w = world().await;
    let nobody = As::User(UserId(Uuid::now_v7()), Role::Student);
    let before = w.services.base.round_trips();
    let answer = TestRequest::new(nobody).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    assert_eq!(w.services.base.round_trips() - before, 1);
}

#[tokio::test]
async fn a_database_that_is_down_is_503_with_a_time_to_come_back() {
    let w = world().await;
    let down = without_database(&w);
    let me = As::User(UserId(Uuid::now_v7()), Role::Student);
    let answer = TestRequest::new(me).send(&get_own_user::use_case(), &down).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_as_such() {
    let w = world().await;
    let case = register_user::use_case();
    let text = TestRequest::new(As::Nobody).raw("hello").send(&case, &w.services).await;
    assert_eq!((text.status, text.problem()), (415, "unsupported-media-type"));
    let broken = TestRequest::new(As::Nobody).raw("{").header("content-type", "application/json");
    let broken = broken.send(&case, &w.services).await;
    assert_eq!((broken.status, broken.problem()), (400, "malformed"));
    let large = TestRequest::new(As::Nobody).json(&json!({ "firstName": "a".repeat(300_000) }));
    let large = large.send(&case, &w.services).await;
    assert_eq!((large.status, large.problem()), (413, "too-large"));
}
