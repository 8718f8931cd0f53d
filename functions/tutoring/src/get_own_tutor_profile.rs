//! `GET /v1/tutors/me`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};

use crate::services::Tutoring;
use crate::store::tutors;
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-own-tutor-profile", Method::Get, "/v1/tutors/me", get_own_tutor_profile)
        .summary("Read one's own tutor profile, hours and verification")
        .problems(&[&problem::NOT_FOUND])
}

async fn get_own_tutor_profile(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnTutor>, Problem> {
    let tutor =
        tutors::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("tutor profile"))?;
    let sequence = tutor.sequence;
    Ok(Answer::new(OwnTutor::from(tutor)).etag(sequence))
}
