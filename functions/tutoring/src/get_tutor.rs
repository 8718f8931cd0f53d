//! `GET /v1/tutors/{tutorId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_runtime::{Answer, Anyone, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;

use crate::services::Tutoring;
use crate::store::photos;
use crate::views::PublicTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-tutor", Method::Get, "/v1/tutors/{tutorId}", get_tutor)
        .summary("Read an approved tutor's public profile")
        .problems(&[&problem::NOT_FOUND])
}

/// Which tutor.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct TutorPath {
    /// The tutor.
    pub tutor_id: UserId,
}

async fn get_tutor(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<TutorPath>,
) -> Result<Answer<PublicTutor>, Problem> {
    let (tutor, has_photo) = photos::listed_tutor(&cx.base.db, request.path.tutor_id)
        .await?
        .ok_or_else(|| Problem::not_found("tutor"))?;
    let sequence = tutor.sequence;
    Ok(Answer::new(PublicTutor::from(tutor).with_photo(has_photo)).etag(sequence))
}
