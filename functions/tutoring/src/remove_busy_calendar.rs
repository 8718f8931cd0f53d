//! `DELETE /v1/tutors/me/busy-calendar`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::busy_calendars;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("remove-busy-calendar", Method::Delete, "/v1/tutors/me/busy-calendar", remove_busy_calendar)
        .summary("Forget the calendar elsewhere and the busy times out of it")
        .problems(&[&problem::NOT_FOUND])
}

/// What was taken away.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedBusyCalendar {
    /// Always.
    removed: bool,
}

async fn remove_busy_calendar(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<RemovedBusyCalendar>, Problem> {
    let removed = busy_calendars::delete(&cx.base.db, caller.id()).await?;
    if !removed {
        return Err(Problem::not_found("busy calendar"));
    }
    Ok(Answer::new(RemovedBusyCalendar { removed }))
}
