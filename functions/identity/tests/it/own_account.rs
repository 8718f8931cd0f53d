//! One's own account: changing it, beginning to teach, and its end.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{become_tutor, erase_own_user, get_own_user, update_own_user};
use lectern_runtime::testing::{Answered, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::office::{as_superuser, at_once, audit_log, by, counted, entry, send, sequence, with_status};
use super::world::{World, world};

fn patch(id: UserId, version: i64, body: &Value) -> TestRequest {
    by(id, Role::Student).header("if-match", format!("\"{version}\"")).json(body)
}

async fn change(w: &World, id: UserId, body: &Value) -> Answered {
    let version = sequence(w, id).await;
    send(w, &update_own_user::use_case(), patch(id, version, body)).await
}

#[tokio::test]
async fn a_change_keeps_what_is_not_sent_and_takes_away_what_is_null() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let full = json!({ "firstName": "Augusta", "bio": "I like\nnumbers.", "skills": ["algebra", "rust"],
        "avatar": "owl", "timeZone": "europe/london", "locale": "en-GB" });
    let changed = change(&w, id, &full).await;
    assert_eq!(changed.headers["etag"], "\"4\"");
    let data = changed.data();
    assert_eq!((&data["firstName"], &data["lastName"]), (&json!("Augusta"), &json!("Lovelace")));
    assert_eq!((&data["timeZone"], &data["locale"]), (&json!("Europe/London"), &json!("en-GB")));
    assert_eq!((&data["skills"], &data["avatar"]), (&json!(["algebra", "rust"]), &json!("owl")));
    let less = change(&w, id, &json!({ "bio": null, "avatar": null, "skills": null })).await;
    assert_eq!(less.data()["firstName"], "Augusta");
    assert_eq!((less.data().get("bio"), less.data().get("avatar")), (None, None));
    assert_eq!(less.data()["skills"], json!([]));
    let read = send(&w, &get_own_user::use_case(), by(id, Role::Student)).await;
    assert_eq!((read.data(), &read.headers["etag"]), (less.data(), &less.headers["etag"]));
    let fields: Vec<_> = w.bus.events().iter().map(|e| e.data["fields"].clone()).collect();
    assert_eq!(fields[1], json!(["bio", "skills", "avatar"]), "an event names fields and not their values");
}

#[tokio::test]
async fn a_change_costs_two_round_trips_and_one_to_note_what_follows_and_none_when_nothing_changes() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let case = update_own_user::use_case();
    let (changed, trips) = counted(&w, &case, patch(id, 3, &json!({ "firstName": "Augusta" }))).await;
    assert_eq!((changed.status, trips), (200, 2 + 1));
    let (same, trips) = counted(&w, &case, patch(id, 4, &json!({}))).await;
    assert_eq!((same.status, same.headers["etag"].as_str(), trips), (200, "\"4\"", 1));
    assert_eq!(w.bus.kinds(), ["user.profile_updated"]);
}

#[tokio::test]
async fn a_change_names_the_version_that_it_is_for_and_of_two_at_once_one_is_made() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let case = update_own_user::use_case();
    let body = json!({ "firstName": "Augusta" });
    let without = send(&w, &case, by(id, Role::Student).json(&body)).await;
    assert_eq!((without.status, without.problem()), (428, "precondition-required"));
    let old = send(&w, &case, patch(id, 2, &body)).await;
    assert_eq!((old.status, old.problem()), (412, "precondition-failed"));
    let both = at_once(&w, (0..10).map(|_| (update_own_user::use_case(), patch(id, 3, &body)))).await;
    assert_eq!(with_status(&both, 200), 1);
    assert_eq!(with_status(&both, 409) + with_status(&both, 412), 9);
    assert_eq!(sequence(&w, id).await, 4);
}

