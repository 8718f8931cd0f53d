//! Step: everything about the lesson's money is done.

use lectern_runtime::{Cx, Fault, UseCase};

use super::{DONE, Done, LessonInput};
use crate::SAGA;
use crate::services::Booking;
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("close-saga", SAGA, close_saga)
        .summary("Note that the lesson's state machine has ended well")
}

async fn close_saga(cx: Cx<Booking>, input: LessonInput) -> Result<Done, Fault> {
    sagas::closed(&cx.base.db, input.lesson_id).await?;
    Ok(DONE)
}
