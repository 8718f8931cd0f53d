//! Accounts that somebody makes for somebody else, with each step failing.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{
    appoint_staff_user, create_staff_user, create_user, erase_own_user, pre_sign_up, pre_token_generation,
};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::{Value, json};

use super::office::{as_superuser, at_once, audit_log, by, counted, send, with_status};
use super::support::without_database;
use super::world::{World, pool_event, world};

const EMAIL: &str = "grace@example.org";

fn grace() -> Value {
    json!({ "email": "Grace@Example.org", "firstName": "Grace", "lastName": "Hopper", "role": "admin",
        "timeZone": "America/New_York", "locale": "en-US" })
}

fn request(superadmin: UserId, key: &str, body: &Value) -> TestRequest {
    by(superadmin, Role::Superadmin).header("idempotency-key", key).json(body)
}

async fn appoint(w: &World, superadmin: UserId, key: &str) -> Answered {
    send(w, &appoint_staff_user::use_case(), request(superadmin, key, &grace())).await
}

async fn stored(w: &World) -> Vec<(String, String, Option<String>)> {
    let sql = format!("SELECT role, status, cognito_sub FROM users WHERE email = '{EMAIL}'");
    as_superuser(w, &sql).await.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

fn active() -> Vec<(String, String, Option<String>)> {
    vec![("admin".into(), "active".into(), Some(format!("sub-{EMAIL}")))]
}

fn pending() -> Vec<(String, String, Option<String>)> {
    vec![("admin".into(), "pending_verification".into(), None)]
}

#[tokio::test]
async fn a_superadmin_makes_an_admin_who_is_mailed_a_code() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    let case = appoint_staff_user::use_case();
    let (made, trips) = counted(&w, &case, request(superadmin, "k1", &grace())).await;
    assert_eq!((made.status, trips), (201, 2 + 2), "begin, finish; and mark as published after each");
    assert_eq!((&made.data()["role"], &made.data()["next"]), (&json!("admin"), &json!("set_password")));
    assert_eq!(stored(&w).await, active());
    assert_eq!(w.pool.asked(), [format!("appoint {EMAIL}"), format!("forgot_password {EMAIL}")]);
    assert_eq!(w.bus.kinds(), ["user.registered", "user.activated"]);
    let id = made.data()["userId"].as_str().unwrap();
    let entry = audit_log(&w).await.remove(0);
    assert_eq!(entry.0, format!("user:{superadmin}"));
    assert_eq!(
        (entry.1.as_str(), entry.2, entry.3),
        ("user.appointed", format!("user:{id}"), json!({ "role": "admin" }))
    );
    let kept = as_superuser(&w, "SELECT answer::text FROM idempotency_keys").await;
    assert!(
        !kept[0].get::<_, &str>(0).to_lowercase().contains("grace"),
        "nothing personal is kept as an answer"
    );
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_another_finds_the_email_taken() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    let first = appoint(&w, superadmin, "k1").await;
    let again = appoint(&w, superadmin, "k1").await;
    assert_eq!((again.status, again.data()), (201, first.data()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = appoint(&w, superadmin, "k2").await;
    assert_eq!((other.status, other.problem()), (409, "email-taken"));
    let mut body = grace();
    body["firstName"] = json!("Graham");
    let reused = send(&w, &appoint_staff_user::use_case(), request(superadmin, "k1", &body)).await;
    assert_eq!((reused.status, reused.problem()), (422, "idempotency-key-reused"));
    assert_eq!(w.pool.asked().len(), 2, "the pool was asked once for each");
    assert_eq!(w.bus.kinds().len(), 2);
}

#[tokio::test]
async fn only_a_superadmin_makes_staff_and_of_staff_alone() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let case = appoint_staff_user::use_case();
    let forbidden = by(admin, Role::Admin).header("idempotency-key", "k").json(&grace());
    assert_eq!(send(&w, &case, forbidden).await.status, 403);
    let mut body = grace();
    body["role"] = json!("student");
    body["email"] = json!("nobody");
    let superadmin = w.user(Role::Superadmin).await;
    let wrong = send(&w, &case, request(superadmin, "k", &body)).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["email", "role"]);
    let without = send(&w, &case, by(superadmin, Role::Superadmin).json(&grace())).await;
    assert_eq!((without.status, without.problem()), (400, "idempotency-key-missing"));
}

#[tokio::test]
async fn what_stopped_halfway_in_the_pool_goes_on_with_the_same_request_or_another() {
    for step in ["appoint", "forgot_password"] {
        for key in ["k1", "k2"] {
            let w = world().await;
            let superadmin = w.user(Role::Superadmin).await;
            w.pool.fails_at(step, PoolError::Unavailable("connection refused".into()));
            let stopped = appoint(&w, superadmin, "k1").await;
            assert_eq!((stopped.status, stopped.problem()), (503, "unavailable"), "{step}");
            assert_eq!((stored(&w).await, audit_log(&w).await.len()), (pending(), 0), "{step}");
            let made = appoint(&w, superadmin, key).await;
            assert_eq!((made.status, stored(&w).await), (201, active()), "{step} {key}");
            assert_eq!(w.bus.kinds(), ["user.registered", "user.activated"], "{step} {key}");
        }
    }
}

