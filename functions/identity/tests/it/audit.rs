//! The audit log: append only, in one chain, and looked after.

use lectern_domain::id::UserId;
use lectern_domain::role::{Actor, Role};
use lectern_identity::effects::Effects;
use lectern_identity::store::audit as store;
use lectern_identity::{list_audit_log, suspend_user, verify_audit_log};
use lectern_postgres::{Database, DbError};
use lectern_runtime::Fault;
use lectern_runtime::testing::{Answered, invoke};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::office::{as_superuser, audit_log, by, counted, for_good, on, send};
use super::support::instance;
use super::world::{World, world};

/// Appends entries about somebody.
async fn append(w: &World, count: usize) -> UserId {
    let (cx, subject) = (w.cx(), UserId(Uuid::now_v7()));
    let actor = Actor::System("test".to_owned());
    for n in 0..count {
        let effects = Effects::default().audit(&cx, &actor, "user.read", subject, json!({ "n": n }));
        store::keep(&cx.base.db, &effects).await.unwrap();
    }
    subject
}

async fn verify(w: &World) -> Result<Value, Fault> {
    invoke(&verify_audit_log::use_case(), &w.services, Value::Null).await
}

/// What somebody does who may do everything to the database.
async fn tamper(w: &World, sql: &str) {
    let db = Database::from_url(w.database.admin_url.clone());
    db.write("SET session_replication_role = replica", &[]).await.unwrap();
    db.write(sql, &[]).await.unwrap();
}

