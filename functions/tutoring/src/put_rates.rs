//! `PUT /v1/tutors/me/rates`.

use lectern_domain::id::VerificationId;
use lectern_domain::tutoring::prices::Rates;
use lectern_domain::tutoring::profile::Profile;
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use crate::put_tutor_profile::{check_version, save};
use crate::services::Tutoring;
use crate::store::tutors;
use crate::views::OwnTutor;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-rates", Method::Put, "/v1/tutors/me/rates", put_rates)
        .summary("Set the price of an hour and of a trial lesson, for bookings to come; needs If-Match")
        .problems(&[
            &problem::NOT_FOUND,
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
        .needs(&[Need::Database, Need::Bus])
}

/// Without a trial price no trial is offered from now on.
async fn put_rates(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, Rates>,
) -> Result<Answer<OwnTutor>, Problem> {
    let Rates { hourly_rate, trial_price } = request.body;
    let tutor =
        tutors::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("tutor profile"))?;
    let before = Some(tutor.sequence);
    check_version(request.if_match, before)?;
    let profile = Profile { hourly_rate, trial_price, ..tutor.profile.clone() };
    let (tutor, happened) = tutor.replace_profile(profile, VerificationId(cx.fresh_id()), cx.now());
    save(&cx, tutor, before, happened).await
}
