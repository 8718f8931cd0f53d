//! Children on their way to an account, and what the user pool's triggers say to whom.

use lectern_domain::role::Actor;
use lectern_domain::role::Role;
use lectern_identity::store::{erasures::Wish, users};
use lectern_identity::user_pool::PoolError;
use lectern_identity::{
    custom_message, erase, post_confirmation, pre_authentication, pre_sign_up, pre_token_generation,
};
use lectern_runtime::testing::invoke;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::family::{CONFIRMED, PARENT, SIGN_UP, TOKEN, child_event};
use super::support::instance;
use super::world::{pool_event, world};

const SIGN_IN: &str = "PreAuthentication_Authentication";

#[tokio::test]
async fn a_child_whose_email_is_verified_waits_and_its_parent_is_asked_in_the_same_transaction() {
    let w = world().await;
    let event = child_event(SIGN_UP, json!({}));
    invoke(&pre_sign_up::use_case(), &w.services, event).await.unwrap();
    w.bus.set_down(true);
    let event = child_event(CONFIRMED, json!({}));
    invoke(&post_confirmation::use_case(), &w.services, event).await.unwrap();
    let kept = "SELECT u.status || ' ' || c.status || ' ' || (c.expires_at - c.requested_at) FROM users u
        JOIN consents c ON c.user_id = u.id";
    assert_eq!(w.texts(kept).await, ["pending_consent requested 14 days"]);
    let waiting = "SELECT envelope ->> 'type' FROM outbox WHERE published_at IS NULL ORDER BY position";
    assert_eq!(w.texts(waiting).await, ["user.verified", "consent.requested"]);
    let refused = invoke(&pre_token_generation::use_case(), &w.services, child_event(TOKEN, json!({}))).await;
    assert_eq!(refused.unwrap_err().kind, "Refused");
}

#[tokio::test]
async fn before_consent_every_stored_column_of_a_child_is_one_of_the_least() {
    let w = world().await;
    let id = w.child().await;
    let row = w.texts(&format!("SELECT row_to_json(u)::text FROM users u WHERE id = '{id}'")).await.remove(0);
    let row: Value = serde_json::from_str(&row).unwrap();
    let allowed = json!({ "email": "kid@example.org", "parent_email": PARENT, "first_name": "Ada",
        "date_of_birth": "2016-03-04" });
    let ours =
        ["id", "cognito_sub", "role", "status", "access_version", "sequence", "created_at", "updated_at"];
    let nobodys = json!({ "time_zone": "UTC", "locale": "en", "skills": [], "consent": [] });
    for (name, value) in row.as_object().unwrap() {
        let told = allowed.get(name).or_else(|| nobodys.get(name));
        match told {
            Some(told) => assert_eq!(value, told, "{name}"),
            None => assert!(value.is_null() || ours.contains(&name.as_str()), "{name}: {value}"),
        }
    }
    let everything = w.everything().await;
    for personal in ["kid@example.org", PARENT, "2016-03-04", "\"Ada\""] {
        assert_eq!(everything.matches(personal).count(), 1, "{personal} is in another place too");
    }
}

#[tokio::test]
async fn a_child_at_a_door_that_asks_for_no_parent_is_told_where_to_go() {
    let w = world().await;
    let event = child_event(SIGN_UP, json!({ "custom:parent_email": "" }));
    let refused = invoke(&pre_sign_up::use_case(), &w.services, event).await.unwrap_err();
    assert!(refused.message.contains("one of your parents has to agree"), "{}", refused.message);
    assert!(w.bus.events().is_empty());
}

#[tokio::test]
async fn the_pool_takes_no_more_of_a_child_than_we_do() {
    let w = world().await;
    for name in ["family_name", "zoneinfo", "locale"] {
        let told = json!({ name: if name == "zoneinfo" { "Europe/London" } else { "en" } });
        let refused = invoke(&pre_sign_up::use_case(), &w.services, child_event(SIGN_UP, told)).await;
        assert!(refused.unwrap_err().message.contains(name), "{name}");
    }
    assert!(w.texts("SELECT id::text FROM users").await.is_empty());
}

#[tokio::test]
async fn fifty_confirmations_at_once_have_one_effect() {
    for known in [true, false] {
        let w = world().await;
        if known {
            invoke(&pre_sign_up::use_case(), &w.services, child_event(SIGN_UP, json!({}))).await.unwrap();
        }
        let instances: Vec<_> = (0..8).map(|_| instance(&w)).collect();
        let mut calls = JoinSet::new();
        for n in 0..50 {
            let services = instances[n % instances.len()].clone();
            calls.spawn(async move {
                invoke(&post_confirmation::use_case(), &services, child_event(CONFIRMED, json!({}))).await
            });
        }
        for outcome in calls.join_all().await {
            outcome.expect("each finds it done");
        }
        assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "consent.requested"]);
        assert_eq!(w.texts("SELECT status FROM consents").await, ["requested"]);
    }
}

#[tokio::test]
async fn a_birthday_between_sign_up_and_code_keeps_nobody_out() {
    let w = world().await;
    // Thirteen on the next day: asked for a parent then, and for no last name.
    let told = json!({ "birthdate": "2013-11-22" });
    invoke(&pre_sign_up::use_case(), &w.services, child_event(SIGN_UP, told.clone())).await.unwrap();
    w.services.base.kit.clock.advance(jiff::SignedDuration::from_hours(24));
    invoke(&post_confirmation::use_case(), &w.services, child_event(CONFIRMED, told)).await.unwrap();
    assert_eq!(w.bus.kinds(), ["user.registered", "user.verified", "user.activated"]);
}

