//! Sessions: begun, refreshed, listed and ended, with each step failing once.

use std::sync::Arc;

use jiff::SignedDuration;
use lectern_domain::id::{SessionId, UserId};
use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{
    Identity, end_session, get_own_user, list_own_sessions, refresh_session, sign_in, sign_out, tidy_records,
};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{PASSWORD, count, fresh_session, instance, look, post, set_broken, without_database};
use super::world::{World, world};

async fn login(services: &Arc<Identity>) -> Answered {
    post(services, &sign_in::use_case(), &json!({ "email": "ada@example.org", "password": PASSWORD })).await
}

async fn refresh(services: &Arc<Identity>) -> Answered {
    post(services, &refresh_session::use_case(), &json!({ "refreshToken": "refresh" })).await
}

async fn logout(services: &Arc<Identity>, everywhere: bool) -> Answered {
    let body = json!({ "refreshToken": "refresh", "everywhere": everywhere });
    post(services, &sign_out::use_case(), &body).await
}

/// Signs a user in; gives the session.
async fn signed_in(w: &World, user: UserId) -> SessionId {
    let session = fresh_session(w, user, 1);
    assert_eq!(login(&w.services).await.status, 200);
    session
}

fn caller(user: UserId, session: SessionId) -> TestRequest {
    TestRequest::new(As::User(user, Role::Student)).session(session.0)
}

async fn list(w: &World, user: UserId, session: SessionId) -> Vec<Value> {
    let answer = caller(user, session).header("User-Agent", "List/1.0");
    let answer = answer.send(&list_own_sessions::use_case(), &w.services).await;
    answer.data()["items"].as_array().unwrap().clone()
}

/// Whether an access token of the session is still let in.
async fn is_let_in(w: &World, user: UserId, session: SessionId) -> bool {
    caller(user, session).send(&get_own_user::use_case(), &w.services).await.status == 200
}

async fn end(w: &World, user: UserId, session: SessionId, ended: SessionId) -> Answered {
    let request = caller(user, session).path("sessionId", ended);
    request.send(&end_session::use_case(), &w.services).await
}

#[tokio::test]
async fn a_login_is_written_down_with_the_device_in_one_round_trip_and_a_refresh_with_its_time() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let before = w.services.base.round_trips();
    let session = signed_in(&w, user).await;
    // Two limits were counted besides.
    assert_eq!(w.services.base.round_trips() - before, 2 + 1);
    w.services.base.kit.clock.advance(SignedDuration::from_mins(10));
    w.pool.gives_tokens_of(user, session, 3);
    assert_eq!(refresh(&w.services).await.status, 200);
    let rows = look(
        &w,
        "SELECT id, device, used_at - began_at = interval '10 minutes',
        expires_at - began_at = interval '30 days', access_version FROM sessions",
    )
    .await;
    let (id, device, used, life): (Uuid, &str, bool, bool) =
        (rows[0].get(0), rows[0].get(1), rows[0].get(2), rows[0].get(3));
    assert_eq!((rows.len(), id, device, used, life), (1, session.0, "Tests/1.0", true, true));
    assert_eq!(rows[0].get::<_, i64>(4), 3);
}

#[tokio::test]
async fn a_login_that_could_not_be_written_down_gives_no_tokens_and_takes_the_refresh_token_back() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    fresh_session(&w, user, 1);
    set_broken(&w, "sessions", true).await;
    let answer = login(&w.services).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(!answer.text.contains("refresh\""));
    assert_eq!(w.pool.asked().last().unwrap(), "revoke refresh");
    // The pool failing on top of it changes nothing for the client.
    w.pool.fails_at("revoke", PoolError::Unavailable("down".into()));
    assert_eq!(login(&w.services).await.status, 503);
    assert_eq!(login(&without_database(&w)).await.status, 503);
    set_broken(&w, "sessions", false).await;
    assert_eq!(login(&w.services).await.status, 200);
}

