//! Keeps every domain event in the event store (product.md, Insights).

use lectern_domain::event::Envelope;
use lectern_runtime::{Cx, Fault, UseCase};

use crate::event_store::Record;
use crate::services::{EVENT_STORE, Platform};

/// Every type of event that there is. The rule of the bus takes whatever comes from a context, so that a type
/// that is missing here is kept all the same.
pub const KINDS: &[&str] = &[
    "user.registered",
    "user.verified",
    "user.activated",
    "user.profile_updated",
    "user.role_changed",
    "user.suspended",
    "user.reinstated",
    "user.erased",
    "consent.requested",
    "consent.granted",
    "consent.denied",
    "consent.revoked",
    "export.requested",
    "access.revoked",
    "audit.checkpointed",
    "tutor.profile_created",
    "tutor.profile_updated",
    "tutor.availability_changed",
    "tutor.verification_submitted",
    "tutor.approved",
    "tutor.document_uploaded",
    "tutor.document_read",
    "tutor.rejected",
    "tutor.changes_requested",
    "match.requested",
    "match.accepted",
    "match.declined",
    "lesson.requested",
    "lesson.scheduled",
    "lesson.rescheduled",
    "lesson.expired",
    "lesson.started",
    "lesson.completed",
    "lesson.cancelled",
    "payment.created",
    "payment.held",
    "payment.failed",
    "payment.released",
    "payment.refunded",
    "payment.refund_failed",
    "payment.disputed",
    "payment.dispute_closed",
    "payment.admin_action",
    "payout_account.ready",
    "payout.scheduled",
    "payout.paid",
    "payout.failed",
    "tax_form.ready",
    "subscription.activated",
    "subscription.past_due",
    "subscription.cancelled",
    "review.posted",
    "review.updated",
    "review.hidden",
    "review.restored",
];

/// The use case.
pub fn use_case() -> UseCase<Platform> {
    UseCase::consumer("record-event", KINDS, record_event)
        .summary("Keep every event for ever, by its aggregate and by its day")
        .needs(&[EVENT_STORE])
}

/// The store itself is the inbox: an event that it has already stays as it is.
async fn record_event(cx: Cx<Platform>, event: Envelope) -> Result<(), Fault> {
    let fresh = cx.events.append(&Record::of(&event, cx.now())?).await?;
    tracing::debug!(event_id = %event.id, kind = event.kind, fresh, "event kept");
    Ok(())
}
