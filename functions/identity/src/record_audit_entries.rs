//! Takes into the audit log what staff did to people in other contexts (FERPA, 34 CFR 99.32; product.md, Privacy).
//!
//! The log is `identity`'s. A context that shows somebody's records to staff, or lets staff move somebody's money,
//! says so by an event, which it stores with
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
/// An admin refunded or released somebody's payment, or gave evidence in a dispute about it.
const PAYMENT_ACTION: &str = "payment.admin_action";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::consumer(NAME, &[DOCUMENT_READ, PAYMENT_ACTION], record)
        .summary("Take into the audit log what staff read and did in other contexts")
}

async fn record(cx: Cx<Identity>, event: Envelope) -> Result<(), Fault> {
    let text = |name: &str| {
        let value = event.data[name].as_str();
        value.ok_or_else(|| Fault::bad_input(format!("{}: no {name}", event.kind)))
    };
    let user = |name: &str| UserId::parse(text(name)?).map_err(|e| Fault::bad_input(e.0));
    let (action, subject, details) = if event.kind == PAYMENT_ACTION {
        // Why it was done is kept by `payments`: the log has no words that somebody could want erased.
        let details = json!({ "paymentId": text("paymentId")?, "action": text("action")?,
            "reference": text("reference")?, "amount": event.data["amount"] });
        (PAYMENT_ACTION, user("payerId")?, details)
    } else {
        (DOCUMENT_READ, user("tutorId")?, json!({ "documentId": text("documentId")? }))
    };
    let effects = Effects {
        audit: vec![AuditEntry {
            at: event.occurred_at,
            actor: event.actor.clone(),
            action,
            subject: format!("user:{subject}"),
            details,
        }],
        ..Effects::default()
    };
    let first_time = audit::keep_once(&cx.base.db, NAME, event.id, &effects).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, first_time, "audit entry taken in");
    Ok(())
}
