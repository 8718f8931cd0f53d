//! Step: the payment has come, the lesson will take place.

use lectern_domain::booking::LessonStatus;
use lectern_domain::money::Money;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Serialize;

use super::{LessonInput, load, save};
use crate::SAGA;
use crate::services::Booking;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("schedule-lesson", SAGA, schedule_lesson)
        .summary("Schedule a paid lesson, unless it was called off meanwhile")
        .needs(&[Need::Database, Need::Bus])
}

/// Whether it will take place; if not, all the money goes back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scheduled {
    scheduled: bool,
    amount: Money,
    /// How long until it completes by itself.
    outcome_seconds: i64,
}

async fn schedule_lesson(cx: Cx<Booking>, input: LessonInput) -> Result<Scheduled, Fault> {
    let mut lesson = load(&cx, input.lesson_id).await?;
    if lesson.status == LessonStatus::PendingPayment {
        let before = lesson.sequence;
        let (scheduled, events) = lesson.schedule().map_err(Fault::bad_input)?;
        save(&cx, &scheduled, before, events).await?;
        lesson = scheduled;
    }
    Ok(Scheduled {
        // One that was scheduled before and called off since has its own outcome, which the next wait brings.
        scheduled: !lesson.is_off_unscheduled(),
        amount: lesson.booking.price,
        outcome_seconds: lesson.seconds_until_auto_completion(cx.now()),
    })
}
