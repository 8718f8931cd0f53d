//! `DELETE /v1/tutors/me/availability/overrides/{overrideId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::OverrideId;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::get_own_availability::OwnAvailability;
use crate::services::Tutoring;
use crate::store::{busy_calendars, tutors};

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(
        "remove-availability-override",
        Method::Delete,
        "/v1/tutors/me/availability/overrides/{overrideId}",
        remove_availability_override,
    )
    .summary("Have the usual hours again on a date")
    .problems(&[&problem::NOT_FOUND, &problem::CONCURRENT_CHANGE])
    .needs(&[Need::Database, Need::Bus])
}

/// Which override.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct OverridePath {
    override_id: OverrideId,
}

async fn remove_availability_override(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<OverridePath>,
) -> Result<Answer<OwnAvailability>, Problem> {
    let db = &cx.base.db;
    let no_override = || Problem::not_found("override");
    let (tutor, calendar) = busy_calendars::with_tutor(db, caller.id()).await?.ok_or_else(no_override)?;
    let before = tutor.sequence;
    let (tutor, happened) =
        tutor.remove_override(request.path.override_id, cx.now()).ok_or_else(no_override)?;
    let events = cx.seal(happened);
    if !tutors::update_availability(db, &tutor, before, &events).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    cx.base.publish(&events).await;
    let sequence = tutor.sequence;
    Ok(Answer::new(OwnAvailability::of(tutor, calendar, cx.now())).etag(sequence))
}
