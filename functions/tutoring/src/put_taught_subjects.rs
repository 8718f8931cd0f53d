//! `PUT /v1/tutors/me/subjects`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::VerificationId;
use lectern_domain::tutoring::list::Distinct;
use lectern_domain::tutoring::profile::{Profile, TaughtSubject};
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::put_tutor_profile::{check_subjects, check_version, save};
use crate::services::Tutoring;
use crate::store::tutors;
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-taught-subjects", Method::Put, "/v1/tutors/me/subjects", put_taught_subjects)
        .summary(
            "Say what one teaches, and to whom; needs If-Match, and an approved tutor is looked at again",
        )
        .problems(&[
            &problem::NOT_FOUND,
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
        .needs(&[Need::Database, Need::Bus])
}

/// All that one teaches.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct TaughtSubjects {
    /// In the place of what was there.
    subjects: Distinct<TaughtSubject, 20>,
}

async fn put_taught_subjects(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, TaughtSubjects>,
) -> Result<Answer<OwnTutor>, Problem> {
    let subjects = request.body.subjects;
    let ids: Vec<&str> = subjects.as_slice().iter().map(|s| s.subject.as_str()).collect();
    let (stored, unknown) = tutors::to_replace(&cx.base.db, caller.id(), &ids).await?;
    let tutor = stored.ok_or_else(|| Problem::not_found("tutor profile"))?;
    let before = Some(tutor.sequence);
    check_version(request.if_match, before)?;
    check_subjects(&ids, &unknown)?;
    let profile = Profile { subjects, ..tutor.profile.clone() };
    let (tutor, happened) = tutor.replace_profile(profile, VerificationId(cx.fresh_id()), cx.now());
    save(&cx, tutor, before, happened).await
}
