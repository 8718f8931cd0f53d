//! `PUT /v1/tutors/me/availability`.

use lectern_domain::tutoring::availability::Availability;
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use crate::services::Tutoring;
use crate::store::tutors;
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-availability", Method::Put, "/v1/tutors/me/availability", put_availability)
        .summary("Set one's weekly hours, buffers, notice, horizon and lesson lengths")
        .problems(&[&problem::NOT_FOUND, &problem::PRECONDITION_FAILED, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
}

/// The hours belong to the tutor, whose version is the `ETag`. `If-Match` is optional here and honoured: hours are
/// set as a whole and by one person, and there is nothing of somebody else's to lose.
async fn put_availability(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, Availability>,
) -> Result<Answer<OwnTutor>, Problem> {
    let db = &cx.base.db;
    let tutor = tutors::by_id(db, caller.id()).await?.ok_or_else(|| Problem::not_found("tutor profile"))?;
    let before = tutor.sequence;
    if request.if_match.is_some_and(|seen| seen != before) {
        return Err(Problem::new(&problem::PRECONDITION_FAILED));
    }
    let (tutor, happened) = tutor.set_availability(request.body, cx.now());
    let events = cx.seal(happened);
    if !events.is_empty() {
        if !tutors::update_availability(db, &tutor, before, &events).await? {
            return Err(Problem::new(&problem::CONCURRENT_CHANGE));
        }
        cx.base.publish(&events).await;
    }
    let sequence = tutor.sequence;
    Ok(Answer::new(OwnTutor::from(tutor)).etag(sequence))
}
