//! `PUT /v1/tutors/me`.

use lectern_domain::tutoring::profile::Profile;
use lectern_domain::tutoring::tutor::Tutor as TutorAggregate;
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use crate::services::Tutoring;
use crate::store::tutors;
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-tutor-profile", Method::Put, "/v1/tutors/me", put_tutor_profile)
        .summary("Make one's tutor profile, or replace it; replacing needs If-Match")
        .problems(&[
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
        .needs(&[Need::Database, Need::Bus])
}

async fn put_tutor_profile(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, Profile>,
) -> Result<Answer<OwnTutor>, Problem> {
    let db = &cx.base.db;
    let stored = tutors::by_id(db, caller.id()).await?;
    check_version(request.if_match, stored.as_ref().map(|tutor| tutor.sequence))?;
    let before = stored.as_ref().map(|tutor| tutor.sequence);
    let (tutor, happened) = match stored {
        None => TutorAggregate::create(caller.id(), request.body, cx.now()),
        Some(tutor) => tutor.replace_profile(request.body, cx.now()),
    };
    let events = cx.seal(happened);
    if !events.is_empty() {
        let saved = match before {
            None => tutors::insert(db, &tutor, &events).await?,
            Some(before) => tutors::update_profile(db, &tutor, before, &events).await?,
        };
        if !saved {
            return Err(Problem::new(&problem::CONCURRENT_CHANGE));
        }
        cx.base.publish(&events).await;
    }
    let sequence = tutor.sequence;
    Ok(Answer::new(OwnTutor::from(tutor)).etag(sequence))
}

/// A replacement must name the version that it replaces, so that nobody's change is lost unseen.
fn check_version(if_match: Option<i64>, present: Option<i64>) -> Result<(), Problem> {
    match (if_match, present) {
        (None, None) => Ok(()),
        (Some(seen), Some(present)) if seen == present => Ok(()),
        (None, Some(_)) => Err(Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("The profile exists: send the ETag of the version that you replace as If-Match.")),
        (Some(_), _) => Err(Problem::new(&problem::PRECONDITION_FAILED)),
    }
}
