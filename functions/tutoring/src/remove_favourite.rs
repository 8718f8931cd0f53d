//! `DELETE /v1/users/me/favourites/{tutorId}`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Student, UseCase};

use crate::add_favourite::FavouriteState;
use crate::get_tutor::TutorPath;
use crate::services::Tutoring;
use crate::store::favourites;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("remove-favourite", Method::Delete, "/v1/users/me/favourites/{tutorId}", remove_favourite)
        .summary("No longer keep a tutor as a favourite; one who is none stays none")
}

async fn remove_favourite(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<TutorPath>,
) -> Result<Answer<FavouriteState>, Problem> {
    let tutor_id = request.path.tutor_id;
    favourites::remove(&cx.base.db, caller.id(), tutor_id).await?;
    Ok(Answer::new(FavouriteState { tutor_id, favourite: false }))
}
