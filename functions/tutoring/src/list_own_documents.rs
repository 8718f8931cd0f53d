//! `GET /v1/tutors/me/documents`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::documents::DocumentView;
use crate::files::{FileLink, Upload};
use crate::services::{FILES, Tutoring};
use crate::store::documents;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("list-own-documents", Method::Get, "/v1/tutors/me/documents", list_own_documents)
        .summary(
            "List one's own documents, the latest first, with links to the files that are good for 5 minutes",
        )
        .needs(&[Need::Database, FILES])
}

/// A tutor's documents.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OwnDocuments {
    /// All of them.
    documents: Vec<OwnDocument>,
}

/// A document as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnDocument {
    #[serde(flatten)]
    document: DocumentView,
    /// Absent while there is no file, and when it was refused on arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<FileLink>,
}

/// A tutor has a few dozen at most, so there are no pages; and links are made without asking anybody.
async fn list_own_documents(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnDocuments>, Problem> {
    let mut listed = Vec::new();
    for document in documents::of_tutor(&cx.base.db, caller.id()).await? {
        let link = match document.uploaded_at() {
            Some(_) => {
                let upload = Upload::Document(document.tutor_id, document.id);
                Some(upload.link(&cx, &document.file_name()).await?)
            }
            None => None,
        };
        listed.push(OwnDocument { document: DocumentView::of(&document), link });
    }
    Ok(Answer::new(OwnDocuments { documents: listed }))
}
