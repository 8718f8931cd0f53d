//! Every event has a schema and a sample, and nobody waits for one that does not exist.

use std::collections::BTreeSet;

use lectern_domain::event::Envelope;
use lectern_runtime::testing::assert_valid_event;
use lectern_runtime::use_case::Trigger;
use serde_json::Value;

use super::{files, literals, none, read};

/// Actions in the audit log that are no event: nobody else needs to hear of them, or the event has another name.
const IN_THE_AUDIT_LOG_ALONE: [&str; 4] =
    ["consent.expired", "user.appointed", "user.read", "user.sessions_ended"];

/// The types of event that have a schema.
pub fn schemas() -> BTreeSet<String> {
    named("events", ".schema.json").into_iter().filter(|kind| kind != "envelope").collect()
}

fn named(directory: &str, ending: &str) -> BTreeSet<String> {
    let files = files(directory, ending).into_iter();
    files.map(|path| path.rsplit('/').next().unwrap().trim_end_matches(ending).to_owned()).collect()
}

/// The types of event that the domain makes: every text of the shape `noun.verb` whose noun some context owns.
fn emitted() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let in_tests = |path: &String| path.split('/').any(|part| part == "tests");
    for path in files("shared/domain/src", ".rs").iter().chain(&files("functions", ".rs")) {
        if !in_tests(path) {
            let text = read(path);
            let code = text.split("#[cfg(test)]").next().unwrap();
            found.extend(literals(code).into_iter().filter(|text| is_event_type(text)));
        }
    }
    // Stripe has events of like names, which are not ours.
    found.retain(|kind| !path_of_stripe(kind));
    found
}

fn path_of_stripe(kind: &str) -> bool {
    ["payment_intent.", "charge.", "account.", "refund.", "transfer."]
        .iter()
        .any(|noun| kind.starts_with(noun))
}

fn is_event_type(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut parts = text.split('.');
    let both = parts.next().is_some_and(word) && parts.next().is_some_and(word) && parts.next().is_none();
    both && Envelope::context_of(text).is_some()
}

#[test]
fn every_event_that_the_sources_name_has_a_schema_and_every_schema_an_event() {
    let mut emitted = emitted();
    assert!(emitted.len() > 10, "the search for events has broken: {emitted:?}");
    for action in IN_THE_AUDIT_LOG_ALONE {
        assert!(emitted.remove(action), "nobody does {action}");
    }
    assert_eq!(emitted, schemas());
}

#[test]
fn every_schema_has_a_sample_that_is_valid_and_of_that_type() {
    assert_eq!(named("events", ".sample.json"), schemas());
    for kind in schemas() {
        let sample: Value = serde_json::from_str(&read(&format!("events/{kind}.sample.json"))).unwrap();
        assert_eq!(sample["type"], kind.as_str());
        assert_valid_event(&sample);
        // What the functions read it as.
        let _envelope: Envelope = serde_json::from_value(sample).unwrap();
    }
}

#[test]
fn every_event_that_somebody_waits_for_exists() {
    let schemas = schemas();
    let mut complaints = Vec::new();
    for function in lectern_local::all() {
        if let Trigger::Events(kinds) = &function.meta.trigger {
            let unknown = kinds.iter().filter(|kind| !schemas.contains(**kind));
            complaints.extend(unknown.map(|kind| format!("{} waits for {kind}", function.meta.name)));
        }
    }
    none(&complaints);
}

#[test]
fn the_event_store_keeps_every_event() {
    let functions = lectern_local::all();
    let store = functions.iter().find(|f| f.meta.name == "record-event").unwrap();
    let Trigger::Events(kinds) = &store.meta.trigger else { panic!("record-event consumes events") };
    assert_eq!(kinds.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>(), schemas());
}