#[tokio::test]
async fn an_email_with_an_account_is_left_to_the_pool_and_nothing_changes() {
    let w = world().await;
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    let before = w.everything().await;
    let again = pool_event(SIGN_UP, json!({ "given_name": "Mallory" }));
    invoke(&pre_sign_up::use_case(), &w.services, again).await.unwrap();
    assert_eq!(w.everything().await, before);
}

#[tokio::test]
async fn an_erased_childs_account_that_the_pool_still_has_is_nobody_new() {
    let w = world().await;
    let id = w.child().await;
    w.pool.fails_with(PoolError::Unavailable("down".into()));
    let cx = w.cx();
    let stored = users::by_id(&cx.base.db, id).await.unwrap().unwrap();
    erase::erase(&cx, stored, Wish::Parent, &Actor::Guardian).await.unwrap();
    for (use_case, trigger) in [
        (post_confirmation::use_case(), CONFIRMED),
        (pre_authentication::use_case(), SIGN_IN),
        (pre_token_generation::use_case(), TOKEN),
    ] {
        let refused = invoke(&use_case, &w.services, child_event(trigger, json!({}))).await;
        assert_eq!(refused.unwrap_err().kind, "Refused", "{trigger}");
    }
    assert!(!w.everything().await.contains("kid@example.org\""), "the email came back");
}

#[tokio::test]
async fn whoever_can_not_sign_in_is_refused_before_the_password_with_one_sentence() {
    let w = world().await;
    let sign_in = |event: Value| invoke_sign_in(&w, event);
    w.child().await;
    let waiting = sign_in(child_event(SIGN_IN, json!({}))).await.unwrap_err();
    let tutor = w.user(Role::Tutor).await;
    let attributes = json!({ "sub": format!("sub-{tutor}"), "email": format!("{tutor}@example.org") });
    sign_in(pool_event(SIGN_IN, attributes.clone())).await.expect("an active user goes on");
    let sql = format!(
        "UPDATE users SET status = 'suspended', suspended_by = id, suspension_reason = 'x'
         WHERE id = '{tutor}'"
    );
    w.database.connect().write(&sql, &[]).await.unwrap();
    let suspended = sign_in(pool_event(SIGN_IN, attributes)).await.unwrap_err();
    assert_eq!((waiting.kind, &waiting.message), (suspended.kind, &suspended.message));
    let stranger = pool_event(SIGN_IN, json!({ "sub": "sub-9", "email": "new@example.org" }));
    sign_in(stranger).await.expect("the pool decides");
    let nobody = json!({ "triggerSource": SIGN_IN, "request": { "userNotFound": true }, "response": {} });
    sign_in(nobody).await.expect("the pool decides");
}

async fn invoke_sign_in(w: &super::world::World, event: Value) -> Result<Value, lectern_runtime::Fault> {
    invoke(&pre_authentication::use_case(), &w.services, event).await
}

#[tokio::test]
async fn an_id_token_names_the_person_as_our_row_does() {
    let w = world().await;
    invoke(&post_confirmation::use_case(), &w.services, pool_event(CONFIRMED, json!({}))).await.unwrap();
    let sql = "UPDATE users SET first_name = 'Augusta', last_name = NULL, time_zone = 'Europe/Paris',
        locale = 'fr'";
    w.database.connect().write(sql, &[]).await.unwrap();
    let event =
        invoke(&pre_token_generation::use_case(), &w.services, pool_event(TOKEN, json!({}))).await.unwrap();
    let tokens = &event["response"]["claimsAndScopeOverrideDetails"];
    let (id, access) = (&tokens["idTokenGeneration"], &tokens["accessTokenGeneration"]);
    let told = &id["claimsToAddOrOverride"];
    assert_eq!(
        (&told["given_name"], &told["zoneinfo"], &told["locale"]),
        (&json!("Augusta"), &json!("Europe/Paris"), &json!("fr"))
    );
    assert_eq!(id["claimsToSuppress"], json!(["family_name"]));
    assert!(access["claimsToAddOrOverride"].get("given_name").is_none(), "an access token names nobody");
}

#[tokio::test]
async fn codes_come_in_the_persons_language_and_in_english_otherwise() {
    let w = world().await;
    let posted = async |trigger: &str, locale: &str| {
        let mut event = pool_event(trigger, json!({ "locale": locale }));
        event["request"]["codeParameter"] = json!("{####}");
        invoke(&custom_message::use_case(), &w.services, event).await.unwrap()["response"].clone()
    };
    for trigger in ["CustomMessage_SignUp", "CustomMessage_ResendCode", "CustomMessage_ForgotPassword"] {
        for (locale, words) in [("de-CH", "Code"), ("en-GB", "code"), ("fr", "code"), ("", "code")] {
            let response = posted(trigger, locale).await;
            let subject = response["emailSubject"].as_str().unwrap();
            assert!(subject.contains(words), "{locale}: {subject}");
            assert!(response["emailMessage"].as_str().unwrap().contains("{####}"));
        }
    }
    assert_ne!(
        posted("CustomMessage_SignUp", "de").await,
        posted("CustomMessage_ForgotPassword", "de").await
    );
    assert_eq!(posted("CustomMessage_Authentication", "de").await, json!({}), "the pool's own words");
}
