//! `DELETE /v1/tutors/me/documents/{documentId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::DocumentId;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::files::{Upload, discard};
use crate::services::{FILES, Tutoring};
use crate::store::documents;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(
        "remove-document",
        Method::Delete,
        "/v1/tutors/me/documents/{documentId}",
        remove_document,
    )
    .summary(
        "Delete a document that was not accepted, with its file; not while a submission waits to be decided",
    )
    .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
    .needs(&[Need::Database, FILES])
}

/// Which document.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct DocumentPath {
    /// The document.
    pub document_id: DocumentId,
}

/// What is gone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedDocument {
    document_id: DocumentId,
}

/// First the row goes, and its files are noted in the same statement; then the files. If that fails, the
/// sweep does it.
async fn remove_document(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<DocumentPath>,
) -> Result<Answer<RemovedDocument>, Problem> {
    let (db, id) = (&cx.base.db, request.path.document_id);
    let found = documents::with_verification(db, caller.id(), id).await?;
    let (document, verification, tutor_before) = found.ok_or_else(|| Problem::not_found("document"))?;
    document.removal(verification).map_err(|error| {
        let problem = Problem::new(&problem::WRONG_STATE).detail(error.to_string());
        problem.with("state", json!(document.status()))
    })?;
    let keys = Upload::Document(caller.id(), id).keys();
    if !documents::remove(db, &document, tutor_before, &keys, cx.now()).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    discard(&cx, &keys).await;
    Ok(Answer::new(RemovedDocument { document_id: id }))
}
