//! Deletes the archives of somebody who was erased, at once and not with the bucket's next round (product.md,
//! Privacy).
//!
//! Their rows are gone by then, so they are found by the owner's id. To delete twice is to delete once, so
//! the event is not remembered. An archive that is being made at this moment deletes itself
//! ([`crate::build_export`]).

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_runtime::{Cx, Fault, UseCase};

use crate::exports::prefix;
use crate::services::{EXPORTS, Identity};

const NAME: &str = "delete-exports";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::consumer(NAME, &["user.erased"], delete_exports)
        .summary("Delete the exports of an erased user")
        .needs(&[EXPORTS])
}

async fn delete_exports(cx: Cx<Identity>, event: Envelope) -> Result<(), Fault> {
    let keys = cx.exports.list(&prefix(UserId(event.aggregate.id))).await?;
    for key in &keys {
        cx.exports.delete(key).await?;
    }
    tracing::info!(use_case = NAME, event_id = %event.id, deleted = keys.len(), "exports deleted");
    Ok(())
}
