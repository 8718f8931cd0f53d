//! `record-event`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::EventId;
use lectern_domain::time::Instant;
use lectern_platform::Platform;
use lectern_platform::record_event::{KINDS, use_case};
use lectern_runtime::testing::deliver;
use serde_json::json;
use uuid::Uuid;

use super::fakes::{MemoryStore, platform};

fn services() -> (Arc<Platform>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    (Arc::new(Platform { events: Arc::<MemoryStore>::clone(&store), ..platform() }), store)
}

fn event(id: u128, kind: &str, sequence: i64, occurred_at: &str) -> Envelope {
    Envelope {
        id: EventId(Uuid::from_u128(id)),
        kind: kind.to_owned(),
        version: 1,
        occurred_at: Instant::parse(occurred_at).unwrap(),
        aggregate: AggregateRef { kind: "lesson".to_owned(), id: Uuid::from_u128(7), sequence },
        actor: "system:schedule-lesson".to_owned(),
        correlation_id: "request-1".to_owned(),
        causation_id: "event-1".to_owned(),
        data: json!({ "lessonId": Uuid::from_u128(7) }),
    }
}

#[tokio::test]
async fn an_event_is_kept_whole_under_its_aggregate_and_its_day() {
    let (services, store) = services();
    let event = event(9, "lesson.scheduled", 2, "2027-01-31T23:59:59.5Z");
    assert_eq!(deliver(&use_case(), &services, std::slice::from_ref(&event)).await, 0);

    let records = store.all();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let id = "00000000-0000-0000-0000-000000000009";
    assert_eq!(record.pk, "lesson#00000000-0000-0000-0000-000000000007");
    assert_eq!(record.sk, format!("0000000000000000002#{id}"));
    assert_eq!(record.day, "2027-01-31");
    assert_eq!(record.occurred_at_id, format!("2027-01-31T23:59:59.500000Z#{id}"));
    assert_eq!(record.kind, "lesson.scheduled");
    assert_eq!(record.actor, "system:schedule-lesson");
    assert_eq!(record.correlation_id, "request-1");
    assert_eq!(record.recorded_at, "2027-02-01T00:00:05.000000Z");
    assert_eq!(serde_json::from_str::<Envelope>(&record.envelope).unwrap(), event);
}

#[tokio::test]
async fn an_event_that_comes_again_changes_nothing() {
    let (services, store) = services();
    let events = [event(9, "lesson.scheduled", 2, "2027-01-31T12:00:00Z")];
    assert_eq!(deliver(&use_case(), &services, &events).await, 0);
    let first = store.all();
    services.kit.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(deliver(&use_case(), &services, &events).await, 0);
    assert_eq!(store.all(), first);
}

#[tokio::test]
async fn two_events_that_claim_one_sequence_are_both_kept() {
    let (services, store) = services();
    let events = [1, 2].map(|id| event(id, "lesson.scheduled", 2, "2027-01-31T12:00:00Z"));
    assert_eq!(deliver(&use_case(), &services, &events).await, 0);
    assert_eq!(store.all().len(), 2);
}

#[tokio::test]
async fn keys_sort_as_what_they_stand_for() {
    let (services, store) = services();
    // 9 before 10, and a full second before its fractions, though "9" > "10" and "Z" > "." as text.
    let events = [
        event(4, "lesson.requested", 9, "2027-01-31T12:00:00Z"),
        event(3, "lesson.scheduled", 10, "2027-01-31T12:00:00.000001Z"),
        event(2, "lesson.started", 100, "2027-01-31T12:00:00.5Z"),
        event(1, "lesson.completed", i64::MAX, "2027-01-31T12:00:01Z"),
    ];
    assert_eq!(deliver(&use_case(), &services, &events).await, 0);

    let mut records = store.all();
    let kinds = |records: &[lectern_platform::event_store::Record]| -> Vec<String> {
        records.iter().map(|r| r.kind.clone()).collect()
    };
    let expected = events.map(|e| e.kind).to_vec();
    assert_eq!(kinds(&records), expected, "by sequence");
    records.sort_by(|a, b| a.occurred_at_id.cmp(&b.occurred_at_id));
    assert_eq!(kinds(&records), expected, "by time");
}

#[tokio::test]
async fn an_event_of_a_type_that_nobody_listed_is_kept_too() {
    let (services, store) = services();
    assert!(!KINDS.contains(&"lesson.never_heard_of"));
    let events = [event(1, "lesson.never_heard_of", 1, "2027-01-31T12:00:00Z")];
    assert_eq!(deliver(&use_case(), &services, &events).await, 0);
    assert_eq!(store.all().len(), 1);
}

#[tokio::test]
async fn an_event_that_could_not_be_kept_comes_again_and_the_others_do_not_wait() {
    let (services, store) = services();
    *store.refused.lock().unwrap() = Some("lesson.scheduled");
    let at = "2027-01-31T12:00:00Z";
    let events = [event(1, "lesson.scheduled", 1, at), event(2, "lesson.started", 2, at)];
    assert_eq!(deliver(&use_case(), &services, &events).await, 1);
    assert_eq!(store.all().len(), 1);

    *store.refused.lock().unwrap() = None;
    assert_eq!(deliver(&use_case(), &services, &events[..1]).await, 0);
    assert_eq!(store.all().len(), 2);
}

#[test]
fn every_event_that_has_a_schema_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let kinds = names.filter_map(|n| n.strip_suffix(".schema.json").map(str::to_owned));
    let unlisted: BTreeSet<_> = kinds.filter(|k| k != "envelope" && !KINDS.contains(&k.as_str())).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}
