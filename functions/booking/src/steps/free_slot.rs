//! Step, a compensation: the slot is free again.

use lectern_domain::booking::{CancelledBy, LessonStatus};
use lectern_domain::text::Prose;
use lectern_runtime::{Cx, Fault, Need, UseCase};

use super::{DONE, Done, LessonInput, load, save};
use crate::SAGA;
use crate::services::Booking;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("free-slot", SAGA, free_slot)
        .summary("Free the slot of a lesson that was not paid, or could not be scheduled")
        .needs(&[Need::Database, Need::Bus])
}

async fn free_slot(cx: Cx<Booking>, input: LessonInput) -> Result<Done, Fault> {
    let lesson = load(&cx, input.lesson_id).await?;
    let before = lesson.sequence;
    let (lesson, events) = match lesson.status {
        LessonStatus::PendingPayment => lesson.expire().map_err(Fault::bad_input)?,
        // Scheduling did its work and failed all the same: the state machine gives the money back, so the
        // lesson must not stand.
        LessonStatus::Scheduled => {
            let reason = Prose::parse("The lesson could not be scheduled.").map_err(Fault::bad_input)?;
            lesson.cancel(CancelledBy::Platform, reason, cx.now()).map_err(Fault::bad_input)?
        }
        _ => return Ok(DONE),
    };
    save(&cx, &lesson, before, events).await?;
    Ok(DONE)
}
