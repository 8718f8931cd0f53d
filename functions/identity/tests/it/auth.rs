//! Registration and the emailed codes: the answers never tell whether an email is known.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{
    Identity, confirm_user, forgot_password, post_confirmation, pre_sign_up, register_user, resend_code,
    reset_password, sign_in,
};
use lectern_runtime::UseCase;
use lectern_runtime::testing::{Answered, invoke};
use serde_json::{Value, json};

use super::support::{PASSWORD, count, instance, instance_with, look, post, set_broken, without_database};
use super::world::{World, pool_event, world};

const EMAIL: &str = "ada@example.org";

fn registration() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace",
        "dateOfBirth": "2000-12-10", "role": "student", "timeZone": "Europe/London" })
}

async fn register(services: &Arc<Identity>, body: &Value) -> Answered {
    post(services, &register_user::use_case(), body).await
}

/// What anybody can see of an answer.
fn seen(answer: &Answered) -> (u16, Value) {
    let shown = if answer.status < 300 { &answer.body["data"] } else { &answer.body["errors"] };
    (answer.status, shown.clone())
}

async fn waiting_for_a_code(w: &World) {
    invoke(&pre_sign_up::use_case(), &w.services, pool_event("PreSignUp_SignUp", json!({}))).await.unwrap();
}

async fn confirmed(w: &World, locale: &str) {
    let event = pool_event("PostConfirmation_ConfirmSignUp", json!({ "locale": locale }));
    invoke(&post_confirmation::use_case(), &w.services, event).await.unwrap();
}

#[tokio::test]
async fn an_unknown_email_a_waiting_one_and_a_confirmed_one_get_one_answer_and_different_letters() {
    let w = world().await;
    let unknown = seen(&register(&w.services, &registration()).await);
    assert_eq!(w.pool.asked(), ["sign_up ada@example.org as student"]);

    waiting_for_a_code(&w).await;
    w.pool.fails_with(PoolError::EmailTaken);
    let waiting = seen(&register(&w.services, &registration()).await);
    assert_eq!(w.pool.asked()[1..], ["sign_up ada@example.org as student", "resend_code ada@example.org"]);

    confirmed(&w, "de-DE").await;
    w.pool.fails_with(PoolError::EmailTaken);
    let known = seen(&register(&w.services, &registration()).await);
    assert_eq!(w.pool.asked().len(), 4, "a confirmed account gets no code");

    assert_eq!(unknown.0, 202);
    assert_eq!((&unknown, &unknown), (&waiting, &known));
    let posted = w.post.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(
        (posted[0].0.as_str(), posted[0].1.subject.as_str()),
        (EMAIL, "Sie haben schon ein Konto bei Lectern")
    );
}

#[tokio::test]
async fn an_account_that_only_the_pool_knows_as_confirmed_gets_the_letter_too() {
    let w = world().await;
    for _ in 0..2 {
        w.pool.fails_at("sign_up", PoolError::EmailTaken);
        w.pool.fails_at("resend_code", PoolError::Refused("User is already confirmed.".into()));
        assert_eq!(register(&w.services, &registration()).await.status, 202);
        // Once without a row of ours, once with one that waits.
        waiting_for_a_code(&w).await;
    }
    assert_eq!(w.post.posted().len(), 2);
}

#[tokio::test]
async fn a_letter_to_the_owner_that_fails_is_not_the_strangers_to_know() {
    let w = world().await;
    let unknown = seen(&register(&w.services, &registration()).await);
    waiting_for_a_code(&w).await;
    let failures = [PoolError::Unavailable("down".into()), PoolError::TooMany, PoolError::Exhausted];
    for error in failures.into_iter().chain([PoolError::Undelivered("no such box".into())]) {
        w.services.base.kit.clock.advance(jiff::SignedDuration::from_hours(2));
        w.pool.fails_at("sign_up", PoolError::EmailTaken);
        w.pool.fails_at("resend_code", error);
        assert_eq!(seen(&register(&w.services, &registration()).await), unknown);
    }
    confirmed(&w, "en").await;
    w.post.set_down(true);
    w.pool.fails_with(PoolError::EmailTaken);
    assert_eq!(seen(&register(&w.services, &registration()).await), unknown);
    w.pool.fails_with(PoolError::Undelivered("no such box".into()));
    assert_eq!(seen(&register(&w.services, &registration()).await), unknown);
}

