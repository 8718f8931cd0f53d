//! `GET /v1/tutors/me`.

use lectern_domain::id::UserId;
use lectern_domain::tutoring::requirements::missing;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_own_verification::MissingView;
use crate::services::Tutoring;
use crate::store::tutors::{self, Known};
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-own-tutor-profile", Method::Get, "/v1/tutors/me", get_own_tutor_profile)
        .summary(
            "Read one's own tutor profile, hours and verification, or what is missing before there is one",
        )
        .problems(&[&problem::NOT_FOUND])
}

/// A tutor as the tutor sees it, from the moment at which the account is a tutor's.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OwnTutorOrBeginning {
    /// There is a profile.
    Tutor(Box<OwnTutor>),
    /// There is none yet.
    Beginning(Beginning),
}

/// A tutor without a profile.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Beginning {
    tutor_id: UserId,
    /// Null: there is none yet. `PUT /v1/tutors/me` makes it.
    profile: (),
    /// What has to be there before one can submit for verification.
    missing: Vec<MissingView>,
}

async fn get_own_tutor_profile(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnTutorOrBeginning>, Problem> {
    match tutors::known(&cx.base.db, caller.id()).await? {
        Known::Tutor(tutor) => {
            let sequence = tutor.sequence;
            let own = OwnTutorOrBeginning::Tutor(Box::new(OwnTutor::from(*tutor)));
            Ok(Answer::new(own).etag(sequence))
        }
        Known::Account => {
            let missing = MissingView::all(&missing(false, &[]));
            let beginning = Beginning { tutor_id: caller.id(), profile: (), missing };
            Ok(Answer::new(OwnTutorOrBeginning::Beginning(beginning)).etag(0))
        }
        Known::Nothing => Err(Problem::not_found("tutor profile")),
    }
}