#[tokio::test]
async fn who_was_suspended_or_erased_at_the_moment_of_the_login_is_not_signed_in() {
    let w = world().await;
    fresh_session(&w, UserId(Uuid::now_v7()), 1);
    let answer = login(&w.services).await;
    assert_eq!((answer.status, answer.problem()), (401, "sign-in-failed"));
    assert_eq!(w.pool.asked().last().unwrap(), "revoke refresh");
    assert_eq!(count(&w, "SELECT 1 FROM sessions").await, 0);
}

#[tokio::test]
async fn the_live_sessions_are_listed_last_used_first_in_one_round_trip() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    let clock = &w.services.base.kit.clock;
    let first = signed_in(&w, user).await;
    clock.advance(SignedDuration::from_mins(1));
    let second = signed_in(&w, user).await;
    signed_in(&w, other).await;
    let before = w.services.base.round_trips();
    let listed = list(&w, user, first).await;
    assert_eq!(w.services.base.round_trips() - before, 1);
    let ids: Vec<_> = listed.iter().map(|s| (s["sessionId"].clone(), s["current"].clone())).collect();
    assert_eq!(ids, [(json!(second), json!(false)), (json!(first), json!(true))]);
    assert_eq!(listed[0]["device"], "Tests/1.0");

    clock.advance(SignedDuration::from_mins(1));
    w.pool.gives_tokens_of(user, first, 1);
    assert_eq!(refresh(&w.services).await.status, 200);
    assert_eq!(list(&w, user, first).await[0]["sessionId"], json!(first), "used last");

    // After 30 days without a sign-in only the caller's, which shows up as seen now, is live.
    clock.advance(SignedDuration::from_hours(24 * 31));
    assert_eq!(list(&w, user, SessionId(Uuid::now_v7())).await.len(), 1);
}

#[tokio::test]
async fn a_session_of_the_hosted_page_is_listed_from_the_first_look_on_and_can_be_ended() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let api = signed_in(&w, user).await;
    let hosted = SessionId(Uuid::now_v7());
    for _ in 0..2 {
        let listed = list(&w, user, hosted).await;
        assert_eq!(listed.len(), 2);
        let own = listed.iter().find(|s| s["current"] == true).unwrap();
        assert_eq!((&own["sessionId"], &own["device"]), (&json!(hosted), &json!("List/1.0")));
    }
    assert_eq!(end(&w, user, api, hosted).await.data(), &json!({ "ended": true }));
    assert!(!is_let_in(&w, user, hosted).await);
    assert!(is_let_in(&w, user, api).await);
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once_in_its_access_tokens_and_in_its_refresh() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let (mine, lost) = (signed_in(&w, user).await, signed_in(&w, user).await);
    let before = w.services.base.round_trips();
    assert_eq!(end(&w, user, mine, lost).await.status, 200);
    // One for the change, one for marking the event as published.
    assert_eq!(w.services.base.round_trips() - before, 2);
    assert!(!is_let_in(&w, user, lost).await);
    assert!(is_let_in(&w, user, mine).await);
    assert_eq!(list(&w, user, mine).await.len(), 1);
    assert_eq!(w.bus.kinds(), ["access.revoked"]);
    assert_eq!(w.bus.events()[0].data["subject"], format!("session:{lost}"));
    assert_eq!(w.topic.announced.lock().unwrap().len(), 1);

    w.pool.gives_tokens_of(user, lost, 1);
    let answer = refresh(&w.services).await;
    assert_eq!((answer.status, answer.problem()), (401, "sign-in-failed"));
    assert_eq!(w.pool.asked().last().unwrap(), "revoke refresh", "the pool is told");
    w.pool.gives_tokens_of(user, mine, 1);
    assert_eq!(refresh(&w.services).await.status, 200);
}

#[tokio::test]
async fn a_session_that_is_unknown_foreign_ended_or_over_is_404() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    let (mine, foreign) = (signed_in(&w, user).await, signed_in(&w, other).await);
    let lost = signed_in(&w, user).await;
    for wrong in [SessionId(Uuid::now_v7()), foreign] {
        let answer = end(&w, user, mine, wrong).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    }
    assert!(is_let_in(&w, other, foreign).await);
    assert_eq!(end(&w, user, mine, lost).await.status, 200);
    assert_eq!(end(&w, user, mine, lost).await.status, 404);
    w.services.base.kit.clock.advance(SignedDuration::from_hours(24 * 31));
    assert_eq!(end(&w, user, SessionId(Uuid::now_v7()), mine).await.status, 404);
    let malformed = caller(user, mine).path("sessionId", "mine");
    let malformed = malformed.send(&end_session::use_case(), &w.services).await;
    assert_eq!(malformed.bad_fields(), ["sessionId"]);
}

