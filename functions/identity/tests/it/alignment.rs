//! The user pool follows our database, also when it was down for a while.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::store::alignments;
use lectern_identity::{align, align_user_pool, erase_own_user, get_own_user, reinstate_user, suspend_user};
use lectern_runtime::testing::invoke;
use serde_json::{Value, json};

use super::office::{as_superuser, by, for_good, on, send};
use super::world::{World, world};

async fn suspend(w: &World, admin: UserId, id: UserId) {
    let answer = send(w, &suspend_user::use_case(), on(id, (admin, Role::Admin), &for_good())).await;
    assert_eq!(answer.status, 200);
}

async fn reinstate(w: &World, admin: UserId, id: UserId) {
    let answer = send(w, &reinstate_user::use_case(), on(id, (admin, Role::Admin), &json!({}))).await;
    assert_eq!(answer.status, 200);
}

async fn run(w: &World) -> bool {
    invoke(&align_user_pool::use_case(), &w.services, Value::Null).await.is_ok()
}

async fn waiting(w: &World) -> usize {
    as_superuser(w, "SELECT 1 FROM pool_alignments").await.len()
}

fn forget(w: &World) {
    w.pool.asked.lock().unwrap().clear();
}

#[tokio::test]
async fn whoever_is_suspended_while_the_pool_is_down_is_shut_out_at_once_and_there_later() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    w.pool.set_down(true);
    suspend(&w, admin, id).await;
    assert_eq!(send(&w, &get_own_user::use_case(), by(id, Role::Tutor)).await.status, 401);
    assert_eq!(waiting(&w).await, 1);
    w.services.base.kit.clock.advance(SignedDuration::from_secs(61));
    assert!(!run(&w).await, "it fails as long as the pool does");
    w.pool.set_down(false);
    forget(&w);
    assert!(run(&w).await);
    assert!(w.pool.asked().is_empty(), "not due again yet");
    w.services.base.kit.clock.advance(SignedDuration::from_mins(5));
    assert!(run(&w).await);
    assert_eq!(w.pool.asked(), [format!("disable sub-{id}"), format!("sign_out sub-{id}")]);
    assert_eq!(waiting(&w).await, 0);
}

#[tokio::test]
async fn what_failed_halfway_is_done_again_as_a_whole() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    let down = lectern_identity::user_pool::PoolError::Unavailable("connection refused".into());
    w.pool.fails_at("sign_out", down);
    suspend(&w, admin, id).await;
    assert_eq!(waiting(&w).await, 1);
    forget(&w);
    w.services.base.kit.clock.advance(SignedDuration::from_mins(5));
    assert!(run(&w).await);
    assert_eq!(w.pool.asked(), [format!("disable sub-{id}"), format!("sign_out sub-{id}")]);
}

#[tokio::test]
async fn only_the_last_state_counts_in_whatever_order_tries_come() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    w.pool.set_down(true);
    suspend(&w, admin, id).await;
    let slow = alignments::of_user(&w.services.base.db, id).await.unwrap().unwrap();
    reinstate(&w, admin, id).await;
    assert_eq!(waiting(&w).await, 1, "one for both");
    w.pool.set_down(false);
    forget(&w);
    // The try for the suspension comes through only now, after the reinstatement: it is not the last word.
    align::settle(&w.cx(), &slow).await.unwrap();
    assert_eq!(w.pool.asked(), [format!("disable sub-{id}"), format!("sign_out sub-{id}")]);
    assert_eq!(waiting(&w).await, 1, "more came up meanwhile");
    w.services.base.kit.clock.advance(SignedDuration::from_mins(5));
    forget(&w);
    assert!(run(&w).await);
    assert_eq!(w.pool.asked()[0], format!("enable sub-{id}"));
    assert_eq!(waiting(&w).await, 0);
}

#[tokio::test]
async fn a_slow_try_that_comes_after_the_newer_one_was_done_is_made_good_again() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    w.pool.set_down(true);
    suspend(&w, admin, id).await;
    let slow = alignments::of_user(&w.services.base.db, id).await.unwrap().unwrap();
    w.pool.set_down(false);
    reinstate(&w, admin, id).await;
    assert_eq!(waiting(&w).await, 0);
    align::settle(&w.cx(), &slow).await.unwrap();
    assert_eq!(w.pool.asked().last().unwrap(), &format!("sign_out sub-{id}"));
    assert_eq!(waiting(&w).await, 1, "the account is looked at again");
    assert!(run(&w).await);
    assert_eq!(w.pool.asked().last().unwrap(), &format!("enable sub-{id}"));
}

#[tokio::test]
async fn an_account_erased_while_the_pool_is_down_is_deleted_there_later() {
    let w = world().await;
    let id = w.user(Role::Student).await;
    w.pool.set_down(true);
    assert_eq!(send(&w, &erase_own_user::use_case(), by(id, Role::Student)).await.status, 200);
    w.pool.set_down(false);
    w.services.base.kit.clock.advance(SignedDuration::from_mins(5));
    assert!(run(&w).await);
    assert_eq!(w.pool.asked().last().unwrap(), &format!("delete sub-{id}"));
    assert_eq!(waiting(&w).await, 0, "with it goes the last that says which account it was");
}

#[tokio::test]
async fn revoked_access_goes_both_ways_and_neither_stops_the_other() {
    let w = world().await;
    let (admin, id) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    *w.topic.down.lock().unwrap() = true;
    suspend(&w, admin, id).await;
    assert!(w.bus.kinds().contains(&"access.revoked".to_owned()), "over the bus while the topic is down");
    *w.topic.down.lock().unwrap() = false;
    w.bus.set_down(true);
    let other = w.user(Role::Student).await;
    suspend(&w, admin, other).await;
    let announced = w.topic.announced.lock().unwrap().clone();
    assert_eq!(announced[0].data["subject"], format!("user:{other}"), "over the topic while the bus is down");
}