#[tokio::test]
async fn every_wrong_field_of_a_change_is_named_at_once() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let body = json!({ "firstName": null, "lastName": "", "timeZone": "Mars/Olympus", "avatar": "my face",
        "bio": 3, "role": "admin", "email": "other@example.org", "dateOfBirth": "1990-01-01" });
    let answer = change(&w, id, &body).await;
    assert_eq!((answer.status, answer.problem()), (422, "invalid-fields"));
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    let expected = ["avatar", "bio", "dateOfBirth", "email", "firstName", "lastName", "role", "timeZone"];
    assert_eq!(fields, expected);
    let many: Vec<_> = (0..21).map(|n| format!("skill {n}")).collect();
    let answer = change(&w, id, &json!({ "skills": many, "parentEmail": "mother@example.org" })).await;
    assert_eq!((answer.status, answer.bad_fields()), (422, vec!["parentEmail", "skills"]));
}

#[tokio::test]
async fn a_teen_names_a_parent_who_is_somebody_else() {
    let w = world().await;
    let id = w.user_born(Role::Student, "2011-06-01").await;
    let own = change(&w, id, &json!({ "parentEmail": format!("{id}@example.org") })).await;
    assert_eq!(own.bad_fields(), ["parentEmail"]);
    let named = change(&w, id, &json!({ "parentEmail": "Mother@Example.org" })).await;
    assert_eq!(named.data()["parentEmail"], "mother@example.org");
}

#[tokio::test]
async fn whoever_was_suspended_a_moment_ago_changes_nothing() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let sql = format!(
        "UPDATE users SET status = 'suspended', suspended_by = id, suspension_reason = 'x' WHERE id = '{id}'"
    );
    as_superuser(&w, &sql).await;
    let answer = change(&w, id, &json!({ "firstName": "Augusta" })).await;
    assert_eq!((answer.status, answer.problem()), (409, "wrong-state"));
}

#[tokio::test]
async fn a_student_becomes_a_tutor_and_the_old_token_is_refused_at_once() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let (became, trips) = counted(&w, &become_tutor::use_case(), by(id, Role::Student)).await;
    assert_eq!([&became.data()["role"], &became.data()["next"]], ["tutor", "refresh_session"]);
    assert_eq!((became.headers["etag"].as_str(), trips), ("\"4\"", 2 + 1));
    assert_eq!(w.bus.kinds(), ["user.role_changed", "access.revoked"]);
    assert_eq!(w.topic.announced.lock().unwrap().len(), 1);
    let details = json!({ "from": "student", "to": "tutor" });
    assert_eq!(audit_log(&w).await, [entry(id, "user.role_changed", id, details)]);
    let old = send(&w, &get_own_user::use_case(), by(id, Role::Student)).await;
    assert_eq!((old.status, old.problem()), (401, "unauthenticated"));
    let new = send(&w, &get_own_user::use_case(), by(id, Role::Tutor).access_version(2)).await;
    assert_eq!(new.data()["role"], "tutor");
}

#[tokio::test]
async fn a_minor_does_not_become_a_tutor_and_a_tutor_not_again() {
    let w = world().await;
    let teen = w.user_born(Role::Student, "2008-11-22").await;
    let answer = send(&w, &become_tutor::use_case(), by(teen, Role::Student)).await;
    assert_eq!((answer.status, answer.problem()), (409, "wrong-state"));
    assert_eq!(answer.body["detail"], "Tutors must be 18 or older.");
    w.services.base.kit.clock.advance(jiff::SignedDuration::from_hours(24));
    let of_age = send(&w, &become_tutor::use_case(), by(teen, Role::Student)).await;
    assert_eq!(of_age.status, 200, "on the eighteenth birthday");
    let tutor = send(&w, &become_tutor::use_case(), by(teen, Role::Tutor).access_version(2)).await;
    assert_eq!((tutor.status, tutor.problem()), (403, "forbidden"));
}

#[tokio::test]
async fn fifty_wishes_to_become_a_tutor_at_once_are_one_change() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let answers = at_once(&w, (0..50).map(|_| (become_tutor::use_case(), by(id, Role::Student)))).await;
    assert_eq!(with_status(&answers, 200), 1);
    assert_eq!(with_status(&answers, 409) + with_status(&answers, 401), 49);
    assert_eq!((sequence(&w, id).await, audit_log(&w).await.len()), (4, 1));
}

