//! `PUT /v1/users/me/favourites/{tutorId}`.

use lectern_domain::id::UserId;
use lectern_domain::tutoring::policy::FAVOURITES_MAX;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_tutor::TutorPath;
use crate::services::Tutoring;
use crate::store::favourites::{self, Addition};

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("add-favourite", Method::Put, "/v1/users/me/favourites/{tutorId}", add_favourite)
        .summary("Keep a tutor as a favourite, up to 200; one who is a favourite stays one")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
}

/// Whether a tutor is a favourite.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FavouriteState {
    /// The tutor.
    pub tutor_id: UserId,
    /// Whether it is one now.
    pub favourite: bool,
}

async fn add_favourite(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<TutorPath>,
) -> Result<Answer<FavouriteState>, Problem> {
    let tutor_id = request.path.tutor_id;
    match favourites::add(&cx.base.db, caller.id(), tutor_id, cx.now()).await? {
        Addition::Added | Addition::Known => Ok(Answer::new(FavouriteState { tutor_id, favourite: true })),
        Addition::Unlisted => Err(Problem::not_found("tutor")),
        Addition::Full => Err(Problem::new(&problem::WRONG_STATE).detail(format!(
            "You have {FAVOURITES_MAX} favourites, and there can't be more: take one away first."
        ))),
    }
}
