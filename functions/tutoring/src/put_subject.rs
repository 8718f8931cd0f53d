//! `PUT /v1/admin/subjects/{subjectId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::tutoring::catalogue::{Subject, SubjectEntry};
use lectern_domain::tutoring::profile::SubjectId;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;

use crate::services::Tutoring;
use crate::store::subjects;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-subject", Method::Put, "/v1/admin/subjects/{subjectId}", put_subject)
        .summary("Add a subject to the catalogue, or change its names and relations; needs the catalogue's If-Match")
        .problems(&[
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
}

/// Which subject.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SubjectPath {
    subject_id: SubjectId,
}

/// The version is the whole catalogue's (`ETag` of `GET /v1/subjects`): two admins who each add a relation that is fine by
/// itself could otherwise close a cycle together.
async fn put_subject(
    cx: Cx<Tutoring>,
    _caller: Admin,
    request: Request<SubjectPath, Nothing, SubjectEntry>,
) -> Result<Answer<Subject>, Problem> {
    let db = &cx.base.db;
    let seen = request.if_match.ok_or_else(|| {
        Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("Send the ETag of GET /v1/subjects as If-Match: relations are checked against all of the catalogue.")
    })?;
    let catalogue = subjects::catalogue(db).await?;
    if catalogue.version != seen {
        return Err(Problem::new(&problem::PRECONDITION_FAILED));
    }
    let (id, entry) = (request.path.subject_id, request.body);
    let catalogue = catalogue.put(id.clone(), entry)?;
    let version = catalogue.version;
    let entry = catalogue.get(&id).cloned().ok_or_else(|| Problem::internal("a subject got lost"))?;
    if version != seen && !subjects::save(db, &id, &entry, seen, cx.now()).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    Ok(Answer::new(Subject { id, entry }).etag(version))
}
