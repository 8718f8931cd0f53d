//! Cognito and our database: one of the two fails halfway, and they agree again in the end.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Broken;
use crate::support::database;
use crate::support::forbidden::Forbidden;
use crate::support::http::Call;
use crate::support::people::{CODE, PASSWORD, Person};
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// Moves the clock of accounts that wait to be brought in line, and runs the schedule.
async fn align(world: &World) {
    let sql = "UPDATE pool_alignments SET due_at = due_at - interval '2 hours'";
    database::rows("identity", sql, &[]).await;
    world.aws.invoke("align-user-pool", &json!({})).await;
}

async fn is_due(person: &Person) -> bool {
    let sql = "SELECT count(*) FROM pool_alignments WHERE user_id = $1::text::uuid";
    database::one::<i64>("identity", sql, &[&person.id]).await > 0
}

async fn enabled(world: &World, person: &Person) -> Option<bool> {
    world.aws.pool_account(&person.email).await?["Enabled"].as_bool()
}

async fn act(world: &World, whom: &Person, what: &str, body: Value) {
    let admin = world.staff("admin").await;
    let path = format!("/v1/admin/users/{}/{what}", whom.id);
    world.api.post(&path, &admin.access_token, body).await.data(200);
}

/// That nobody is let in, whatever Cognito would say.
async fn is_shut_out(world: &World, person: &Person) {
    world.api.get("/v1/users/me", &person.access_token).await.is_problem(401, "unauthenticated");
    world.refresh(&person.refresh_token).await.is_problem(401, "sign-in-failed");
    world.login(&person.email, PASSWORD).await.is_problem(401, "sign-in-failed");
}

#[tokio::test]
async fn a_suspension_that_cognito_does_not_hear_of_holds_and_cognito_follows() {
    let world = World::alone().await;
    for step in ["cognito-idp:AdminDisableUser", "cognito-idp:AdminUserGlobalSignOut"] {
        let student = world.student().await;
        let broken = Forbidden::to(&world, "suspend-user", &[step]).await;
        act(&world, &student, "suspend", json!({ "reason": "a test" })).await;
        is_shut_out(&world, &student).await;
        assert!(is_due(&student).await, "{step} was not broken");
        broken.allow().await;
        align(&world).await;
        assert!(!is_due(&student).await, "{step}");
        assert_eq!(enabled(&world, &student).await, Some(false), "{step}");
        is_shut_out(&world, &student).await;
    }
}

#[tokio::test]
async fn a_reinstatement_that_cognito_does_not_hear_of_is_made_up_for() {
    let world = World::alone().await;
    let student = world.student().await;
    act(&world, &student, "suspend", json!({ "reason": "a test" })).await;
    assert_eq!(enabled(&world, &student).await, Some(false));
    let broken = Forbidden::to(&world, "reinstate-user", &["cognito-idp:AdminEnableUser"]).await;
    act(&world, &student, "reinstate", json!({})).await;
    broken.allow().await;
    assert_eq!(enabled(&world, &student).await, Some(false), "it was not broken");
    align(&world).await;
    assert_eq!(enabled(&world, &student).await, Some(true));
    world.sign_in(&student.email, PASSWORD).await;
}

#[tokio::test]
async fn an_erasure_that_cognito_does_not_hear_of_holds_and_cognito_follows() {
    let world = World::alone().await;
    let student = world.student().await;
    let broken = Forbidden::to(&world, "erase-own-user", &["cognito-idp:AdminDeleteUser"]).await;
    world.api.delete("/v1/users/me", &student.access_token).await.data(200);
    is_shut_out(&world, &student).await;
    assert!(enabled(&world, &student).await.is_some(), "it was not broken");
    // While the old account is there the email isn't free; nobody is told.
    broken.allow().await;
    align(&world).await;
    assert_eq!(enabled(&world, &student).await, None);
    assert!(!is_due(&student).await);
    let body = json!({
        "email": student.email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
        "dateOfBirth": "1990-05-17", "role": "student", "timeZone": "Europe/London",
    });
    world.enrol(&body).await;
    assert_ne!(world.sign_in(&student.email, PASSWORD).await.id, student.id);
}

#[tokio::test]
async fn an_admin_who_was_made_halfway_is_made_when_it_is_asked_again() {
    let world = World::alone().await;
    let superadmin = world.staff("superadmin").await;
    let steps =
        ["cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword", "cognito-idp:AdminGetUser"];
    for step in steps {
        let email = format!("admin-{}@lectern.example", Uuid::new_v4());
        let body = json!({ "email": email, "firstName": "Test", "lastName": "Staff", "role": "admin" });
        let call = Call::new("POST", "/v1/admin/users").token(&superadmin.access_token).body(body);
        let call = call.header("idempotency-key", &email);
        let broken = Forbidden::to(&world, "appoint-staff-user", &[step]).await;
        let refused = world.api.call(call.clone()).await;
        broken.allow().await;
        refused.is_problem(503, "unavailable");
        world.login(&email, PASSWORD).await.is_problem(401, "sign-in-failed");
        let made = until("it works when it is tried again", SOON, async || {
            let answer = world.api.call(call.clone()).await;
            (answer.status == 201).then_some(answer)
        })
        .await;
        world.sets_password(&email, PASSWORD).await;
        let admin = world.sign_in(&email, PASSWORD).await;
        assert_eq!(made.data(201)["userId"], admin.id, "{step}");
        world.api.get("/v1/admin/users?limit=1", &admin.access_token).await.data(200);
    }
}

#[tokio::test]
async fn an_account_that_was_confirmed_while_the_database_was_down_is_made_active_at_the_sign_in() {
    let world = World::alone().await;
    let email = format!("student-{}@lectern.example", Uuid::new_v4());
    let body = json!({
        "email": email, "password": PASSWORD, "firstName": "Test", "lastName": "Person",
        "dateOfBirth": "1990-05-17", "role": "student", "timeZone": "Europe/London",
    });
    world.identity("/v1/auth/register", &body).await.data(202);
    let nowhere =
        Broken::by(&world, "post-confirmation", "DATABASE_URL_PARAMETER", "/lectern/local/nowhere").await;
    let confirmation = json!({ "email": email, "code": CODE });
    let confirmed = world.identity("/v1/auth/confirm", &confirmation).await;
    nowhere.mend().await;
    assert!(matches!(confirmed.status, 200 | 503), "{:#}", confirmed.body);
    let status = "SELECT status FROM users WHERE email = $1";
    let before: String = database::one("identity", status, &[&email]).await;
    assert_eq!(before, "pending_verification", "the database was not down");
    let student = world.sign_in(&email, PASSWORD).await;
    let after: String = database::one("identity", status, &[&email]).await;
    assert_eq!(after, "active");
    world.assert_events("user", &student.id, &["user.registered", "user.verified", "user.activated"]).await;
}