#[tokio::test]
async fn entries_are_not_changed_deleted_or_emptied_not_even_by_the_owner() {
    let w = world().await;
    append(&w, 3).await;
    let owner = w.database.url.replace("identity_app", "identity_owner");
    for url in [&w.database.url, &owner, &w.database.admin_url] {
        let db = Database::from_url(url.clone());
        let everything = [
            "UPDATE audit_log SET actor = 'nobody'",
            "UPDATE audit_log SET details = '{}' WHERE false",
            "DELETE FROM audit_log WHERE position = 3",
            "TRUNCATE audit_log",
        ];
        for sql in everything {
            match db.write(sql, &[]).await {
                Err(DbError::Constraint(name)) => assert_eq!(name, "audit_log_append_only", "{sql}"),
                // The application has not even the right.
                Err(DbError::Statement(message)) => assert!(message.starts_with("42501"), "{message}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
    assert_eq!(audit_log(&w).await.len(), 3);
    verify(&w).await.unwrap();
}

#[tokio::test]
async fn fifty_writers_at_once_keep_one_chain() {
    let w = world().await;
    let (admin, mut running) = (w.user(Role::Admin).await, JoinSet::new());
    let instances: Vec<_> = (0..12).map(|_| instance(&w)).collect();
    for n in 0..50 {
        let id = w.user(Role::Student).await;
        let services = std::sync::Arc::clone(&instances[n % instances.len()]);
        running.spawn(async move {
            on(id, (admin, Role::Admin), &for_good()).send(&suspend_user::use_case(), &services).await.status
        });
    }
    assert!(running.join_all().await.into_iter().all(|status| status == 200));
    assert_eq!(audit_log(&w).await.len(), 50);
    verify(&w).await.unwrap();
    let checkpoint = w.bus.events().pop().unwrap();
    assert_eq!((checkpoint.kind.as_str(), checkpoint.aggregate.sequence), ("audit.checkpointed", 50));
}

#[tokio::test]
async fn every_change_behind_the_triggers_is_found_and_where() {
    let hashed_anew = "UPDATE audit_log SET actor = 'nobody',
        hash = audit_hash(previous_hash, position, at, 'nobody', action, subject, details)
        WHERE position = 4";
    let tampered = [
        ("UPDATE audit_log SET actor = 'nobody' WHERE position = 4", 4),
        ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE position = 4", 4),
        ("UPDATE audit_log SET action = 'user.praised' WHERE position = 4", 4),
        ("UPDATE audit_log SET subject = 'user:x' WHERE position = 4", 4),
        ("UPDATE audit_log SET details = '{\"n\": 9}' WHERE position = 4", 4),
        ("UPDATE audit_log SET previous_hash = '\\x00' WHERE position = 4", 4),
        ("UPDATE audit_log SET hash = sha256('x') WHERE position = 4", 4),
        (hashed_anew, 5),
        ("DELETE FROM audit_log WHERE position = 4", 5),
        ("DELETE FROM audit_log WHERE position = 1", 2),
        ("UPDATE audit_log SET position = position + 1 WHERE position = 6", 7),
    ];
    let w = world().await;
    append(&w, 6).await;
    as_superuser(&w, "CREATE TABLE untouched AS SELECT * FROM audit_log").await;
    for (sql, position) in tampered {
        tamper(&w, sql).await;
        let fault = verify(&w).await.expect_err(sql);
        assert_eq!(fault.message, format!("the audit log is broken at position {position}"), "{sql}");
        tamper(&w, "DELETE FROM audit_log").await;
        tamper(&w, "INSERT INTO audit_log SELECT * FROM untouched").await;
    }
    assert!(w.bus.kinds().is_empty(), "of a broken log no end is sent away");
    verify(&w).await.unwrap();
}

#[tokio::test]
async fn an_end_that_was_cut_off_and_written_anew_differs_from_what_is_kept_elsewhere() {
    let w = world().await;
    let subject = append(&w, 4).await;
    verify(&w).await.unwrap();
    let kept = w.bus.events().pop().unwrap().data;
    tamper(&w, "DELETE FROM audit_log WHERE position > 2").await;
    append(&w, 2).await;
    verify(&w).await.expect("by itself the chain is whole");
    let now = w.bus.events().pop().unwrap().data;
    assert_eq!(kept["position"], now["position"]);
    assert_ne!(kept["hash"], now["hash"]);
    let admin = w.user(Role::Admin).await;
    let log = send(&w, &list_audit_log::use_case(), by(admin, Role::Admin).query("limit", 1)).await;
    assert_eq!(log.data()["items"][0]["hash"], now["hash"], "admins can compare");
    assert!(!now.to_string().contains(&subject.to_string()));
}

#[tokio::test]
async fn a_log_of_nothing_is_whole_and_says_nothing() {
    let w = world().await;
    verify(&w).await.unwrap();
    assert!(w.bus.kinds().is_empty());
}

#[tokio::test]
async fn a_chain_is_followed_across_stretches() {
    let w = world().await;
    append(&w, 7).await;
    let db = &w.services.base.db;
    let (mut end, mut stretches) = (store::Link::default(), 0);
    loop {
        let stretch = store::verify(db, &end, 3).await.unwrap();
        assert_eq!(stretch.broken_at, None);
        stretches += 1;
        end = stretch.last.unwrap_or(end);
        if stretch.entries < 3 {
            break;
        }
    }
    assert_eq!((stretches, end.position), (3, 7));
    let elsewhere = store::Link { position: 3, hash: vec![0; 32] };
    assert_eq!(store::verify(db, &elsewhere, 3).await.unwrap().broken_at, Some(4));
}

#[tokio::test]
async fn the_log_is_listed_with_filters_the_newest_first() {
    let w = world().await;
    let admin = w.user(Role::Admin).await;
    let clock = &w.services.base.kit.clock;
    let first = append(&w, 2).await;
    clock.advance(jiff::SignedDuration::from_hours(1));
    let second = append(&w, 3).await;
    let student = w.user(Role::Student).await;
    send(&w, &suspend_user::use_case(), on(student, (admin, Role::Admin), &for_good())).await;
    let list = async |query: &[(&str, &str)]| {
        let request = by(admin, Role::Admin);
        let request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
        send(&w, &list_audit_log::use_case(), request).await
    };
    let positions = |answer: &Answered| -> Vec<i64> {
        let items = answer.data()["items"].as_array().unwrap();
        items.iter().map(|entry| entry["position"].as_i64().unwrap()).collect()
    };
    assert_eq!(positions(&list(&[]).await), [6, 5, 4, 3, 2, 1]);
    assert_eq!(positions(&list(&[("subject", &format!("user:{first}"))]).await), [2, 1]);
    assert_eq!(positions(&list(&[("actor", &format!("user:{admin}"))]).await), [6]);
    assert_eq!(positions(&list(&[("action", "user.suspended")]).await), [6]);
    let hour = "2026-11-21T13:00:00Z";
    assert_eq!(positions(&list(&[("to", hour)]).await), [2, 1]);
    assert_eq!(positions(&list(&[("from", hour), ("action", "user.read")]).await), [5, 4, 3]);
    let both = [("subject", format!("user:{second}")), ("actor", "system:test".to_owned())];
    assert_eq!(positions(&list(&both.each_ref().map(|(n, v)| (*n, v.as_str()))).await), [5, 4, 3]);
    let page = list(&[("limit", "4")]).await;
    let cursor = page.data()["nextCursor"].as_str().unwrap();
    append(&w, 1).await;
    assert_eq!(positions(&list(&[("limit", "4"), ("cursor", cursor)]).await), [2, 1]);
    let wrong = list(&[("from", hour), ("to", hour)]).await;
    assert_eq!((wrong.status, wrong.bad_fields()), (422, vec!["to"]));
    let (_, trips) = counted(&w, &list_audit_log::use_case(), by(admin, Role::Admin)).await;
    assert_eq!(trips, 1);
    let foreign = send(&w, &list_audit_log::use_case(), by(student, Role::Student).access_version(9)).await;
    assert_eq!(foreign.status, 403);
}
