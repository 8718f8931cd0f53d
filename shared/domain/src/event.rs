//! Domain events: what happened to an aggregate, for everybody who cares.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::id::{EventId, uuid_v7};
use crate::time::Instant;

/// What a domain method says has happened; the caller's frame (ids, time, actor) is put around it by
/// [`Frame::seal`].
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// `lesson.scheduled`.
    pub kind: &'static str,
    /// Version of the shape of `data`; rises when a field is taken away or changes its meaning.
    pub version: u16,
    /// The aggregate it happened to.
    pub aggregate_type: &'static str,
    /// Its id.
    pub aggregate_id: Uuid,
    /// Its sequence number after this event: 1 for the first. A projection ignores what is older than it has.
    pub sequence: i64,
    /// What happened, without personal data beyond ids.
    pub data: Value,
}

/// What an event travels in (the `detail` of EventBridge).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Unique; consumers remember it.
    pub id: EventId,
    /// `lesson.scheduled`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Version of the shape of `data`.
    pub version: u16,
    /// When it happened.
    pub occurred_at: Instant,
    /// What it happened to.
    pub aggregate: AggregateRef,
    /// `user:<id>`, `system:<use case>`, `guardian` or `anonymous`.
    pub actor: String,
    /// The same for everything that one request from outside led to.
    pub correlation_id: String,
    /// The event or request that led to it directly.
    pub causation_id: String,
    /// What happened.
    pub data: Value,
}

/// The aggregate of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregateRef {
    /// `lesson`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// Its sequence number after the event.
    pub sequence: i64,
}

impl Envelope {
    /// The context that the event comes from, by its type; the bus calls it `lectern.<context>`.
    /// `None` for a type that no context owns.
    pub fn context_of(kind: &str) -> Option<&'static str> {
        match kind.split('.').next()? {
            "user" | "consent" | "access" | "audit" | "export" => Some("identity"),
            "tutor" | "match" => Some("tutoring"),
            "lesson" => Some("booking"),
            "review" => Some("reviews"),
            "payment" | "payout" | "payout_account" | "subscription" | "tax_form" => Some("payments"),
            _ => None,
        }
    }
}

/// What surrounds the events of one request.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Now.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// See [`Envelope::correlation_id`].
    pub correlation_id: String,
    /// See [`Envelope::causation_id`].
    pub causation_id: String,
}

impl Frame {
    /// Puts the frame around an event. `random` makes its id.
    pub fn seal(&self, event: NewEvent, random: [u8; 10]) -> Envelope {
        Envelope {
            id: EventId(uuid_v7(self.at, random)),
            kind: event.kind.to_owned(),
            version: event.version,
            occurred_at: self.at.into(),
            aggregate: AggregateRef {
                kind: event.aggregate_type.to_owned(),
                id: event.aggregate_id,
                sequence: event.sequence,
            },
            actor: self.actor.clone(),
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            data: event.data,
        }
    }
}
