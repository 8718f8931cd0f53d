//! Admins: finding and reading accounts, suspending and reinstating, roles.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::store::directory;
use lectern_identity::{
    change_user_role, erase_own_user, get_own_user, get_user, list_users, reinstate_user, suspend_user,
};
use lectern_postgres::{Database, Type};
use lectern_runtime::testing::Answered;
use serde_json::{Value, json};
use uuid::Uuid;

use super::office::{as_superuser, audit_log, by, counted, entry, for_good, on, send, sequence};
use super::world::{World, world};

async fn list(w: &World, admin: UserId, query: &[(&str, &str)]) -> Answered {
    let request =
        query.iter().fold(by(admin, Role::Admin), |request, (name, value)| request.query(name, value));
    send(w, &list_users::use_case(), request).await
}

fn ids(answer: &Answered) -> Vec<String> {
    let items = answer.data()["items"].as_array().unwrap();
    items.iter().map(|user| user["userId"].as_str().unwrap().to_owned()).collect()
}

fn tick(w: &World) {
    w.services.base.kit.clock.advance(SignedDuration::from_millis(1));
}

/// Gives somebody a name.
async fn name(w: &World, id: UserId, first: &str, last: &str) {
    let sql = format!("UPDATE users SET first_name = '{first}', last_name = '{last}' WHERE id = '{id}'");
    as_superuser(w, &sql).await;
}

#[tokio::test]
async fn the_list_is_filtered_by_role_status_and_text_the_newest_first() {
    let w = world().await;
    let mut made = Vec::new();
    for role in [Role::Admin, Role::Student, Role::Tutor, Role::Student] {
        tick(&w);
        made.push(w.user(role).await);
    }
    let [admin, first, tutor, second] = made[..] else { panic!("four were made") };
    name(&w, tutor, "100%", "O_Brien").await;
    let of = |ids: &[UserId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ids(&list(&w, admin, &[]).await), of(&[second, tutor, first, admin]));
    assert_eq!(ids(&list(&w, admin, &[("role", "student")]).await), of(&[second, first]));
    let suspended = send(&w, &suspend_user::use_case(), on(first, (admin, Role::Admin), &for_good())).await;
    assert_eq!(suspended.status, 200);
    assert_eq!(ids(&list(&w, admin, &[("status", "suspended")]).await), of(&[first]));
    assert_eq!(ids(&list(&w, admin, &[("status", "active"), ("role", "student")]).await), of(&[second]));
    // Email, a part of a name in any case, first and last name together, and what has a meaning in SQL.
    for text in [&format!("{tutor}@EXAMPLE"), "0% o", "_brien", "00% O_B", "%"] {
        assert_eq!(ids(&list(&w, admin, &[("text", text)]).await), of(&[tutor]), "{text}");
    }
    for text in ["O-Brien", "a_a", "\\", "%%"] {
        let found = ids(&list(&w, admin, &[("text", text)]).await);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    let wrong = list(&w, admin, &[("role", "king"), ("limit", "101"), ("cursor", "?"), ("page", "2")]).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!((wrong.status, fields), (422, vec!["cursor", "limit", "page", "role"]));
}

#[tokio::test]
async fn erased_accounts_are_listed_when_asked_for_and_nothing_of_them_is_left() {
    let w = world().await;
    let (admin, gone) = (w.user(Role::Admin).await, w.user(Role::Student).await);
    send(&w, &erase_own_user::use_case(), by(gone, Role::Student)).await;
    assert_eq!(ids(&list(&w, admin, &[]).await), [admin.to_string()]);
    let erased = list(&w, admin, &[("status", "erased")]).await;
    assert_eq!(ids(&erased), [gone.to_string()]);
    let mut members: Vec<_> = erased.data()["items"][0].as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["createdAt", "erasedAt", "role", "status", "userId"]);
    assert!(ids(&list(&w, admin, &[("status", "erased"), ("text", "a")]).await).is_empty());
}

