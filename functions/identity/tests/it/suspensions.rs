//! Suspensions with an end.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{get_own_user, lift_suspensions, reinstate_user, suspend_user};
use lectern_runtime::testing::invoke;
use serde_json::{Value, json};

use super::office::{as_superuser, audit_log, by, for_good, on, send};
use super::support::instance;
use super::world::{World, world};

async fn suspend(w: &World, admin: UserId, id: UserId, until: Option<&str>) {
    let mut body = for_good();
    if let Some(until) = until {
        body["until"] = json!(until);
    }
    let answer = send(w, &suspend_user::use_case(), on(id, (admin, Role::Admin), &body)).await;
    assert_eq!(answer.status, 200);
}

async fn lift(w: &World) {
    invoke(&lift_suspensions::use_case(), &w.services, Value::Null).await.unwrap();
}

async fn status(w: &World, id: UserId) -> String {
    as_superuser(w, &format!("SELECT status FROM users WHERE id = '{id}'")).await[0].get(0)
}

#[tokio::test]
async fn a_suspension_ends_when_its_time_comes_and_not_before() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let (timed, later, endless) =
        (w.user(Role::Tutor).await, w.user(Role::Student).await, w.user(Role::Student).await);
    suspend(&w, admin, timed, Some("2026-11-21T13:00:00Z")).await;
    suspend(&w, admin, later, Some("2026-11-21T15:00:00Z")).await;
    suspend(&w, admin, endless, None).await;
    w.services.base.kit.clock.advance(SignedDuration::from_secs(3_599));
    lift(&w).await;
    assert_eq!(status(&w, timed).await, "suspended");
    w.services.base.kit.clock.advance(SignedDuration::from_secs(1));
    lift(&w).await;
    let states = [status(&w, timed).await, status(&w, later).await, status(&w, endless).await];
    assert_eq!(states, ["active", "suspended", "suspended"]);
    assert_eq!(w.bus.kinds().last().unwrap(), "user.reinstated");
    assert_eq!(w.bus.events().last().unwrap().actor, "system:lift-suspensions");
    assert_eq!(w.pool.asked().last().unwrap(), &format!("enable sub-{timed}"));
    let last = audit_log(&w).await.pop().unwrap();
    assert_eq!((last.0.as_str(), last.1.as_str()), ("system:lift-suspensions", "user.reinstated"));
    assert_eq!(send(&w, &get_own_user::use_case(), by(timed, Role::Tutor)).await.status, 401);
    let signed_in = by(timed, Role::Tutor).access_version(2);
    assert_eq!(send(&w, &get_own_user::use_case(), signed_in).await.status, 200);
    let before = w.bus.kinds().len();
    lift(&w).await;
    assert_eq!(w.bus.kinds().len(), before, "once");
}

#[tokio::test]
async fn runs_at_once_end_a_suspension_once_also_against_an_admin() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    for _ in 0..10 {
        let id = w.user(Role::Tutor).await;
        suspend(&w, admin, id, Some("2027-11-21T13:00:00Z")).await;
        as_superuser(&w, &format!("UPDATE users SET suspended_until = created_at WHERE id = '{id}'")).await;
        let (a, b) = (instance(&w), instance(&w));
        let (case, by_admin) = (lift_suspensions::use_case(), reinstate_user::use_case());
        let (first, second, by_hand) = tokio::join!(
            invoke(&case, &a, Value::Null),
            invoke(&case, &b, Value::Null),
            send(&w, &by_admin, on(id, (admin, Role::Admin), &json!({}))),
        );
        assert!(first.is_ok() && second.is_ok() && matches!(by_hand.status, 200 | 409));
        let of_user = w.bus.events().into_iter().filter(|event| event.aggregate.id == id.0);
        let ended = of_user.filter(|event| event.kind == "user.reinstated");
        assert_eq!((ended.count(), status(&w, id).await.as_str()), (1, "active"));
    }
}

#[tokio::test]
async fn one_that_cannot_be_ended_does_not_keep_the_others_waiting() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let (stuck, free) = (w.user(Role::Tutor).await, w.user(Role::Tutor).await);
    suspend(&w, admin, stuck, Some("2026-11-21T12:30:00Z")).await;
    suspend(&w, admin, free, Some("2026-11-21T12:45:00Z")).await;
    as_superuser(&w, &format!("ALTER TABLE users ADD CHECK (id <> '{stuck}' OR status = 'suspended')")).await;
    w.services.base.kit.clock.advance(SignedDuration::from_hours(1));
    let fault = invoke(&lift_suspensions::use_case(), &w.services, Value::Null).await.unwrap_err();
    assert!(fault.message.starts_with("1 suspensions"), "{fault}");
    assert_eq!([status(&w, stuck).await, status(&w, free).await], ["suspended", "active"]);
}
