//! Step: nobody has said anything; the lesson completes by itself.

use lectern_domain::booking::{LessonStatus, Outcome};
use lectern_runtime::{Cx, Fault, Need, UseCase};

use super::{LessonInput, load, save};
use crate::SAGA;
use crate::services::Booking;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("auto-complete-lesson", SAGA, auto_complete_lesson)
        .summary("Complete a lesson that ended a while ago, unless it was decided otherwise")
        .needs(&[Need::Database, Need::Bus])
}

async fn auto_complete_lesson(cx: Cx<Booking>, input: LessonInput) -> Result<Outcome, Fault> {
    let mut lesson = load(&cx, input.lesson_id).await?;
    if matches!(lesson.status, LessonStatus::Scheduled | LessonStatus::InProgress) {
        let before = lesson.sequence;
        let (completed, events) = lesson.complete(cx.now()).map_err(Fault::transient)?;
        save(&cx, &completed, before, events).await?;
        lesson = completed;
    }
    lesson.outcome().ok_or_else(|| Fault::bad_input(format!("a {} lesson has no outcome", lesson.status)))
}
