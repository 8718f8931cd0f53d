//! A changed or reset password ends every session, whichever step fails.

use std::sync::Arc;

use lectern_domain::id::{SessionId, UserId};
use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{Identity, change_password, get_own_user, post_confirmation, sign_in};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::{Value, json};

use super::support::{
    PASSWORD, bearer, count, fresh_session, instance, look, post, set_broken, without_database,
};
use super::world::{World, pool_event, world};

const OWN_ACCOUNT: &str = "aws.cognito.signin.user.admin";
const NEW: &str = "a better horse";

async fn change(services: &Arc<Identity>, user: UserId, scope: &str) -> Answered {
    TestRequest::new(As::User(user, Role::Student))
        .header("Authorization", bearer(scope))
        .json(&json!({ "oldPassword": PASSWORD, "newPassword": NEW }))
        .send(&change_password::use_case(), services)
        .await
}

async fn signed_in(w: &World, user: UserId) -> SessionId {
    let session = fresh_session(w, user, 1);
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    assert_eq!(post(&w.services, &sign_in::use_case(), &body).await.status, 200);
    session
}

async fn is_let_in(w: &World, user: UserId, session: SessionId, version: i64) -> bool {
    let request = TestRequest::new(As::User(user, Role::Student)).session(session.0).access_version(version);
    request.send(&get_own_user::use_case(), &w.services).await.status == 200
}

fn reset_event(user: UserId) -> Value {
    pool_event("PostConfirmation_ConfirmForgotPassword", json!({ "sub": format!("sub-{user}") }))
}

async fn reason(w: &World) -> String {
    look(w, "SELECT details ->> 'reason' FROM audit_log").await[0].get(0)
}

#[tokio::test]
async fn a_changed_password_ends_every_session_and_begins_a_fresh_one() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let (own, other) = (signed_in(&w, user).await, signed_in(&w, user).await);
    let fresh = fresh_session(&w, user, 2);
    let answer = change(&w.services, user, &format!("openid {OWN_ACCOUNT}")).await;
    assert_eq!(answer.data()["refreshToken"], "refresh");
    for session in [own, other] {
        assert!(!is_let_in(&w, user, session, 1).await);
    }
    assert!(is_let_in(&w, user, fresh, 2).await);
    let live = look(&w, "SELECT id FROM sessions WHERE ended_at IS NULL").await;
    assert_eq!((live.len(), live[0].get::<_, uuid::Uuid>(0)), (1, fresh.0));
    let asked = w.pool.asked();
    let begun = |call: &str| asked.iter().rposition(|asked| asked.starts_with(call)).unwrap();
    assert!(
        begun("change_password") < begun("sign_out") && begun("sign_out") < begun("sign_in"),
        "{asked:?}"
    );
    assert_eq!(reason(&w).await, "password_changed");
    assert_eq!(w.bus.kinds(), ["access.revoked"]);
}

#[tokio::test]
async fn a_wrong_old_password_a_refused_new_one_and_an_ended_token_are_told_apart_and_change_nothing() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let session = signed_in(&w, user).await;
    w.pool.fails_with(PoolError::Refused("Incorrect username or password.".into()));
    let wrong = change(&w.services, user, OWN_ACCOUNT).await;
    assert_eq!((wrong.status, wrong.bad_fields()), (422, vec!["oldPassword"]));
    w.pool.fails_with(PoolError::PasswordRefused("was used before".into()));
    assert_eq!(change(&w.services, user, OWN_ACCOUNT).await.bad_fields(), ["newPassword"]);
    w.pool.fails_with(PoolError::Refused("Access Token has been revoked".into()));
    let ended = change(&w.services, user, OWN_ACCOUNT).await;
    assert_eq!((ended.status, ended.problem()), (401, "unauthenticated"));
    w.pool.fails_with(PoolError::Exhausted);
    assert_eq!(change(&w.services, user, OWN_ACCOUNT).await.status, 429);
    w.pool.fails_with(PoolError::Unavailable("down".into()));
    w.services.base.kit.clock.advance(jiff::SignedDuration::from_mins(15));
    assert_eq!(change(&w.services, user, OWN_ACCOUNT).await.status, 503);
    assert!(is_let_in(&w, user, session, 1).await);
}

