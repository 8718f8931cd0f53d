//! The end of the audit log at a moment, told to another system.

use serde_json::json;
use uuid::Uuid;

use crate::event::NewEvent;

/// The audit log is one aggregate, and the only one of its kind.
const LOG: Uuid = Uuid::nil();

/// The last entry of a log whose chain of hashes was found whole.
///
/// The chain shows every change within the log, but not that entries were cut off its end and others written
/// in their place. So its end is kept where whoever can write the log can't: in the event store. The entry at
/// this position must have this hash for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The entry's position, from 1.
    pub position: i64,
    /// The entry's hash, SHA-256 in hex.
    pub hash: String,
}

impl Checkpoint {
    /// The event that carries it away.
    pub fn event(&self) -> NewEvent {
        NewEvent {
            kind: "audit.checkpointed",
            version: 1,
            aggregate_type: "audit",
            aggregate_id: LOG,
            sequence: self.position,
            data: json!({ "position": self.position, "hash": self.hash }),
        }
    }
}
