//! Takes away uploads that were announced and never made, and files that nobody needs any more.
//!
//! Every file that is put has a row first, and whoever deletes a row notes its files in the same statement;
//! so what is in the bucket without a row is noted here, or was just sent under `incoming/`, where the bucket
//! itself deletes after a day.

use jiff::SignedDuration;
use lectern_domain::tutoring::policy::UPLOAD_AWAITED_HOURS;
use lectern_runtime::{Cx, Fault, Need, UseCase};

use crate::services::{FILES, Tutoring};
use crate::store::uploads;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::schedule("sweep-tutor-files", "RelayRate", sweep_tutor_files)
        .summary("Forget uploads that were announced and never made, and delete files that nobody needs")
        .needs(&[Need::Database, FILES])
}

/// Every file is tried, whatever became of those before it; the first failure is told.
async fn sweep_tutor_files(cx: Cx<Tutoring>) -> Result<(), Fault> {
    let db = &cx.base.db;
    let late = cx.now() - SignedDuration::from_hours(UPLOAD_AWAITED_HOURS);
    let forgotten = uploads::awaited_since(db, late).await?;
    if !forgotten.is_empty() {
        uploads::forget(db, &forgotten, cx.now()).await?;
    }
    let (mut deleted, mut outcome) = (Vec::new(), Ok(()));
    for key in uploads::unwanted(db, cx.now()).await? {
        match cx.files.delete(&key).await {
            Ok(()) => deleted.push(key),
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    uploads::deleted(db, &deleted).await?;
    tracing::info!(forgotten = forgotten.len(), deleted = deleted.len(), "uploads swept");
    Ok(outcome?)
}
