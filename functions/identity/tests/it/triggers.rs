//! The way from an account of the user pool to a user of ours, with every step failing once.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{
    create_staff_user, get_own_user, post_confirmation, pre_sign_up, pre_token_generation,
};
use lectern_runtime::testing::{As, TestRequest, invoke};
use serde_json::{Value, json};

use super::world::{pool_event, world};

const SIGN_UP: &str = "PreSignUp_SignUp";
const CONFIRMED: &str = "PostConfirmation_ConfirmSignUp";
const TOKEN: &str = "TokenGeneration_Authentication";

fn claims(event: &Value) -> (UserId, Role) {
    let claims =
        &event["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]["claimsToAddOrOverride"];
    let id = UserId::parse(claims["user_id"].as_str().expect("a user id")).unwrap();
    (id, Role::parse(claims["role"].as_str().expect("a role")).unwrap())
}

#[tokio::test]
async fn a_sign_up_a_confirmation_and_a_sign_in_make_an_active_user_with_claims() {
    let w = world().await;
    invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, json!({}))).await.unwrap();
    assert_eq!(w.bus.kinds(), ["user.registered"]);
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "user.activated"]);
    let event =
        invoke(&pre_token_generation::use_case(), &w.services, pool_event(TOKEN, json!({}))).await.unwrap();
    let (id, role) = claims(&event);
    assert_eq!(role, Role::Tutor);
    let me = TestRequest::new(As::User(id, role)).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!(me.data()["email"], "ada@example.org");
    assert_eq!(me.data()["status"], "active");
    assert_eq!(me.headers["etag"], "\"3\"");
}

#[tokio::test]
async fn a_confirmation_that_failed_is_made_up_for_at_the_sign_in() {
    let w = world().await;
    invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, json!({}))).await.unwrap();
    let event =
        invoke(&pre_token_generation::use_case(), &w.services, pool_event(TOKEN, json!({}))).await.unwrap();
    assert_eq!(claims(&event).1, Role::Tutor);
    assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "user.activated"]);
}

#[tokio::test]
async fn a_confirmation_whose_sign_up_was_never_written_down_makes_the_whole_user() {
    let w = world().await;
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "user.activated"]);
}

#[tokio::test]
async fn triggers_that_run_twice_have_one_effect() {
    let w = world().await;
    for _ in 0..2 {
        invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, json!({}))).await.unwrap();
    }
    for _ in 0..2 {
        invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    }
    assert_eq!(w.bus.kinds().len(), 3);
}

#[tokio::test]
async fn whoever_has_the_code_decides_what_the_account_is_and_not_whoever_asked_first() {
    let w = world().await;
    let foreign = pool_event(SIGN_UP, json!({ "given_name": "Mallory", "custom:role": "tutor" }));
    invoke(&pre_sign_up::use_case(), &w.services, foreign).await.unwrap();
    let own = pool_event(CONFIRMED, json!({ "custom:role": "student" }));
    invoke(&post_confirmation::use_case(), &w.services, own).await.unwrap();
    let event =
        invoke(&pre_token_generation::use_case(), &w.services, pool_event(TOKEN, json!({}))).await.unwrap();
    let (id, role) = claims(&event);
    assert_eq!(role, Role::Student);
    let me = TestRequest::new(As::User(id, role)).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!(me.data()["firstName"], "Ada");
}

#[tokio::test]
async fn nobody_signs_up_as_staff_too_young_or_without_a_name() {
    let w = world().await;
    for (change, word) in [
        (json!({ "custom:role": "admin" }), "custom:role"),
        (json!({ "custom:role": "superadmin" }), "custom:role"),
        (json!({ "birthdate": "2015-01-01" }), "dateOfBirth"),
        (json!({ "birthdate": "2010-01-01" }), "dateOfBirth"),
        (json!({ "birthdate": "" }), "birthdate"),
        (json!({ "given_name": "" }), "given_name"),
    ] {
        let refused =
            invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, change.clone())).await;
        let fault = refused.expect_err("a refusal");
        assert!(fault.message.contains(word), "{change}: {}", fault.message);
    }
    assert!(w.bus.events().is_empty());
}

#[tokio::test]
async fn the_role_in_a_token_is_the_databases_whatever_the_attribute_says_later() {
    let w = world().await;
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    let raised = pool_event(TOKEN, json!({ "custom:role": "superadmin" }));
    let event = invoke(&pre_token_generation::use_case(), &w.services, raised).await.unwrap();
    assert_eq!(claims(&event).1, Role::Tutor);
}

#[tokio::test]
async fn a_suspended_user_gets_no_token() {
    let w = world().await;
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    let db = w.database.connect();
    let sql = "UPDATE users SET status = 'suspended', suspended_by = id, suspension_reason = 'test'";
    db.write(sql, &[]).await.unwrap();
    let refused = invoke(&pre_token_generation::use_case(), &w.services, pool_event(TOKEN, json!({}))).await;
    assert_eq!(refused.unwrap_err().kind, "Refused");
}

#[tokio::test]
async fn staff_are_made_once_and_can_sign_in() {
    let w = world().await;
    let input = json!({ "email": "Root@example.org", "password": "long enough for once", "firstName": "R",
        "lastName": "T", "role": "superadmin" });
    let first = invoke(&create_staff_user::use_case(), &w.services, input.clone()).await.unwrap();
    let again = invoke(&create_staff_user::use_case(), &w.services, input.clone()).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(w.bus.kinds(), ["user.registered", "user.activated"]);
    let event = pool_event(TOKEN, json!({ "sub": "sub-root@example.org", "email": "root@example.org" }));
    let event = invoke(&pre_token_generation::use_case(), &w.services, event).await.unwrap();
    assert_eq!(claims(&event).1, Role::Superadmin);
    let mut other = input;
    other["role"] = json!("admin");
    assert_eq!(
        invoke(&create_staff_user::use_case(), &w.services, other).await.unwrap_err().kind,
        "BadInput"
    );
}

#[tokio::test]
async fn events_that_the_bus_did_not_take_are_left_to_the_relay() {
    let w = world().await;
    w.bus.set_down(true);
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    assert!(w.bus.events().is_empty());
    let relay =
        lectern_postgres::relay::use_case::<lectern_identity::Identity>("relay-identity-outbox", "RelayRate");
    // The rows carry the server's time, and a relay leaves them to their writer for a while.
    let db = w.database.connect();
    db.write("UPDATE outbox SET created_at = '2026-11-21T11:00:00Z'", &[]).await.unwrap();
    assert_eq!(invoke(&relay, &w.services, json!({})).await.unwrap_err().kind, "Transient");
    w.bus.set_down(false);
    db.write("UPDATE outbox SET claimed_until = NULL", &[]).await.unwrap();
    invoke(&relay, &w.services, json!({})).await.unwrap();
    assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "user.activated"]);
    invoke(&relay, &w.services, json!({})).await.unwrap();
    assert_eq!(w.bus.kinds().len(), 3, "the relay sends once");
}