#[tokio::test]
async fn pages_are_stable_while_people_come_and_go_and_cost_one_round_trip() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let mut all = Vec::new();
    for _ in 0..7 {
        tick(&w);
        all.push(w.user(Role::Student).await.to_string());
    }
    all.reverse();
    let case = list_users::use_case();
    let page = |cursor: Option<String>| {
        let request = by(admin, Role::Admin).query("limit", 3).query("role", "student");
        cursor.into_iter().fold(request, |request, cursor| request.query("cursor", cursor))
    };
    let cursor = |answer: &Answered| answer.data()["nextCursor"].as_str().map(str::to_owned);
    let (first, trips) = counted(&w, &case, page(None)).await;
    assert_eq!((ids(&first), trips), (all[..3].to_vec(), 1));
    tick(&w);
    w.user(Role::Student).await;
    let gone = UserId::parse(&all[2]).unwrap();
    send(&w, &erase_own_user::use_case(), by(gone, Role::Student)).await;
    let second = send(&w, &case, page(cursor(&first))).await;
    let third = send(&w, &case, page(cursor(&second))).await;
    assert_eq!([ids(&second), ids(&third)].concat(), all[3..]);
    assert_eq!(cursor(&third), None);
}

#[tokio::test]
async fn a_search_for_a_text_uses_its_index() {
    let w = world().await;
    let fill = "
        INSERT INTO users (id, email, first_name, last_name, role, status, time_zone, locale, sequence)
        SELECT gen_random_uuid(), md5(n::text) || '@example.org', md5('first' || n), md5('last' || n),
            'student', 'active', 'UTC', 'en', 1 FROM generate_series(1, 4000) n";
    as_superuser(&w, fill).await;
    as_superuser(&w, "VACUUM ANALYZE users").await;
    let pattern = directory::containing("d41d8cd98f");
    let params = [
        (&None::<&str> as _, Type::TEXT),
        (&None::<&str> as _, Type::TEXT),
        (&pattern as _, Type::TEXT),
        (&None::<Uuid> as _, Type::UUID),
        (&21_i64 as _, Type::INT8),
    ];
    let plan = w.services.base.db.read(&format!("EXPLAIN {}", directory::PAGE), &params).await.unwrap();
    let plan: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("users_text")), "{plan:#?}");
}

#[tokio::test]
async fn that_an_account_was_read_is_in_the_audit_log_in_the_same_statement() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user_born(Role::Student, "2010-01-01").await);
    let request = by(admin, Role::Admin).path("userId", id);
    let (read, trips) = counted(&w, &get_user::use_case(), request).await;
    assert_eq!((&read.data()["userId"], &read.data()["ageGroup"]), (&json!(id), &json!("teen")));
    assert_eq!((read.headers["etag"].as_str(), trips), ("\"3\"", 1));
    assert_eq!(audit_log(&w).await, [entry(admin, "user.read", id, json!({}))]);
    let nobody = by(admin, Role::Admin).path("userId", Uuid::now_v7());
    let nobody = send(&w, &get_user::use_case(), nobody).await;
    assert_eq!((nobody.status, nobody.problem()), (404, "not-found"));
    assert_eq!(audit_log(&w).await.len(), 1, "nobody was read");
    let student = send(&w, &get_user::use_case(), by(id, Role::Student).path("userId", id)).await;
    assert_eq!(student.status, 403);
}

#[tokio::test]
async fn an_admin_sees_suspension_consent_and_the_tombstone() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let child = w.user_born(Role::Student, "2010-01-01").await;
    let consent = Uuid::now_v7();
    as_superuser(
        &w,
        &format!(
            "INSERT INTO consents VALUES ('{consent}', '{child}', 'requested', '{{}}', now(), now(), NULL, 1)"
        ),
    )
    .await;
    let until = "2026-12-01T00:00:00Z";
    let body = json!({ "reason": "wrote to a child", "until": until });
    send(&w, &suspend_user::use_case(), on(child, (admin, Role::Admin), &body)).await;
    let case = get_user::use_case();
    let read = || send(&w, &case, by(admin, Role::Admin).path("userId", child));
    let seen = read().await;
    let suspension = json!({ "by": admin, "reason": "wrote to a child", "until": until });
    assert_eq!(seen.data()["suspension"], suspension);
    assert_eq!(seen.data()["parentalConsent"]["consentId"], json!(consent));
    assert_eq!(seen.data()["parentalConsent"]["status"], "requested");
    as_superuser(&w, "DELETE FROM consents").await;
    let erase = by(child, Role::Student).access_version(9);
    send(&w, &erase_own_user::use_case(), erase).await;
    let left = json!({ "userId": child, "status": "erased", "erasedAt": "2026-11-21T12:00:00Z" });
    assert_eq!(read().await.data(), &left);
}