#[tokio::test]
async fn what_stopped_at_the_database_goes_on_with_the_same_request() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    let down = without_database(&w);
    let case = create_user::use_case();
    let body = json!({ "email": EMAIL, "firstName": "Grace", "lastName": "Hopper", "role": "tutor" });
    let service = || TestRequest::new(As::Service("x")).header("idempotency-key", "k1").json(&body);
    assert_eq!(service().send(&case, &down).await.status, 503);
    assert!(w.pool.asked().is_empty() && stored(&w).await.is_empty(), "nothing is begun in the pool first");
    // The last step fails, after everything was done in the pool.
    as_superuser(&w, "ALTER FUNCTION idempotency_put RENAME TO gone").await;
    let stopped = appoint(&w, superadmin, "k1").await;
    assert_eq!((stopped.status, stored(&w).await), (500, pending()));
    as_superuser(&w, "ALTER FUNCTION gone RENAME TO idempotency_put").await;
    let made = appoint(&w, superadmin, "k1").await;
    assert_eq!((made.status, stored(&w).await), (201, active()));
    assert_eq!(audit_log(&w).await.len(), 1);
}

#[tokio::test]
async fn nobody_signs_in_before_the_last_step() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    w.pool.fails_at("forgot_password", PoolError::Unavailable("connection refused".into()));
    assert_eq!(appoint(&w, superadmin, "k1").await.status, 503);
    let sub = json!({ "sub": format!("sub-{EMAIL}"), "email": EMAIL, "birthdate": "", "custom:role": "" });
    let sign_in = pool_event("TokenGeneration_Authentication", sub);
    assert!(invoke(&pre_token_generation::use_case(), &w.services, sign_in.clone()).await.is_err());
    assert_eq!(appoint(&w, superadmin, "k1").await.status, 201);
    let token = invoke(&pre_token_generation::use_case(), &w.services, sign_in).await.unwrap();
    let claims = &token["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"];
    assert_eq!(claims["claimsToAddOrOverride"]["role"], "admin");
}

#[tokio::test]
async fn what_was_begun_and_left_is_kept_like_an_email_that_was_never_verified() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    w.pool.fails_at("appoint", PoolError::Unavailable("connection refused".into()));
    appoint(&w, superadmin, "k1").await;
    let sql = "SELECT 1 FROM users WHERE status = 'pending_verification' AND cognito_sub IS NULL";
    assert_eq!(as_superuser(&w, sql).await.len(), 1);
    // The operator's command goes on with it too.
    let input = json!({ "email": EMAIL, "password": "correct horse 9!", "firstName": "Grace",
        "lastName": "Hopper", "role": "admin" });
    invoke(&create_staff_user::use_case(), &w.services, input).await.unwrap();
    assert_eq!(stored(&w).await, active());
}

#[tokio::test]
async fn an_email_that_somebody_signs_up_with_is_taken() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    let sign_up = pool_event("PreSignUp_SignUp", json!({ "email": EMAIL }));
    invoke(&pre_sign_up::use_case(), &w.services, sign_up).await.unwrap();
    let answer = appoint(&w, superadmin, "k1").await;
    assert_eq!((answer.status, answer.problem()), (409, "email-taken"));
    assert!(w.pool.asked().is_empty(), "nobody's password was touched");
}

#[tokio::test]
async fn an_account_that_the_pool_has_yet_to_delete_is_not_built_upon() {
    let w = world().await;
    let superadmin = w.user(Role::Superadmin).await;
    let former = w.user(Role::Student).await;
    let sql =
        format!("UPDATE users SET email = '{EMAIL}', cognito_sub = 'sub-{EMAIL}' WHERE id = '{former}'");
    as_superuser(&w, &sql).await;
    w.pool.set_down(true);
    assert_eq!(send(&w, &erase_own_user::use_case(), by(former, Role::Student)).await.status, 200);
    w.pool.set_down(false);
    let refused = appoint(&w, superadmin, "k1").await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
    assert_eq!(w.pool.asked().last().unwrap(), &format!("delete sub-{EMAIL}"));
    assert_eq!(appoint(&w, superadmin, "k1").await.status, 201);
    assert_eq!(stored(&w).await, active());
}

#[tokio::test]
async fn fifty_requests_at_once_make_one_account() {
    for same_key in [true, false] {
        let w = world().await;
        let superadmin = w.user(Role::Superadmin).await;
        let requests = (0..50).map(|n| {
            let key = if same_key { "k".to_owned() } else { format!("k{n}") };
            (appoint_staff_user::use_case(), request(superadmin, &key, &grace()))
        });
        let answers = at_once(&w, requests).await;
        let made = answers.iter().filter(|a| a.status == 201);
        let fresh = made.filter(|a| !a.headers.contains_key("idempotent-replayed")).count();
        assert_eq!(fresh, 1);
        assert_eq!(with_status(&answers, 201) + with_status(&answers, 409), 50);
        assert_eq!((stored(&w).await, audit_log(&w).await.len()), (active(), 1));
        assert_eq!(w.bus.kinds(), ["user.registered", "user.activated"]);
    }
}

#[tokio::test]
async fn a_service_brings_a_user_along() {
    let w = world().await;
    let case = create_user::use_case();
    let body = json!({ "email": EMAIL, "firstName": "Grace", "lastName": "Hopper", "role": "tutor" });
    let service = |body: &Value| {
        TestRequest::new(As::Service("lectern-import")).header("idempotency-key", "k").json(body)
    };
    let (made, trips) = counted(&w, &case, service(&body)).await;
    assert_eq!((made.status, &made.data()["role"], trips), (201, &json!("tutor"), 2 + 2));
    assert_eq!(
        audit_log(&w).await[0].0,
        "system:session",
        "a function's sessions are called like the function"
    );
    let again = send(&w, &case, service(&body)).await;
    assert_eq!((again.status, again.data()), (201, made.data()));
    let staff = json!({ "email": "x@example.org", "firstName": "X", "lastName": "Y", "role": "superadmin" });
    assert_eq!(send(&w, &case, service(&staff)).await.bad_fields(), ["role"]);
    let person = w.user(Role::Superadmin).await;
    let person = by(person, Role::Superadmin).header("idempotency-key", "k").json(&body);
    assert_eq!(send(&w, &case, person).await.status, 401, "people have no business here");
}