#[tokio::test]
async fn an_erased_account_leaves_an_empty_row_and_a_tombstone() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    change(&w, id, &json!({ "bio": "I like numbers.", "skills": ["algebra"], "avatar": "owl" })).await;
    let (erased, trips) = counted(&w, &erase_own_user::use_case(), by(id, Role::Student)).await;
    assert_eq!(erased.data(), &json!({ "erased": true }));
    assert_eq!(trips, 2 + 3, "load, erase; mark as published, look at the pool's account, done with it");
    let left = as_superuser(&w, &format!("SELECT to_jsonb(u)::text FROM users u WHERE id = '{id}'")).await;
    let left: Value = serde_json::from_str(left[0].get(0)).unwrap();
    let of_nothing = left.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).count();
    assert_eq!(of_nothing, 11, "{left:#}");
    assert_eq!((&left["status"], &left["skills"]), (&json!("erased"), &json!([])));
    let tombstone = as_superuser(&w, "SELECT user_id, wish FROM erasures").await;
    assert_eq!((tombstone[0].get::<_, Uuid>(0), tombstone[0].get::<_, &str>(1)), (id.0, "own"));
    assert_eq!(w.bus.kinds(), ["user.profile_updated", "user.erased", "access.revoked"]);
    assert_eq!(w.pool.asked(), [format!("delete sub-{id}")]);
    assert_eq!(audit_log(&w).await, [entry(id, "user.erased", id, json!({ "wish": "own" }))]);
    let again = send(&w, &erase_own_user::use_case(), by(id, Role::Student)).await;
    assert_eq!((again.status, again.problem()), (401, "unauthenticated"));
    let hurried = send(&w, &erase_own_user::use_case(), by(id, Role::Student).access_version(9)).await;
    assert_eq!(hurried.data(), &json!({ "erased": true }), "who came a moment too late hears the same");
}

#[tokio::test]
async fn fifty_erasures_at_once_leave_one_tombstone_and_one_event() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    let answers = at_once(&w, (0..50).map(|_| (erase_own_user::use_case(), by(id, Role::Student)))).await;
    assert_eq!(with_status(&answers, 200) + with_status(&answers, 401), 50);
    let erased: Vec<_> = w.bus.kinds().into_iter().filter(|kind| kind == "user.erased").collect();
    assert_eq!((erased.len(), audit_log(&w).await.len()), (1, 1));
    assert_eq!(as_superuser(&w, "SELECT 1 FROM erasures").await.len(), 1);
}

#[tokio::test]
async fn an_erasure_wins_over_a_change_at_the_same_moment() {
    let w = world().await;
    for _ in 0..10 {
        let id = w.user(Role::Student).await;
        let erase = (erase_own_user::use_case(), by(id, Role::Student));
        let change = (update_own_user::use_case(), patch(id, 3, &json!({ "firstName": "Augusta" })));
        at_once(&w, [change, erase]).await;
        let sql = format!("SELECT 1 FROM erasures WHERE user_id = '{id}'");
        assert_eq!(as_superuser(&w, &sql).await.len(), 1);
    }
}

#[tokio::test]
async fn the_last_superadmin_is_not_erased() {
    let w = world().await;
    let last = w.user(Role::Superadmin).await;
    let answer = send(&w, &erase_own_user::use_case(), by(last, Role::Superadmin)).await;
    assert_eq!((answer.status, answer.problem()), (409, "wrong-state"));
    assert!(w.bus.kinds().is_empty() && w.pool.asked().is_empty() && audit_log(&w).await.is_empty());
    w.user(Role::Superadmin).await;
    let answer = send(&w, &erase_own_user::use_case(), by(last, Role::Superadmin)).await;
    assert_eq!(answer.status, 200);
}