#[tokio::test]
async fn a_suspension_ends_every_token_at_once_and_closes_the_pools_account() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    let case = get_own_user::use_case();
    let me = || send(&w, &case, by(id, Role::Tutor));
    assert_eq!(me().await.status, 200);
    let request = on(id, (admin, Role::Admin), &for_good());
    let (suspended, trips) = counted(&w, &suspend_user::use_case(), request).await;
    let state = json!({ "userId": id, "role": "tutor", "status": "suspended",
        "suspension": { "by": admin, "reason": "wrote to a child" }, "updatedAt": "2026-11-21T12:00:00Z" });
    assert_eq!((suspended.data(), suspended.headers["etag"].as_str()), (&state, "\"4\""));
    assert_eq!(trips, 2 + 3, "load, save; mark as published, look at the pool's account, done with it");
    let refused = me().await;
    assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    assert_eq!(w.pool.asked(), [format!("disable sub-{id}"), format!("sign_out sub-{id}")]);
    assert_eq!(w.bus.kinds(), ["user.suspended", "access.revoked"]);
    assert_eq!(w.topic.announced.lock().unwrap()[0].data["minVersion"], 2);
    assert_eq!(audit_log(&w).await, [entry(admin, "user.suspended", id, json!({ "until": null }))]);
    let told = format!("{:?}", w.bus.events());
    assert!(!told.contains("wrote to"), "the reason is for admins alone");
}

#[tokio::test]
async fn a_reinstated_user_signs_in_anew() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    let command = |body: &Value| on(id, (admin, Role::Admin), body);
    send(&w, &suspend_user::use_case(), command(&for_good())).await;
    let (reinstated, trips) = counted(&w, &reinstate_user::use_case(), command(&json!({}))).await;
    assert_eq!((&reinstated.data()["status"], trips), (&json!("active"), 2 + 3));
    assert_eq!(reinstated.data().get("suspension"), None);
    assert_eq!(w.pool.asked().last().unwrap(), &format!("enable sub-{id}"));
    assert_eq!(w.bus.kinds().last().unwrap(), "user.reinstated");
    let old = send(&w, &get_own_user::use_case(), by(id, Role::Tutor)).await;
    assert_eq!(old.status, 401, "a token of before the suspension stays refused");
    let new = send(&w, &get_own_user::use_case(), by(id, Role::Tutor).access_version(2)).await;
    assert_eq!(new.status, 200);
    let actions: Vec<_> = audit_log(&w).await.into_iter().map(|entry| entry.1).collect();
    assert_eq!(actions, ["user.suspended", "user.reinstated"]);
}

#[tokio::test]
async fn only_what_the_state_allows_is_done() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    let command = |body: &Value| on(id, (admin, Role::Admin), body);
    let active = send(&w, &reinstate_user::use_case(), command(&json!({}))).await;
    assert_eq!((active.status, active.problem()), (409, "wrong-state"));
    let past = json!({ "reason": "x", "until": "2026-11-21T12:00:00Z" });
    let past = send(&w, &suspend_user::use_case(), command(&past)).await;
    assert_eq!((past.status, past.bad_fields()), (422, vec!["until"]));
    let nothing = send(&w, &suspend_user::use_case(), command(&json!({ "until": "soon", "by": 1 }))).await;
    let mut fields = nothing.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["by", "reason", "until"]);
    let other = send(&w, &suspend_user::use_case(), command(&for_good()).header("if-match", "\"2\"")).await;
    assert_eq!((other.status, other.problem()), (412, "precondition-failed"));
    let version = sequence(&w, id).await;
    let seen = command(&for_good()).header("if-match", format!("\"{version}\""));
    assert_eq!(send(&w, &suspend_user::use_case(), seen).await.status, 200);
    for (case, body) in
        [(suspend_user::use_case(), for_good()), (change_user_role::use_case(), json!({ "role": "student" }))]
    {
        let twice = send(&w, &case, command(&body)).await;
        assert_eq!((twice.status, twice.problem()), (409, "wrong-state"));
    }
    let unknown = on(UserId(Uuid::now_v7()), (admin, Role::Admin), &for_good());
    assert_eq!(send(&w, &suspend_user::use_case(), unknown).await.status, 404);
}

