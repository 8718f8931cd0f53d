//! `GET /v1/admin/documents/{documentId}/link`.

use lectern_runtime::{Admin, Answer, Cx, Method, Need, Problem, Request, UseCase, problem};

use crate::files::{FileLink, Upload};
use crate::remove_document::DocumentPath;
use crate::services::{FILES, Tutoring};
use crate::store::documents;

/// How often it is looked again when others read the same document at the same moment.
const TRIES: usize = 5;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(
        "get-document-link",
        Method::Get,
        "/v1/admin/documents/{documentId}/link",
        get_document_link,
    )
    .summary("Get a link to a tutor's document that is good for 5 minutes; who got one is written down")
    .problems(&[&problem::NOT_FOUND, &problem::CONCURRENT_CHANGE])
    .needs(&[Need::Database, Need::Bus, FILES])
}

/// No link without its event: the link is signed after the statement that has put `tutor.document_read` into
/// the outbox and found the document still as it was.
async fn get_document_link(
    cx: Cx<Tutoring>,
    caller: Admin,
    request: Request<DocumentPath>,
) -> Result<Answer<FileLink>, Problem> {
    let (db, id) = (&cx.base.db, request.path.document_id);
    for _ in 0..TRIES {
        let document = documents::by_id(db, id).await?.ok_or_else(|| Problem::not_found("document"))?;
        let before = document.sequence;
        let (document, happened) =
            document.read(caller.id()).ok_or_else(|| Problem::not_found("document"))?;
        let events = cx.seal(happened);
        if documents::save_reading(db, &document, before, &events).await? {
            cx.base.publish(&events).await;
            let upload = Upload::Document(document.tutor_id, id);
            return Ok(Answer::new(upload.link(&cx, &document.file_name()).await?));
        }
    }
    Err(Problem::new(&problem::CONCURRENT_CHANGE))
}