#[tokio::test]
async fn a_refresh_that_nobody_can_check_gives_no_tokens_and_can_be_tried_again() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    signed_in(&w, user).await;
    set_broken(&w, "sessions", true).await;
    assert_eq!(refresh(&w.services).await.status, 503);
    assert_eq!(w.pool.asked().last().unwrap(), "refresh", "the refresh token stays good");
    set_broken(&w, "sessions", false).await;
    assert_eq!(refresh(&w.services).await.status, 200);
}

#[tokio::test]
async fn logging_out_ends_the_session_here_and_at_the_pool_and_twice_is_once() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let (other, session) = (signed_in(&w, user).await, signed_in(&w, user).await);
    assert_eq!(logout(&w.services, false).await.data(), &json!({ "signedOut": true }));
    assert_eq!(w.pool.asked().last().unwrap(), "revoke refresh");
    assert!(!is_let_in(&w, user, session).await);
    assert!(is_let_in(&w, user, other).await);
    // The pool may not have been told, or has forgotten; either way it is over.
    assert_eq!(logout(&w.services, false).await.status, 200);
    w.pool.fails_with(PoolError::Refused("Refresh Token has been revoked".into()));
    assert_eq!(logout(&w.services, false).await.data(), &json!({ "signedOut": true }));
    w.pool.fails_with(PoolError::TriggerRefused("the account is suspended".into()));
    assert_eq!(logout(&w.services, false).await.status, 200);
    assert_eq!(w.bus.kinds(), ["access.revoked"], "one end, one event");
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_and_every_token() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let (other, hosted) = (signed_in(&w, user).await, SessionId(Uuid::now_v7()));
    let own = signed_in(&w, user).await;
    let answer = logout(&w.services, true).await;
    assert_eq!(answer.data(), &json!({ "signedOut": true, "everywhere": true }));
    for session in [own, other, hosted] {
        assert!(!is_let_in(&w, user, session).await);
    }
    assert!(w.pool.asked().contains(&format!("sign_out sub-{user}")));
    assert_eq!(count(&w, "SELECT 1 FROM sessions WHERE ended_at IS NULL").await, 0);
    assert_eq!(count(&w, "SELECT 1 FROM pool_alignments").await, 0);
    let entry = look(&w, "SELECT actor, action, details ->> 'reason' FROM audit_log").await;
    let entry: (String, String, String) = (entry[0].get(0), entry[0].get(1), entry[0].get(2));
    assert_eq!(entry, (format!("user:{user}"), "user.sessions_ended".into(), "signed_out".into()));

    w.pool.fails_at("refresh", PoolError::Refused("revoked".into()));
    let again = logout(&w.services, true).await;
    assert_eq!(again.data(), &json!({ "signedOut": true, "everywhere": false }), "it can't know whose");
    // A sign-in afterwards is as good as any.
    let fresh = fresh_session(&w, user, 2);
    assert_eq!(login(&w.services).await.status, 200);
    let me = caller(user, fresh).access_version(2).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!(me.status, 200);
}

#[tokio::test]
async fn a_logout_that_fails_halfway_is_made_good_by_the_next_or_by_the_list_of_the_ended() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let session = signed_in(&w, user).await;
    w.pool.fails_at("refresh", PoolError::Unavailable("down".into()));
    assert_eq!(logout(&w.services, false).await.status, 503);
    set_broken(&w, "sessions", true).await;
    assert_eq!(logout(&w.services, false).await.status, 503);
    assert!(!w.pool.asked().contains(&"revoke refresh".to_owned()), "its refresh token is needed once more");
    set_broken(&w, "sessions", false).await;
    w.pool.fails_at("revoke", PoolError::Unavailable("down".into()));
    assert_eq!(logout(&w.services, false).await.status, 200);
    assert!(!is_let_in(&w, user, session).await);
    // The pool would still refresh; we don't.
    assert_eq!(refresh(&w.services).await.status, 401);
}

