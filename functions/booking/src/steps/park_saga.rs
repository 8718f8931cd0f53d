//! Step: something could neither be done nor undone. The execution waits for a person, with an alarm
//! (docs/operations.md, parked sagas); `resume-saga` lets it go on.

use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault, UseCase, metrics};
use serde::Deserialize;

use super::{DONE, Done};
use crate::SAGA;
use crate::services::Booking;
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("park-saga", SAGA, park_saga)
        .summary("Park a lesson's state machine for a person, with the reason")
}

/// What could not be done, why, and the token that lets the execution go on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkSaga {
    lesson_id: LessonId,
    step: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    cause: Option<String>,
    token: String,
}

async fn park_saga(cx: Cx<Booking>, input: ParkSaga) -> Result<Done, Fault> {
    let (error, cause) = (input.error.unwrap_or_default(), input.cause.unwrap_or_default());
    let because = format!("{}: {error}: {cause}", input.step);
    tracing::error!(lesson = %input.lesson_id, because, "saga parked");
    metrics::count(crate::CONTEXT, "SagasParked", 1);
    sagas::parked(&cx.base.db, input.lesson_id, &because, &input.token).await?;
    Ok(DONE)
}
