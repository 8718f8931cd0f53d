//! `POST /v1/tutors/me/documents`.

use lectern_domain::id::DocumentId;
use lectern_domain::tutoring::document::{Document, WantedDocument};
use lectern_domain::tutoring::policy::{DOCUMENTS_MAX, DOCUMENTS_WAITING_MAX};
use lectern_postgres::{DbError, idempotency};
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::objects::post::PostForm;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::documents::DocumentView;
use crate::files::Upload;
use crate::services::{FILES, Tutoring};
use crate::store::{documents, uploads};

const NAME: &str = "announce-document";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/tutors/me/documents", announce_document)
        .summary("Announce a document; the answer says how to send the file, within 15 minutes")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
        .needs(&[Need::Database, FILES])
        .idempotent()
}

/// A document, and how to send it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedDocument {
    #[serde(flatten)]
    document: DocumentView,
    /// A form: sent by POST as `multipart/form-data`, all fields and then the file, as the field `file`. It
    /// takes only what was announced. The document is `uploaded` or `rejected` a moment later.
    upload: PostForm,
}

/// What is kept as the first answer is the document alone: the form is signed anew, for the same time, so
/// that no signature lies in a table.
async fn announce_document(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, WantedDocument>,
) -> Result<Created<AnnouncedDocument>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let (known, stored) = uploads::tutor_to_announce(db, caller.id(), NAME, key).await?;
    if let Some(document) = idempotency::earlier(stored, key)? {
        return again(&cx, caller, &request.body, document).await;
    }
    if !known {
        return Err(Problem::not_found("tutor profile"));
    }
    let id = DocumentId(cx.fresh_id());
    let document = Document::announce(id, caller.id(), &request.body, cx.now());
    let view = DocumentView::of(&document);
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    match documents::insert(db, &document, NAME, key, &answer).await {
        Ok(true) => {}
        Ok(false) => return no_room(&cx, caller, &request.body, key).await,
        // The same request was here at the same moment: what it was answered is the answer.
        Err(DbError::Constraint(name)) if name == idempotency::CONSTRAINT => {
            let first = idempotency::read(db, &caller.id().to_string(), NAME, key).await?;
            return again(&cx, caller, &request.body, first).await;
        }
        Err(error) => return Err(error.into()),
    }
    let upload =
        Upload::Document(caller.id(), id).form(&cx, &document.file, document.created_at.into()).await?;
    Ok(Created::new(AnnouncedDocument { document: view, upload }))
}

/// The first answer: its document, and the form as it was.
async fn again(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    wanted: &WantedDocument,
    first: serde_json::Value,
) -> Result<Created<AnnouncedDocument>, Problem> {
    let document: DocumentView = serde_json::from_value(first).map_err(Problem::internal)?;
    let file = Document::announce(document.document_id, caller.id(), wanted, cx.now()).file;
    let upload = Upload::Document(caller.id(), document.document_id);
    let upload = upload.form(cx, &file, document.created_at).await?;
    let answer = serde_json::to_value(AnnouncedDocument { document, upload }).map_err(Problem::internal)?;
    Ok(Created::replay(answer))
}

/// There are too many; unless the last one was made by the same request at the same moment.
async fn no_room(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    wanted: &WantedDocument,
    key: &IdempotencyKey,
) -> Result<Created<AnnouncedDocument>, Problem> {
    match idempotency::read(&cx.base.db, &caller.id().to_string(), NAME, key).await {
        Ok(first) => again(cx, caller, wanted, first).await,
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            let detail = format!(
                "You can have {DOCUMENTS_MAX} documents, of which {DOCUMENTS_WAITING_MAX} are still to be sent. \
                 Delete one first."
            );
            Err(Problem::new(&problem::WRONG_STATE).detail(detail))
        }
        Err(problem) => Err(problem),
    }
}
