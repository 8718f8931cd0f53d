//! What staff read in other contexts is in the audit log.

use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::EventId;
use lectern_domain::role::Role;
use lectern_identity::{record_audit_entries, verify_audit_log};
use lectern_runtime::testing::{deliver, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::world;

fn read(admin: &str, data: Value) -> Envelope {
    Envelope {
        id: EventId(Uuid::now_v7()),
        kind: "tutor.document_read".to_owned(),
        version: 1,
        occurred_at: "2027-05-03T10:00:00Z".parse::<jiff::Timestamp>().unwrap().into(),
        aggregate: AggregateRef { kind: "tutor".to_owned(), id: Uuid::now_v7(), sequence: 3 },
        actor: format!("user:{admin}"),
        correlation_id: "c".to_owned(),
        causation_id: "c".to_owned(),
        data,
    }
}

#[tokio::test]
async fn a_document_that_was_read_is_one_entry_however_often_the_event_comes() {
    let w = world().await;
    let (admin, tutor) = (w.user(Role::Admin).await, w.user(Role::Tutor).await);
    let document = Uuid::now_v7();
    let data = json!({ "documentId": document, "tutorId": tutor, "adminId": admin });
    let event = read(&admin.to_string(), data);
    for events in [vec![event.clone(), event.clone()], vec![event]] {
        assert_eq!(deliver(&record_audit_entries::use_case(), &w.services, &events).await, 0);
    }
    let entries = w
        .texts("SELECT concat_ws(' ', actor, action, subject, details ->> 'documentId', at AT TIME ZONE 'UTC') FROM audit_log")
        .await;
    let expected = format!("user:{admin} tutor.document_read user:{tutor} {document} 2027-05-03 10:00:00");
    assert_eq!(entries, [expected]);
    invoke(&verify_audit_log::use_case(), &w.services, Value::Null).await.unwrap();
}

#[tokio::test]
async fn an_event_that_names_nobody_is_refused_and_leaves_nothing() {
    let w = world().await;
    let events = [
        read("a", json!({ "documentId": "d" })),
        read("a", json!({ "tutorId": "nobody", "documentId": "d" })),
    ];
    assert_eq!(deliver(&record_audit_entries::use_case(), &w.services, &events).await, 2);
    assert!(w.texts("SELECT action FROM audit_log").await.is_empty());
}

#[tokio::test]
async fn what_an_admin_does_to_a_payment_is_an_entry_about_its_payer() {
    let w = world().await;
    let (admin, payer) = (w.user(Role::Admin).await, w.user(Role::Student).await);
    let payment = Uuid::now_v7();
    let data = json!({ "paymentId": payment, "payerId": payer, "adminId": admin, "action": "refund",
        "reference": "admin:1", "amount": { "amount": 500, "currency": "USD" } });
    let event = Envelope { kind: "payment.admin_action".to_owned(), ..read(&admin.to_string(), data) };
    for _ in 0..2 {
        let events = std::slice::from_ref(&event);
        assert_eq!(deliver(&record_audit_entries::use_case(), &w.services, events).await, 0);
    }
    let entries = w
        .texts(
            "SELECT concat_ws(' ', actor, action, subject, details ->> 'paymentId', details ->> 'action',
                              details -> 'amount' ->> 'amount') FROM audit_log",
        )
        .await;
    assert_eq!(entries, [format!("user:{admin} payment.admin_action user:{payer} {payment} refund 500")]);
}
