//! Step: the slot is held.
//!
//! The database has held it since the lesson was inserted, so that the answer to the student is already true.
//! This step tells the state machine whether it still is, and gives it what the payment needs.

use lectern_domain::id::{LessonId, UserId};
use lectern_domain::money::Money;
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Serialize;

use super::{LessonInput, load};
use crate::SAGA;
use crate::services::Booking;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("hold-slot", SAGA, hold_slot).summary("Say whether the slot is held, and what it costs")
}

/// What the next steps need.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    held: bool,
    lesson_id: LessonId,
    student_id: UserId,
    tutor_id: UserId,
    amount: Money,
    /// Until when the student may pay, in milliseconds of Unix time: the state machine reckons with it when it begins
    /// to wait, which may be later than now.
    hold_ends_at_ms: i64,
}

async fn hold_slot(cx: Cx<Booking>, input: LessonInput) -> Result<Held, Fault> {
    let lesson = load(&cx, input.lesson_id).await?;
    Ok(Held {
        // Still so when it was scheduled by an execution that died: this one goes the same way again.
        held: !lesson.is_off_unscheduled(),
        lesson_id: lesson.id,
        student_id: lesson.booking.student_id,
        tutor_id: lesson.booking.tutor_id,
        amount: lesson.booking.price,
        hold_ends_at_ms: lesson.hold_expires_at.as_millisecond(),
    })
}
