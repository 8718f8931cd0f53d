//! Users as other services look them up.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{erase_own_user, look_up_user, look_up_user_by_email, look_up_users};
use lectern_runtime::testing::{As, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::office::{as_superuser, by, counted, send};
use super::world::world;

fn service() -> TestRequest {
    TestRequest::new(As::Service("lectern-booking"))
}

#[tokio::test]
async fn a_user_is_looked_up_by_id_and_by_email_in_one_round_trip() {
    let w = world().await;
    let id = w.user_born(Role::Student, "2010-01-01").await;
    let set = format!("UPDATE users SET parent_email = 'mother@example.org' WHERE id = '{id}'");
    as_superuser(&w, &set).await;
    let email = format!("{id}@example.org");
    let (found, trips) = counted(&w, &look_up_user::use_case(), service().path("userId", id)).await;
    let expected = json!({ "userId": id, "firstName": "Ada", "lastName": "Lovelace", "role": "student",
        "status": "active", "timeZone": "UTC", "locale": "en", "ageGroup": "teen", "hasParentEmail": true,
        "consent": [], "email": email });
    assert_eq!((found.data(), trips, found.headers["etag"].as_str()), (&expected, 1, "\"3\""));
    let case = look_up_user_by_email::use_case();
    let (found, trips) = counted(&w, &case, service().path("email", email.to_uppercase())).await;
    assert_eq!((found.data(), trips), (&expected, 1));
    assert!(!found.text.contains("mother") && !found.text.contains("2010"), "nothing beyond what is needed");
}

#[tokio::test]
async fn whoever_is_unknown_or_erased_is_not_found() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    send(&w, &erase_own_user::use_case(), by(id, Role::Student)).await;
    for id in [id, UserId(Uuid::now_v7())] {
        let by_id = send(&w, &look_up_user::use_case(), service().path("userId", id)).await;
        assert_eq!((by_id.status, by_id.problem()), (404, "not-found"));
        let email = service().path("email", format!("{id}@example.org"));
        assert_eq!(send(&w, &look_up_user_by_email::use_case(), email).await.status, 404);
    }
    let wrong = send(&w, &look_up_user_by_email::use_case(), service().path("email", "nobody")).await;
    assert_eq!(wrong.bad_fields(), ["email"]);
}

#[tokio::test]
async fn many_are_looked_up_at_once_without_their_emails_and_unknown_ones_are_left_out() {
    let w = world().await;
    let (ada, gone) = (w.user(Role::Tutor).await, w.user(Role::Student).await);
    send(&w, &erase_own_user::use_case(), by(gone, Role::Student)).await;
    let body = json!({ "userIds": [Uuid::now_v7(), gone, ada, ada] });
    let (found, trips) = counted(&w, &look_up_users::use_case(), service().json(&body)).await;
    let items = found.data()["items"].as_array().unwrap();
    assert_eq!((items.len(), trips), (1, 1));
    assert_eq!((&items[0]["userId"], &items[0]["ageGroup"]), (&json!(ada), &json!("adult")));
    assert!(!found.text.contains('@'));
}

#[tokio::test]
async fn one_to_a_hundred_can_be_asked_for() {
    let w = world().await;
    let of = |count: usize| -> Value { json!({ "userIds": vec![Uuid::nil(); count] }) };
    for (count, status) in [(0, 422), (1, 200), (100, 200), (101, 422)] {
        let answer = send(&w, &look_up_users::use_case(), service().json(&of(count))).await;
        assert_eq!(answer.status, status, "{count}");
    }
    let wrong = send(&w, &look_up_users::use_case(), service().json(&json!({ "userIds": ["x"] }))).await;
    assert_eq!(wrong.bad_fields(), ["userIds[0]"]);
}
