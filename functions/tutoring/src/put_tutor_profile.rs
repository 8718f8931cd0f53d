//! `PUT /v1/tutors/me`.

use lectern_domain::event::NewEvent;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::VerificationId;
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
    let subjects: Vec<&str> = request.body.subjects.as_slice().iter().map(|s| s.subject.as_str()).collect();
    let (stored, unknown) = tutors::to_replace(&cx.base.db, caller.id(), &subjects).await?;
    check_version(request.if_match, stored.as_ref().map(|tutor| tutor.sequence))?;
    check_subjects(&subjects, &unknown)?;
    let before = stored.as_ref().map(|tutor| tutor.sequence);
    let (tutor, happened) = match stored {
        None => TutorAggregate::create(caller.id(), request.body, cx.now()),
        Some(tutor) => tutor.replace_profile(request.body, VerificationId(cx.fresh_id()), cx.now()),
    };
    save(&cx, tutor, before, happened).await
}

/// Saves a tutor who is new or whose profile has changed (from the version `before`), publishes, answers.
pub(crate) async fn save(
    cx: &Cx<Tutoring>,
    tutor: TutorAggregate,
    before: Option<i64>,
    happened: Vec<NewEvent>,
) -> Result<Answer<OwnTutor>, Problem> {
    let (db, events) = (&cx.base.db, cx.seal(happened));
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
/// Before there is a profile its version is 0, as `GET /v1/tutors/me` says.
pub(crate) fn check_version(if_match: Option<i64>, present: Option<i64>) -> Result<(), Problem> {
    match (if_match, present) {
        (None | Some(0), None) => Ok(()),
        (Some(seen), Some(present)) if seen == present => Ok(()),
        (None, Some(_)) => Err(Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("The profile exists: send the ETag of the version that you replace as If-Match.")),
        (Some(_), _) => Err(Problem::new(&problem::PRECONDITION_FAILED)),
    }
}

/// What is taught must be in the catalogue.
pub(crate) fn check_subjects(subjects: &[&str], unknown: &[String]) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    for (index, subject) in subjects.iter().enumerate() {
        if unknown.iter().any(|u| u == subject) {
            let message = format!("{subject} is not a subject of the catalogue (GET /v1/subjects)");
            errors.push(format!("subjects[{index}].subject"), message);
        }
    }
    errors.into_result()
}