#[tokio::test]
async fn a_pool_or_a_database_that_is_down_is_503_for_every_email() {
    let w = world().await;
    w.pool.fails_with(PoolError::Unavailable("down".into()));
    assert_eq!(register(&w.services, &registration()).await.status, 503);
    w.pool.fails_with(PoolError::EmailTaken);
    assert_eq!(register(&without_database(&w), &registration()).await.status, 503);
}

#[tokio::test]
async fn everybody_but_a_child_tells_the_time_zone_and_all_wrong_fields_are_named() {
    let w = world().await;
    let without = |birth: &str, role: &str| {
        let mut body = registration();
        body["dateOfBirth"] = json!(birth);
        body["role"] = json!(role);
        body.as_object_mut().unwrap().remove("timeZone");
        body
    };
    assert_eq!(register(&w.services, &without("2000-12-10", "student")).await.bad_fields(), ["timeZone"]);
    let teen = register(&w.services, &without("2011-12-10", "tutor")).await;
    assert_eq!((teen.status, teen.bad_fields()), (422, vec!["dateOfBirth", "timeZone"]));

    let mut child = without("2016-12-10", "student");
    assert_eq!(register(&w.services, &child).await.bad_fields(), ["parentEmail"]);
    child["parentEmail"] = json!("byron@example.org");
    let answer = register(&w.services, &child).await;
    assert_eq!(answer.data()["next"], "confirm_email", "a child's answer is everybody's");

    let mut long = registration();
    long["email"] = json!(format!("{}@{}.example.org", "a".repeat(64), "b".repeat(60)));
    long.as_object_mut().unwrap().remove("timeZone");
    assert_eq!(register(&w.services, &long).await.bad_fields(), ["timeZone", "email"]);
    long["timeZone"] = json!("Europe/London");
    long["email"] = json!(format!("{}@{}.example.org", "a".repeat(64), "b".repeat(51)));
    assert_eq!(register(&w.services, &long).await.status, 202, "128 characters are taken");
}

#[tokio::test]
async fn a_password_in_spaces_is_refused_before_anybody_is_looked_for() {
    let w = world().await;
    let mut body = registration();
    body["password"] = json!(" correct horse 9!");
    assert_eq!(register(&w.services, &body).await.bad_fields(), ["password"]);
    assert!(w.pool.asked().is_empty());
}

#[tokio::test]
async fn asking_for_a_code_gets_one_answer_whatever_the_pool_thinks_of_the_email() {
    let w = world().await;
    let body = json!({ "email": EMAIL });
    for (case, next) in
        [(resend_code::use_case(), "confirm_email"), (forgot_password::use_case(), "reset_password")]
    {
        let sent = seen(&post(&w.services, &case, &body).await);
        assert_eq!((sent.0, &sent.1["next"]), (202, &json!(next)));
        for error in [
            PoolError::Refused("no such user".into()),
            PoolError::TriggerRefused("erased".into()),
            PoolError::Exhausted,
            PoolError::Undelivered("no such box".into()),
        ] {
            w.services.base.kit.clock.advance(jiff::SignedDuration::from_hours(24));
            w.pool.fails_with(error);
            assert_eq!(seen(&post(&w.services, &case, &body).await), sent);
        }
        w.services.base.kit.clock.advance(jiff::SignedDuration::from_hours(24));
        w.pool.fails_with(PoolError::Unavailable("down".into()));
        assert_eq!(post(&w.services, &case, &body).await.status, 503);
    }
    assert!(w.pool.asked().contains(&format!("resend_code {EMAIL}")));
    assert!(w.pool.asked().contains(&format!("forgot_password {EMAIL}")));
}

