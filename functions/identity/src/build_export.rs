//! Makes the archive that somebody has asked for: gathers each context's share page by page, puts the archive
//! into the bucket, and notes that it is there.
//!
//! Every step can be repeated: an archive takes the place of the one that an earlier try has left. A context
//! that gives no answer is a fault, and the queue tries again; what it gives up in the end counts as failed
//! when it is overdue, and an operator who lets the event come again still makes it ready. Whoever is erased
//! meanwhile leaves no row: then the archive is deleted, for `delete-exports` may have looked before it was
//! there.

use lectern_domain::event::Envelope;
use lectern_domain::id::{ExportId, UserId};
use lectern_domain::identity::{Export, ExportState};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde_json::Value;

use crate::archive::{Archive, Contents};
use crate::contexts::{CONTEXTS, Context};
use crate::export_summary::{OWN, account_contents, summary};
use crate::exports::key;
use crate::held::held;
use crate::services::{self, EXPORTS, Identity};
use crate::store::exports;

const NAME: &str = "build-export";
/// Pages of one context at most: gigabytes. A context that never ends is broken.
const PAGES_MAX: usize = 10_000;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::consumer(NAME, &["export.requested"], build_export)
        .summary("Gather everything that is held on somebody into one archive")
        .needs(&[Need::Database, EXPORTS, services::CONTEXTS])
}

async fn build_export(cx: Cx<Identity>, event: Envelope) -> Result<(), Fault> {
    let id = ExportId(event.aggregate.id);
    let Some(export) = exports::by_id(&cx.base.db, id).await? else {
        return forget(&cx, &event, id).await;
    };
    if export.state != ExportState::Pending {
        return Ok(());
    }
    let own = held(&cx.base.db, export.user_id).await?;
    if own.is_null() {
        return forget(&cx, &event, id).await;
    }
    let archive = gather(&cx, &export, own).await?;
    let bytes = i64::try_from(archive.len()).unwrap_or(i64::MAX);
    cx.exports.put(&key(export.user_id, id), "application/zip", archive).await?;
    let now = cx.base.kit.clock.now();
    let is_ready = exports::ready(&cx.base.db, id, bytes, now + cx.policy.export_kept, now).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, bytes, is_ready, "export made");
    if is_ready {
        return Ok(());
    }
    // Somebody else made it ready at this moment; or it is gone, or was given up.
    match exports::by_id(&cx.base.db, id).await? {
        Some(Export { state: ExportState::Ready { .. }, .. }) => Ok(()),
        _ => forget(&cx, &event, id).await,
    }
}

/// Takes away what a try may have left of an export that nobody can fetch.
async fn forget(cx: &Cx<Identity>, event: &Envelope, id: ExportId) -> Result<(), Fault> {
    let user = event.data["userId"].as_str().unwrap_or_default();
    let user = UserId::parse(user).map_err(|e| Fault::bad_input(e.0))?;
    cx.exports.delete(&key(user, id)).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, "export not wanted any more");
    Ok(())
}

async fn gather(cx: &Cx<Identity>, export: &Export, own: Value) -> Result<Vec<u8>, Fault> {
    let mut archive = Archive::new(export.requested_at.get());
    let text = serde_json::to_string_pretty(&own).map_err(Fault::transient)?;
    archive.document(&format!("{}.json", OWN.name), &text)?;
    let mut documents = vec![(OWN, account_contents(&own))];
    for context in CONTEXTS {
        documents.push((*context, share_of(cx, export, *context, &mut archive).await?));
    }
    archive.document("summary.html", &summary(export, &documents))?;
    archive.finish()
}

/// Adds the document of another context.
async fn share_of(
    cx: &Cx<Identity>,
    export: &Export,
    context: Context,
    archive: &mut Archive,
) -> Result<Contents, Fault> {
    archive.begin(context)?;
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page =
            cx.contexts.data_of(context.name, export.user_id, cursor.as_deref(), cx.correlation_id()).await?;
        for item in &page.items {
            archive.item(item)?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return archive.end();
        }
    }
    Err(Fault::bad_input(format!("{}: pages without an end", context.name)))
}