#[tokio::test]
async fn admins_look_after_students_and_tutors_and_superadmins_after_everybody_but_themselves() {
    let w = world().await;
    let (admin, other) = (w.user(Role::Admin).await, w.user(Role::Admin).await);
    let (superadmin, student) = (w.user(Role::Superadmin).await, w.user(Role::Student).await);
    w.user(Role::Superadmin).await;
    let (by_admin, by_superadmin) = ((admin, Role::Admin), (superadmin, Role::Superadmin));
    let role = |role: &str| json!({ "role": role });
    let suspend = suspend_user::use_case;
    let change = change_user_role::use_case;
    let refused = [
        (suspend(), on(admin, by_admin, &for_good())),
        (suspend(), on(other, by_admin, &for_good())),
        (suspend(), on(superadmin, by_admin, &for_good())),
        (suspend(), on(superadmin, by_superadmin, &for_good())),
        (change(), on(superadmin, by_superadmin, &role("admin"))),
        (change(), on(admin, by_admin, &role("superadmin"))),
        (change(), on(student, by_admin, &role("admin"))),
        (change(), on(other, by_admin, &role("student"))),
    ];
    for (case, request) in refused {
        let answer = send(&w, &case, request.clone()).await;
        assert_eq!((answer.status, answer.problem()), (403, "forbidden"), "{request:?}");
    }
    assert!(audit_log(&w).await.is_empty() && w.bus.kinds().is_empty());
    for (case, request) in [
        (change(), on(student, by_superadmin, &role("admin"))),
        (change(), on(student, by_superadmin, &role("tutor"))),
        (change(), on(student, by_admin, &role("student"))),
        (suspend(), on(student, by_admin, &for_good())),
        (suspend(), on(other, by_superadmin, &for_good())),
    ] {
        let answer = send(&w, &case, request.clone()).await;
        assert_eq!(answer.status, 200, "{request:?}: {:#}", answer.body);
    }
    let student_on = on(admin, (student, Role::Student), &for_good());
    assert_eq!(send(&w, &suspend(), student_on.access_version(9)).await.status, 403);
}

#[tokio::test]
async fn a_new_role_ends_every_token_of_the_old_one() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Student).await);
    let request = on(id, (admin, Role::Admin), &json!({ "role": "tutor" }));
    let (changed, trips) = counted(&w, &change_user_role::use_case(), request.clone()).await;
    assert_eq!((&changed.data()["role"], trips), (&json!("tutor"), 2 + 1));
    assert_eq!(send(&w, &get_own_user::use_case(), by(id, Role::Student)).await.status, 401);
    assert_eq!(w.bus.kinds(), ["user.role_changed", "access.revoked"]);
    let details = json!({ "from": "student", "to": "tutor" });
    assert_eq!(audit_log(&w).await, [entry(admin, "user.role_changed", id, details)]);
    let same = send(&w, &change_user_role::use_case(), request).await;
    assert_eq!((same.status, same.problem()), (409, "wrong-state"));
    let teen = w.user_born(Role::Student, "2010-01-01").await;
    let request = on(teen, (admin, Role::Admin), &json!({ "role": "tutor" }));
    let minor = send(&w, &change_user_role::use_case(), request).await;
    assert_eq!((minor.status, minor.problem()), (409, "wrong-state"));
}

#[tokio::test]
async fn a_change_whose_audit_entry_cannot_be_written_is_not_made() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Student).await);
    as_superuser(&w, "ALTER TABLE audit_log RENAME TO audit_log_elsewhere").await;
    let answer = send(&w, &suspend_user::use_case(), on(id, (admin, Role::Admin), &for_good())).await;
    assert_eq!(answer.status, 500);
    as_superuser(&w, "ALTER TABLE audit_log_elsewhere RENAME TO audit_log").await;
    assert_eq!(sequence(&w, id).await, 3);
    assert!(w.bus.kinds().is_empty() && w.pool.asked().is_empty());
    let db: &Database = &w.services.base.db;
    assert!(db.read("SELECT 1 FROM outbox", &[]).await.unwrap().is_empty());
}
