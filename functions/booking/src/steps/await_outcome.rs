//! Step: waits with a token until it is decided what becomes of the lesson.

use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Deserialize;

use super::{DONE, Done};
use crate::SAGA;
use crate::services::{Booking, SAGAS};
use crate::signal::{self, Wait};
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("await-outcome", SAGA, await_outcome)
        .summary("Keep the token with which the state machine waits for the lesson's outcome")
        .needs(&[Need::Database, SAGAS])
}

/// A token, and which lesson it waits for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwaitOutcome {
    lesson_id: LessonId,
    token: String,
}

async fn await_outcome(cx: Cx<Booking>, input: AwaitOutcome) -> Result<Done, Fault> {
    let ready = sagas::put_token(&cx.base.db, input.lesson_id, Wait::Outcome, &input.token).await?;
    signal::answer(&cx, input.lesson_id, &ready).await?;
    Ok(DONE)
}
