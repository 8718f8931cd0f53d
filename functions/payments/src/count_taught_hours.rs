//! Counts the hours that tutors have taught, out of booking's events: the commission depends on them.

use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, UserId};
use lectern_domain::time::Instant;
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Deserialize;

use crate::services::Payments;
use crate::store::commission::{self, Taught};

const NAME: &str = "count-taught-hours";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::consumer(NAME, &["lesson.completed"], count_taught_hours)
        .summary("Count the hours that a tutor has taught")
}

/// What is needed of a lesson's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LessonData {
    lesson_id: LessonId,
    tutor_id: UserId,
    start: Instant,
    end: Instant,
}

async fn count_taught_hours(cx: Cx<Payments>, event: Envelope) -> Result<(), Fault> {
    let data: LessonData = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    let seconds = data.end.get().duration_since(data.start.get()).as_secs();
    let minutes = i32::try_from(seconds / 60).ok().filter(|minutes| *minutes > 0);
    let minutes = minutes.ok_or_else(|| Fault::bad_input("a lesson of no length"))?;
    let taught =
        Taught { lesson: data.lesson_id, tutor: data.tutor_id, minutes, at: event.occurred_at.get() };
    let counted = commission::count_lesson(&cx.base.db, NAME, event.id, taught).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, counted, "lesson counted");
    Ok(())
}
