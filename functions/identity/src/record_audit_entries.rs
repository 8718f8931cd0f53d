//! Takes into the audit log what staff did to people in other contexts (FERPA, 34 CFR 99.32; product.md, Privacy).
//!
//! The log is `identity`'s. A context that shows somebody's records to staff says so by an event, which it stores with
//! the answer; here it becomes an entry, once, with the time and the actor of the event.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_runtime::{Cx, Fault, UseCase};
use serde_json::json;

use crate::effects::{AuditEntry, Effects};
use crate::services::Identity;
use crate::store::audit;

const NAME: &str = "record-audit-entries";

/// An admin was given a link to a tutor's document.
const DOCUMENT_READ: &str = "tutor.document_read";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::consumer(NAME, &[DOCUMENT_READ], record)
        .summary("Take into the audit log what staff read in other contexts")
}

async fn record(cx: Cx<Identity>, event: Envelope) -> Result<(), Fault> {
    let text = |name: &str| {
        let value = event.data[name].as_str();
        value.ok_or_else(|| Fault::bad_input(format!("{}: no {name}", event.kind)))
    };
    let tutor = UserId::parse(text("tutorId")?).map_err(|e| Fault::bad_input(e.0))?;
    let effects = Effects {
        audit: vec![AuditEntry {
            at: event.occurred_at,
            actor: event.actor.clone(),
            action: DOCUMENT_READ,
            subject: format!("user:{tutor}"),
            details: json!({ "documentId": text("documentId")? }),
        }],
        ..Effects::default()
    };
    let first_time = audit::keep_once(&cx.base.db, NAME, event.id, &effects).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, first_time, "audit entry taken in");
    Ok(())
}
