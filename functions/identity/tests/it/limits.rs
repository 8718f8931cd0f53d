//! Limits on the routes of sign-in: by address and by account, whichever function instance answers.

use std::sync::Arc;

use jiff::SignedDuration;
use lectern_domain::role::Role;
use lectern_identity::user_pool::PoolError;
use lectern_identity::{
    Identity, change_password, confirm_user, forgot_password, refresh_session, register_user, resend_code,
    reset_password, sign_in, sign_out,
};
use lectern_runtime::rate_limit::Per;
use lectern_runtime::testing::{Answered, As, TestRequest};
use lectern_runtime::{Trigger, UseCase};
use serde_json::{Value, json};

use super::support::{PASSWORD, bearer, instance, post};
use super::world::{World, world};

/// Everything that a route of these takes of an email (or a refresh token), wrong but for its form.
fn body(case: &UseCase<Identity>, email: &str) -> Value {
    match case.meta.name {
        "register-user" => json!({ "email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "L",
            "dateOfBirth": "2000-12-10", "role": "student", "timeZone": "UTC" }),
        "confirm-user" => json!({ "email": email, "code": "123456" }),
        "sign-in" => json!({ "email": email, "password": PASSWORD }),
        "reset-password" => json!({ "email": email, "code": "123456", "newPassword": PASSWORD }),
        "refresh-session" | "sign-out" => json!({ "refreshToken": email }),
        _ => json!({ "email": email }),
    }
}

async fn refused(w: &World, services: &Arc<Identity>, case: &UseCase<Identity>, body: &Value) -> Answered {
    w.pool.fails_with(PoolError::Refused("wrong".into()));
    post(services, case, body).await
}

#[tokio::test]
async fn the_limit_of_an_account_holds_across_function_instances() {
    let w = world().await;
    let instances = [instance(&w), instance(&w)];
    for (case, calls, until_next) in [
        (register_user::use_case(), 5, 720),
        (confirm_user::use_case(), 5, 180),
        (resend_code::use_case(), 3, 300),
        (sign_in::use_case(), 10, 90),
        (refresh_session::use_case(), 10, 6),
        (sign_out::use_case(), 10, 6),
        (forgot_password::use_case(), 3, 300),
        (reset_password::use_case(), 5, 180),
    ] {
        let name = case.meta.name;
        // Addresses that differ in nothing but case and spaces are one account.
        let spelled = |n: u32| if n.is_multiple_of(2) { " Ada@Example.org " } else { "ada@example.org" };
        for n in 0..calls {
            let services = &instances[(n % 2) as usize];
            let answer = refused(&w, services, &case, &body(&case, spelled(n))).await;
            assert_ne!(answer.status, 429, "{name}: call {n}");
            assert_eq!(answer.headers["ratelimit"], format!("\"default\";r={};t=0", calls - 1 - n), "{name}");
        }
        let stopped = refused(&w, &instances[0], &case, &body(&case, "ada@example.org")).await;
        assert_eq!((stopped.status, stopped.problem()), (429, "rate-limited"), "{name}");
        assert_eq!(stopped.headers["retry-after"], until_next.to_string(), "{name}");
        assert_eq!(stopped.headers["ratelimit"], format!("\"default\";r=0;t={until_next}"), "{name}");
        assert!(
            stopped.headers["ratelimit-policy"].starts_with(&format!("\"default\";q={calls};")),
            "{name}"
        );
        let other = refused(&w, &instances[1], &case, &body(&case, "grace@example.org")).await;
        assert_ne!(other.status, 429, "{name}: another account at the same address");
        w.services.base.kit.clock.advance(SignedDuration::from_secs(until_next));
        let later = refused(&w, &instances[1], &case, &body(&case, "ada@example.org")).await;
        assert_ne!(later.status, 429, "{name}: after the time that was told");
        // The pool answers what it was told once; what was not asked for is forgotten.
        w.pool.fail.lock().unwrap().take();
    }
}

#[tokio::test]
async fn a_code_can_be_tried_ten_times_in_a_quarter_of_an_hour_and_forty_times_in_a_day() {
    let w = world().await;
    for case in [confirm_user::use_case(), reset_password::use_case()] {
        let body = body(&case, "ada@example.org");
        let mut tried_after = Vec::new();
        for minute in (0..24 * 60).step_by(3) {
            loop {
                let answer = refused(&w, &w.services, &case, &body).await;
                if answer.status == 429 {
                    break;
                }
                tried_after.push(minute);
            }
            w.services.base.kit.clock.advance(SignedDuration::from_mins(3));
        }
        let quarter = tried_after.iter().filter(|minute| **minute < 15).count();
        assert!(quarter <= 10, "{}: {quarter} tries in a quarter of an hour", case.meta.name);
        assert!((20..=40).contains(&tried_after.len()), "{}: {} tries", case.meta.name, tried_after.len());
        w.pool.fail.lock().unwrap().take();
    }
}

#[tokio::test]
async fn a_password_can_be_changed_five_times_in_a_quarter_of_an_hour_by_one_caller() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "a better horse" });
    let change = |user| {
        w.pool.fails_at("change_password", PoolError::Refused("Incorrect username or password.".into()));
        TestRequest::new(As::User(user, Role::Student))
            .header("authorization", bearer("aws.cognito.signin.user.admin"))
            .json(&body)
    };
    for _ in 0..5 {
        assert_eq!(change(user).send(&change_password::use_case(), &w.services).await.status, 422);
    }
    assert_eq!(change(user).send(&change_password::use_case(), &w.services).await.status, 429);
    assert_eq!(change(other).send(&change_password::use_case(), &w.services).await.status, 422);
}

#[test]
fn every_route_of_sign_in_is_limited_by_address_and_by_account() {
    let mut routes = 0;
    for function in lectern_identity::functions() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        if !http.path.starts_with("/v1/auth/") {
            continue;
        }
        routes += 1;
        let by = |wanted: fn(Per) -> bool| http.rate_limits.iter().any(|limit| wanted(limit.per));
        assert!(by(|per| per == Per::Address), "{}", http.path);
        assert!(by(|per| matches!(per, Per::Field(_) | Per::Caller)), "{}", http.path);
    }
    assert_eq!(routes, 9);
}