#[tokio::test]
async fn a_logout_everywhere_that_the_pool_did_not_hear_of_is_told_to_it_later() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let session = signed_in(&w, user).await;
    w.pool.fails_at("sign_out", PoolError::Unavailable("down".into()));
    assert_eq!(logout(&w.services, true).await.status, 200);
    assert!(!is_let_in(&w, user, session).await);
    assert_eq!(refresh(&w.services).await.status, 401);
    w.services.base.kit.clock.advance(SignedDuration::from_mins(2));
    let before = w.pool.asked().len();
    invoke(&lectern_identity::align_user_pool::use_case(), &w.services, json!({})).await.unwrap();
    assert!(w.pool.asked()[before..].contains(&format!("sign_out sub-{user}")));
}

#[tokio::test]
async fn a_database_that_fails_at_a_logout_everywhere_leaves_everything_for_another_try() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let session = signed_in(&w, user).await;
    set_broken(&w, "users", true).await;
    assert_eq!(logout(&w.services, true).await.status, 503);
    assert!(is_let_in(&w, user, session).await);
    set_broken(&w, "users", false).await;
    assert_eq!(logout(&w.services, true).await.status, 200);
    assert!(!is_let_in(&w, user, session).await);
}

#[tokio::test]
async fn one_session_ended_by_many_at_once_is_ended_once() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    signed_in(&w, user).await;
    let instances: Vec<_> = (0..5).map(|_| instance(&w)).collect();
    let mut logouts = tokio::task::JoinSet::new();
    for services in instances.iter().chain(&instances) {
        let services = Arc::clone(services);
        logouts.spawn(async move { logout(&services, false).await.status });
    }
    assert_eq!(logouts.join_all().await, [200; 10]);
    assert_eq!(w.bus.kinds(), ["access.revoked"]);
}

#[tokio::test]
async fn what_has_expired_is_deleted_and_nothing_else() {
    let w = world().await;
    let (user, erased) = (w.user(Role::Student).await, w.user(Role::Student).await);
    signed_in(&w, user).await;
    let left_behind = signed_in(&w, erased).await;
    let erase = "UPDATE users SET status = 'erased', email = NULL, first_name = NULL, last_name = NULL,
        date_of_birth = NULL, cognito_sub = NULL WHERE id IN (SELECT user_id FROM sessions WHERE id = $1)";
    let db = w.database.connect();
    db.write(erase, &[(&left_behind.0, lectern_postgres::Type::UUID)]).await.unwrap();
    let exports = "INSERT INTO exports (id, user_id, status, requested_at, finished_at, expires_at, bytes)
        SELECT gen_random_uuid(), $1, s.status, '2026-11-20', s.finished, s.expires, s.bytes
        FROM (VALUES ('ready', '2026-11-20'::timestamptz, '2026-11-27'::timestamptz, 1),
            ('failed', '2026-11-20', NULL, NULL), ('pending', NULL, NULL, NULL))
            AS s (status, finished, expires, bytes)";
    db.write(exports, &[(&user.0, lectern_postgres::Type::UUID)]).await.unwrap();
    let case = tidy_records();
    let tidy = || invoke(&case, &w.services, json!({}));

    tidy().await.unwrap();
    assert_eq!(count(&w, "SELECT 1 FROM sessions").await, 1, "an erased user's is gone");
    assert_eq!(count(&w, "SELECT 1 FROM exports").await, 3);
    w.services.base.kit.clock.advance(SignedDuration::from_hours(24 * 31));
    signed_in(&w, user).await;
    tidy().await.unwrap();
    assert_eq!(count(&w, "SELECT 1 FROM sessions").await, 1, "the expired one is gone");
    assert_eq!(count(&w, "SELECT 1 FROM exports").await, 2, "30 days after its end");
    w.services.base.kit.clock.advance(SignedDuration::from_hours(24 * 7));
    tidy().await.unwrap();
    let left = look(&w, "SELECT status FROM exports").await;
    assert_eq!((left.len(), left[0].get::<_, &str>(0)), (1, "pending"));
}