#[tokio::test]
async fn a_code_and_a_new_password_reset_the_old_one_and_every_refusal_is_one_answer() {
    let w = world().await;
    let case = reset_password::use_case();
    let body = json!({ "email": EMAIL, "code": "123456", "newPassword": PASSWORD });
    assert_eq!(post(&w.services, &case, &body).await.data()["next"], "sign_in");
    assert_eq!(w.pool.asked(), ["reset_password ada@example.org 123456"]);
    for error in [PoolError::Refused("expired".into()), PoolError::Exhausted] {
        w.pool.fails_with(error);
        let answer = post(&w.services, &case, &body).await;
        assert_eq!((answer.status, answer.problem()), (422, "code-mismatch"));
    }
    w.pool.fails_with(PoolError::PasswordRefused("was used before".into()));
    assert_eq!(post(&w.services, &case, &body).await.bad_fields(), ["newPassword"]);
    w.pool.fails_with(PoolError::TriggerRefused("PostConfirmation failed".into()));
    let answer = post(&w.services, &case, &body).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body["detail"].as_str().unwrap().starts_with("The new password is set"));

    let both = json!({ "email": "nobody", "code": "", "newPassword": "short" });
    let mut fields: Vec<_> =
        post(&w.services, &case, &both).await.bad_fields().into_iter().map(str::to_owned).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["code", "email", "newPassword"]);
}

/// An answer's time, at least; how much longer it took is the machine's.
async fn timed(services: &Arc<Identity>, case: &UseCase<Identity>, body: &Value) -> Duration {
    let started = Instant::now();
    post(services, case, body).await;
    started.elapsed()
}

#[tokio::test]
async fn answers_that_could_tell_something_by_their_time_wait_for_the_floor() {
    let w = world().await;
    let floor = Duration::from_millis(120);
    let services = instance_with(&w, w.database.connect(), floor);
    let (email, code) = (json!({ "email": EMAIL }), json!({ "email": EMAIL, "code": "123456" }));
    let reset = json!({ "email": EMAIL, "code": "123456", "newPassword": PASSWORD });
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    assert!(timed(&services, &register_user::use_case(), &registration()).await >= floor);
    w.pool.fails_with(PoolError::EmailTaken);
    assert!(timed(&services, &register_user::use_case(), &registration()).await >= floor);
    assert!(timed(&services, &resend_code::use_case(), &email).await >= floor);
    assert!(timed(&services, &forgot_password::use_case(), &email).await >= floor);
    let refusing = [
        (sign_in::use_case(), &login),
        (confirm_user::use_case(), &code),
        (reset_password::use_case(), &reset),
    ];
    for (case, body) in refusing {
        for error in [PoolError::Refused("no such user".into()), PoolError::Unavailable("down".into())] {
            w.pool.fails_with(error);
            assert!(timed(&services, &case, body).await >= floor, "{}", case.meta.name);
        }
    }
}

#[tokio::test]
async fn a_login_whose_session_could_not_be_written_waits_for_the_floor_too() {
    let w = world().await;
    let floor = Duration::from_millis(120);
    let user = w.user(Role::Student).await;
    super::support::fresh_session(&w, user, 1);
    set_broken(&w, "sessions", true).await;
    let services = instance_with(&w, w.database.connect(), floor);
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    assert!(timed(&services, &sign_in::use_case(), &login).await >= floor);
}

#[tokio::test]
async fn fifty_confirmations_at_once_make_one_user_with_each_event_once() {
    let w = world().await;
    waiting_for_a_code(&w).await;
    let instances: Vec<_> = (0..10).map(|_| instance(&w)).collect();
    let mut confirmations = tokio::task::JoinSet::new();
    for n in 0..50 {
        let services = Arc::clone(&instances[n % instances.len()]);
        confirmations.spawn(async move {
            let event = pool_event("PostConfirmation_ConfirmSignUp", json!({}));
            invoke(&post_confirmation::use_case(), &services, event).await.is_ok()
        });
    }
    let confirmed = confirmations.join_all().await;
    assert!(confirmed.contains(&true), "none got through");
    assert_eq!(count(&w, "SELECT 1 FROM users").await, 1);
    let status: String = look(&w, "SELECT status FROM users").await[0].get(0);
    assert_eq!(status, "active");
    let mut kinds = w.bus.kinds();
    kinds.sort_unstable();
    assert_eq!(kinds, ["user.activated", "user.registered", "user.verified"]);
}