#[tokio::test]
async fn a_session_of_the_hosted_page_is_told_where_to_change_the_password() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let answer = change(&w.services, user, "openid email profile").await;
    assert_eq!((answer.status, answer.problem()), (403, "forbidden"));
    assert!(answer.body["detail"].as_str().unwrap().contains("/v1/auth/login"));
    let bare = TestRequest::new(As::User(user, Role::Student))
        .json(&json!({ "oldPassword": PASSWORD, "newPassword": NEW }))
        .send(&change_password::use_case(), &w.services)
        .await;
    assert_eq!(bare.status, 401);
    assert!(w.pool.asked().is_empty());
}

#[tokio::test]
async fn a_database_that_is_down_before_the_change_keeps_the_old_password() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    assert_eq!(change(&without_database(&w), user, OWN_ACCOUNT).await.status, 503);
    assert!(w.pool.asked().is_empty());
}

#[tokio::test]
async fn a_database_that_fails_after_the_change_leaves_the_end_of_the_sessions_to_the_pool() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    signed_in(&w, user).await;
    set_broken(&w, "users", true).await;
    assert_eq!(change(&w.services, user, OWN_ACCOUNT).await.status, 200);
    assert!(w.pool.asked().contains(&format!("sign_out sub-{user}")));
    // With the pool down too, somebody has to do it: the person is told.
    w.pool.fails_at("sign_out", PoolError::Unavailable("down".into()));
    let answer = change(&w.services, user, OWN_ACCOUNT).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body["detail"].as_str().unwrap().contains("older sessions may go on"));
}

#[tokio::test]
async fn a_sign_in_that_fails_after_the_change_says_that_the_password_is_changed() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let old = signed_in(&w, user).await;
    w.pool.fails_at("sign_in", PoolError::Unavailable("down".into()));
    let answer = change(&w.services, user, OWN_ACCOUNT).await;
    assert_eq!((answer.status, answer.problem()), (401, "sign-in-failed"));
    assert!(answer.body["detail"].as_str().unwrap().starts_with("The password is changed"));
    assert!(!is_let_in(&w, user, old, 1).await);
}

#[tokio::test]
async fn a_password_that_was_reset_by_either_door_ends_every_session() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let session = signed_in(&w, user).await;
    invoke(&post_confirmation::use_case(), &w.services, reset_event(user)).await.unwrap();
    assert!(!is_let_in(&w, user, session, 1).await);
    assert_eq!(count(&w, "SELECT 1 FROM sessions WHERE ended_at IS NULL").await, 0);
    assert!(w.pool.asked().contains(&format!("sign_out sub-{user}")));
    assert_eq!(reason(&w).await, "password_reset");
}

#[tokio::test]
async fn a_reset_of_an_account_that_is_none_of_ours_is_nothing() {
    let w = world().await;
    let event = pool_event("PostConfirmation_ConfirmForgotPassword", json!({ "sub": "sub-unknown" }));
    invoke(&post_confirmation::use_case(), &w.services, event).await.unwrap();
    assert!(w.pool.asked().is_empty() && w.bus.events().is_empty());
    assert_eq!(count(&w, "SELECT 1 FROM users").await, 0);
}

#[tokio::test]
async fn a_reset_whose_sessions_could_not_be_ended_here_is_told_to_the_pool_and_to_the_person() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    set_broken(&w, "users", true).await;
    for services in [Arc::clone(&w.services), without_database(&w)] {
        let before = w.pool.asked().len();
        let failed = invoke(&post_confirmation::use_case(), &services, reset_event(user)).await;
        assert_eq!(failed.unwrap_err().kind, "Transient");
        assert_eq!(w.pool.asked()[before..], [format!("sign_out sub-{user}")]);
    }
}

#[tokio::test]
async fn sessions_that_end_while_the_account_changes_end_all_the_same() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let instances: Vec<_> = (0..4).map(|_| instance(&w)).collect();
    let mut resets = tokio::task::JoinSet::new();
    for services in instances {
        resets.spawn(async move {
            invoke(&post_confirmation::use_case(), &services, reset_event(user)).await.is_ok()
        });
    }
    assert_eq!(resets.join_all().await, [true; 4]);
    let version: i64 = look(&w, "SELECT access_version FROM users").await[0].get(0);
    assert_eq!(version, 5, "each counted");
}
