//! Accounts: codes, passwords, sessions, profiles, roles, and the people who look after them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database;
use crate::support::http::Call;
use crate::support::people::{CODE, PASSWORD, Person, RESET_CODE};
use crate::support::wait::{SOON, until};
use crate::support::world::World;

const NEW_PASSWORD: &str = "ten-tests-in-a-column";

/// That neither token of a session is good for anything.
async fn session_is_over(world: &World, person: &Person) {
    world.api.get("/v1/users/me", &person.access_token).await.is_problem(401, "unauthenticated");
    world.refresh(&person.refresh_token).await.is_problem(401, "sign-in-failed");
}

async fn session_is_good(world: &World, person: &Person) {
    world.api.get("/v1/users/me", &person.access_token).await.data(200);
    world.refresh(&person.refresh_token).await.data(200);
}

#[tokio::test]
async fn a_lost_code_is_sent_again() {
    let world = World::shared().await;
    let email = format!("student-{}@lectern.example", Uuid::new_v4());
    let body = json!({
        "email": email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
        "dateOfBirth": "1990-05-17", "role": "student", "timeZone": "Europe/London",
    });
    world.identity("/v1/auth/register", &body).await.data(202);
    world.letter(&email, 0).await;
    world.identity("/v1/auth/resend-code", &json!({ "email": email })).await.data(202);
    let second = world.letter(&email, 1).await;
    assert!(second.html.contains(CODE) || second.text.contains(CODE), "{second:?}");
    // Whoever registers again, not having got the first, is sent another too.
    world.identity("/v1/auth/register", &body).await.data(202);
    world.letter(&email, 2).await;
    let wrong = json!({ "email": email, "code": "000000" });
    world.identity("/v1/auth/confirm", &wrong).await.is_problem(422, "code-mismatch");
    world.identity("/v1/auth/confirm", &json!({ "email": email, "code": CODE })).await.data(200);
    world.sign_in(&email, PASSWORD).await;
    // An account that is there is told so by mail, and nobody else is.
    world.identity("/v1/auth/register", &body).await.data(202);
    let letter = world.letter(&email, 3).await;
    assert!(!letter.text.contains(CODE), "{letter:?}");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_ends_every_session() {
    let world = World::shared().await;
    let one = world.student().await;
    let two = world.sign_in(&one.email, PASSWORD).await;
    world.identity("/v1/auth/forgot-password", &json!({ "email": one.email })).await.data(202);
    let wrong = json!({ "email": one.email, "code": "000000", "newPassword": NEW_PASSWORD });
    world.identity("/v1/auth/reset-password", &wrong).await.is_problem(422, "code-mismatch");
    session_is_good(&world, &one).await;
    world.sets_password(&one.email, NEW_PASSWORD).await;
    for person in [&one, &two] {
        session_is_over(&world, person).await;
    }
    world.login(&one.email, PASSWORD).await.is_problem(401, "sign-in-failed");
    session_is_good(&world, &world.sign_in(&one.email, NEW_PASSWORD).await).await;
    let again = json!({ "email": one.email, "code": RESET_CODE, "newPassword": PASSWORD });
    world.identity("/v1/auth/reset-password", &again).await.is_problem(422, "code-mismatch");
}

#[tokio::test]
async fn a_changed_password_gives_a_fresh_session_and_ends_the_others() {
    let world = World::shared().await;
    let one = world.student().await;
    let two = world.sign_in(&one.email, PASSWORD).await;
    let change = async |old: &str| {
        let body = json!({ "oldPassword": old, "newPassword": NEW_PASSWORD });
        let call = Call::new("POST", "/v1/auth/change-password").token(&one.access_token).body(body);
        world.patiently(call).await
    };
    let wrong = change("not-the-old-password").await;
    wrong.is_problem(422, "invalid-fields");
    assert_eq!(wrong.body["errors"][0]["field"], "oldPassword");
    session_is_good(&world, &one).await;
    let changed = change(PASSWORD).await;
    let session = changed.data(200);
    let of = |name: &str| session[name].as_str().unwrap().to_owned();
    let fresh = Person {
        access_token: of("accessToken"),
        id_token: of("idToken"),
        refresh_token: of("refreshToken"),
        ..one.clone()
    };
    for person in [&one, &two] {
        session_is_over(&world, person).await;
    }
    session_is_good(&world, &fresh).await;
    world.login(&one.email, PASSWORD).await.is_problem(401, "sign-in-failed");
    world.sign_in(&one.email, NEW_PASSWORD).await;
}

async fn sessions(world: &World, person: &Person) -> Vec<Value> {
    let answer = world.api.get("/v1/users/me/sessions", &person.access_token).await;
    answer.data(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn sessions_are_listed_and_one_is_ended_from_another() {
    let world = World::shared().await;
    let phone = world.student().await;
    let login = json!({ "email": phone.email, "password": PASSWORD });
    let call = Call::new("POST", "/v1/auth/login").body(login).header("user-agent", "A Tablet/1.0");
    let tablet = world.patiently(call).await;
    let tablet = tablet.data(200);
    let listed = sessions(&world, &phone).await;
    assert_eq!(listed.len(), 2, "{listed:#?}");
    let current: Vec<_> = listed.iter().filter(|session| session["current"] == true).collect();
    let other = listed.iter().find(|session| session["current"] == false).unwrap();
    assert_eq!(current.len(), 1, "{listed:#?}");
    assert_eq!(other["device"], "A Tablet/1.0");

    let path = format!("/v1/users/me/sessions/{}", other["sessionId"].as_str().unwrap());
    world.api.delete(&path, &phone.access_token).await.data(200);
    world.api.delete(&path, &phone.access_token).await.is_problem(404, "not-found");
    let refused = world.api.get("/v1/users/me", tablet["accessToken"].as_str().unwrap()).await;
    refused.is_problem(401, "unauthenticated");
    let refused = world.refresh(tablet["refreshToken"].as_str().unwrap()).await;
    refused.is_problem(401, "sign-in-failed");
    session_is_good(&world, &phone).await;
    assert_eq!(sessions(&world, &phone).await.len(), 1);
}

#[tokio::test]
async fn who_signs_out_is_out_once_twice_and_everywhere() {
    let world = World::shared().await;
    let one = world.student().await;
    let two = world.sign_in(&one.email, PASSWORD).await;
    let three = world.sign_in(&one.email, PASSWORD).await;
    let logout = async |person: &Person, everywhere: bool| {
        let body = json!({ "refreshToken": person.refresh_token, "everywhere": everywhere });
        let answer = world.identity("/v1/auth/logout", &body).await;
        let expected = if everywhere {
            json!({ "signedOut": true, "everywhere": true })
        } else {
            json!({ "signedOut": true })
        };
        assert_eq!(answer.data(200), &expected);
    };
    for _ in 0..2 {
        logout(&one, false).await;
        session_is_over(&world, &one).await;
    }
    session_is_good(&world, &two).await;
    logout(&two, true).await;
    for person in [&two, &three] {
        session_is_over(&world, person).await;
    }
    session_is_good(&world, &world.sign_in(&one.email, PASSWORD).await).await;
}

#[tokio::test]
async fn a_student_becomes_a_tutor_when_the_session_is_refreshed() {
    let world = World::shared().await;
    let student = world.student().await;
    let became =
        world.api.call(Call::new("POST", "/v1/users/me/become-tutor").token(&student.access_token)).await;
    assert_eq!(became.data(200)["role"], "tutor", "{:#}", became.body);
    world.api.get("/v1/users/me", &student.access_token).await.is_problem(401, "unauthenticated");
    let tutor = world.refreshed(&student).await;
    let claims = crate::support::tokens::Token::of(&tutor.access_token).claims;
    assert_eq!(claims["role"], "tutor");
    world.put_profile(&tutor).await;
    let again =
        world.api.call(Call::new("POST", "/v1/users/me/become-tutor").token(&tutor.access_token)).await;
    again.is_problem(403, "forbidden");
    let events = ["user.registered", "user.verified", "user.activated", "user.role_changed"];
    world.assert_events("user", &tutor.id, &events).await;
}

#[tokio::test]
async fn a_profile_is_patched_by_who_has_seen_its_present_version() {
    let world = World::shared().await;
    let student = world.student().await;
    let me = world.api.get("/v1/users/me", &student.access_token).await;
    let etag = me.header("etag").unwrap().to_owned();
    let patch = |body: Value| Call::new("PATCH", "/v1/users/me").token(&student.access_token).body(body);
    let change = json!({ "bio": "I like primes.", "skills": ["algebra"], "avatar": "bear" });
    world.api.call(patch(change.clone())).await.is_problem(428, "precondition-required");
    let changed = world.api.call(patch(change.clone()).header("if-match", &etag)).await;
    assert_eq!(changed.data(200)["bio"], "I like primes.");
    let fresh = changed.header("etag").unwrap().to_owned();
    assert_ne!(fresh, etag);
    world.api.call(patch(change).header("if-match", &etag)).await.is_problem(412, "precondition-failed");
    // Absent = unchanged, null = taken away.
    let taken = world.api.call(patch(json!({ "bio": null })).header("if-match", &fresh)).await;
    assert_eq!((&taken.data(200)["bio"], &taken.data(200)["skills"]), (&Value::Null, &json!(["algebra"])));
    let fresh = taken.header("etag").unwrap().to_owned();
    let wrong =
        json!({ "role": "admin", "email": "x@y.example", "timeZone": "Mars/Base", "firstName": null });
    let refused = world.api.call(patch(wrong).header("if-match", &fresh)).await;
    refused.is_problem(422, "invalid-fields");
    let mut fields: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["email", "firstName", "role", "timeZone"]);
    let kinds = [
        "user.registered",
        "user.verified",
        "user.activated",
        "user.profile_updated",
        "user.profile_updated",
    ];
    world.assert_events("user", &student.id, &kinds).await;
}

/// The entries of the audit log about somebody, as (actor, action), the oldest first.
async fn audit(world: &World, admin: &Person, subject: &str) -> Vec<(String, String)> {
    let path = format!("/v1/admin/audit-log?subject=user:{subject}");
    let answer = world.api.get(&path, &admin.access_token).await;
    let items = answer.data(200)["items"].as_array().unwrap().clone();
    let of = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    items.iter().rev().map(|item| (of(item, "actor"), of(item, "action"))).collect()
}

#[tokio::test]
async fn a_superadmin_makes_an_admin_who_looks_after_people_and_the_log_tells() {
    let world = World::shared().await;
    let superadmin = world.staff("superadmin").await;
    let admin = world.appointed("admin").await;
    let student = world.student().await;
    let name = student.email.split('@').next().unwrap();
    let path = format!("/v1/admin/users?text={name}&role=student&status=active");
    let found = world.api.get(&path, &admin.access_token).await;
    let items = found.data(200)["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{items:#?}");
    assert_eq!(items[0]["userId"], student.id);

    let path = format!("/v1/admin/users/{}", student.id);
    let read = world.api.get(&path, &admin.access_token).await;
    assert_eq!(read.data(200)["email"], student.email);
    let put = async |by: &Person, role: &str| {
        let path = format!("/v1/admin/users/{}/role", student.id);
        world.api.put(&path, &by.access_token, json!({ "role": role })).await
    };
    put(&admin, "admin").await.is_problem(403, "forbidden");
    put(&admin, "student").await.is_problem(409, "wrong-state");
    put(&admin, "tutor").await.data(200);
    world.api.get("/v1/users/me", &student.access_token).await.is_problem(401, "unauthenticated");
    put(&superadmin, "admin").await.data(200);
    let promoted = world.refreshed(&student).await;
    world.api.get("/v1/admin/users?limit=1", &promoted.access_token).await.data(200);
    put(&admin, "student").await.is_problem(403, "forbidden");
    put(&superadmin, "student").await.data(200);

    let by = |person: &Person| format!("user:{}", person.id);
    let expected: Vec<_> = [
        (by(&admin), "user.read"),
        (by(&admin), "user.role_changed"),
        (by(&superadmin), "user.role_changed"),
        (by(&superadmin), "user.role_changed"),
    ]
    .map(|(actor, action)| (actor, action.to_owned()))
    .into();
    assert_eq!(audit(&world, &admin, &student.id).await, expected);
    until("the log is whole", SOON, async || {
        world.aws.try_invoke("verify-audit-log", &json!({})).await.ok().map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn who_makes_an_admin_twice_makes_one() {
    let world = World::shared().await;
    let superadmin = world.staff("superadmin").await;
    let email = format!("admin-{}@lectern.example", Uuid::new_v4());
    let body = json!({ "email": email, "firstName": "Test", "lastName": "Staff", "role": "admin" });
    let call = |key: &str| {
        let call = Call::new("POST", "/v1/admin/users").token(&superadmin.access_token).body(body.clone());
        call.header("idempotency-key", key)
    };
    let first = world.api.call(call(&email)).await;
    let again = world.api.call(call(&email)).await;
    assert_eq!(first.data(201), again.data(201));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    world.api.call(call("another")).await.is_problem(409, "email-taken");
    // Nobody knows a password until the person has set one.
    world.login(&email, PASSWORD).await.is_problem(401, "sign-in-failed");
    let letter = world.letter(&email, 0).await;
    assert!(letter.html.contains(RESET_CODE) || letter.text.contains(RESET_CODE), "{letter:?}");
    let kinds = ["user.registered", "user.activated"];
    world.assert_events("user", first.data(201)["userId"].as_str().unwrap(), &kinds).await;
}

#[tokio::test]
async fn the_head_of_the_audit_log_is_kept_in_another_system() {
    let world = World::shared().await;
    let student = world.student().await;
    let call = Call::new("POST", "/v1/users/me/become-tutor").token(&student.access_token);
    world.api.call(call).await.data(200);
    let last = "SELECT coalesce(max(position), 0) FROM audit_log";
    let last: i64 = database::one("identity", last, &[]).await;
    world.aws.invoke("verify-audit-log", &json!({})).await;
    let kept = until("a checkpoint is stored", SOON, async || {
        let kept = world.aws.all_events("audit.checkpointed").await;
        kept.iter().any(|event| event["data"]["position"].as_i64() >= Some(last)).then_some(kept)
    })
    .await;
    // Whoever cuts the log's end off, or writes it anew, can't change these.
    for checkpoint in kept {
        let position = checkpoint["data"]["position"].as_i64().unwrap();
        let sql = "SELECT encode(hash, 'hex') FROM audit_log WHERE position = $1";
        let hash: String = database::one("identity", sql, &[&position]).await;
        assert_eq!(checkpoint["data"]["hash"], hash, "{position}");
    }
}

#[tokio::test]
async fn a_service_brings_a_user_along_and_looks_users_up() {
    let world = World::shared().await;
    let service = world.aws.service().await;
    let email = format!("student-{}@lectern.example", Uuid::new_v4());
    let body = json!({ "email": email, "firstName": "Test", "lastName": "Person", "role": "student" });
    let create = Call::new("POST", "/internal/users").signature(&service).body(body);
    let create = create.header("idempotency-key", &email);
    let made = world.api.call(create.clone()).await;
    let id = made.data(201)["userId"].as_str().unwrap().to_owned();
    assert_eq!(world.api.call(create).await.data(201)["userId"], id);
    let get = async |path: String| world.api.call(Call::new("GET", path).signature(&service)).await;
    for path in [format!("/internal/users/{id}"), format!("/internal/users/by-email/{email}")] {
        let found = get(path).await;
        assert_eq!((&found.data(200)["userId"], &found.data(200)["email"]), (&json!(id), &json!(email)));
    }
    get(format!("/internal/users/by-email/nobody-{email}")).await.is_problem(404, "not-found");
    let ids = json!({ "userIds": [id, Uuid::now_v7()] });
    let call = Call::new("POST", "/internal/users/batch-get").signature(&service).body(ids);
    let batch = world.api.call(call).await;
    let items = batch.data(200)["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{items:#?}");
    assert!(!batch.body.to_string().contains(&email), "{:#}", batch.body);
    world.sets_password(&email, PASSWORD).await;
    assert_eq!(world.sign_in(&email, PASSWORD).await.id, id);
}
