//! The last superadmin stays, whatever is done at the same moment.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{change_user_role, erase_own_user, suspend_user};
use lectern_runtime::testing::Answered;
use serde_json::json;

use super::office::{as_superuser, at_once, audit_log, by, for_good, on, with_status};
use super::world::{World, world};

const SUPERADMIN: Role = Role::Superadmin;

async fn left(w: &World) -> Vec<UserId> {
    let sql = "SELECT id FROM users WHERE role = 'superadmin' AND status = 'active'";
    as_superuser(w, sql).await.iter().map(|row| UserId(row.get(0))).collect()
}

fn assert_no_fault(answers: &[Answered]) {
    for answer in answers {
        assert!(matches!(answer.status, 200 | 401 | 409), "{}: {:#}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn two_superadmins_who_unmake_each_other_leave_one() {
    let w = world().await;
    let mut stays = w.user(SUPERADMIN).await;
    for round in 0..50 {
        let other = w.user(SUPERADMIN).await;
        let (a, b) = (stays, other);
        let demote = |by: UserId, whom: UserId| {
            (change_user_role::use_case(), on(whom, (by, SUPERADMIN), &json!({ "role": "admin" })))
        };
        let suspend =
            |by: UserId, whom: UserId| (suspend_user::use_case(), on(whom, (by, SUPERADMIN), &for_good()));
        let erase = |who: UserId| (erase_own_user::use_case(), by(who, SUPERADMIN));
        let both = match round % 4 {
            0 => [demote(a, b), demote(b, a)],
            1 => [suspend(a, b), suspend(b, a)],
            2 => [erase(a), erase(b)],
            _ => [demote(a, b), erase(a)],
        };
        let answers = at_once(&w, both).await;
        assert_no_fault(&answers);
        let left = left(&w).await;
        assert_eq!((left.len(), with_status(&answers, 200)), (1, 1), "round {round}: {answers:?}");
        stays = left[0];
    }
}

#[tokio::test]
async fn of_fifty_superadmins_who_are_all_unmade_at_once_one_stays() {
    let w = world().await;
    let mut all = Vec::new();
    for _ in 0..50 {
        all.push(w.user(SUPERADMIN).await);
    }
    let unmake = all.iter().enumerate().map(|(n, whom)| {
        let next = (all[(n + 1) % all.len()], SUPERADMIN);
        match n % 3 {
            0 => (change_user_role::use_case(), on(*whom, next, &json!({ "role": "admin" }))),
            1 => (suspend_user::use_case(), on(*whom, next, &for_good())),
            _ => (erase_own_user::use_case(), by(*whom, SUPERADMIN)),
        }
    });
    let answers = at_once(&w, unmake).await;
    assert_no_fault(&answers);
    let left = left(&w).await;
    // A superadmin whose own end came first can't end another any more, so more than one may be left.
    assert_eq!(left.len(), 50 - with_status(&answers, 200));
    assert!(!left.is_empty());
    assert_eq!(audit_log(&w).await.len(), with_status(&answers, 200));
}

#[tokio::test]
async fn fifty_superadmins_who_all_leave_at_once_leave_one() {
    let w = world().await;
    let mut all = Vec::new();
    for _ in 0..50 {
        all.push(w.user(SUPERADMIN).await);
    }
    let answers = at_once(&w, all.iter().map(|who| (erase_own_user::use_case(), by(*who, SUPERADMIN)))).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (49, 1));
    assert_eq!(left(&w).await.len(), 1);
}

#[tokio::test]
async fn a_suspended_superadmin_is_no_reason_to_let_the_last_active_one_go() {
    let w = world().await;
    let (a, b) = (w.user(SUPERADMIN).await, w.user(SUPERADMIN).await);
    let suspended = at_once(&w, [(suspend_user::use_case(), on(b, (a, SUPERADMIN), &for_good()))]).await;
    assert_eq!(suspended[0].status, 200);
    let erased = at_once(&w, [(erase_own_user::use_case(), by(a, SUPERADMIN))]).await;
    assert_eq!((erased[0].status, erased[0].problem()), (409, "wrong-state"));
}
