//! Keeps the times of lessons and what became of them, out of booking's events, so that slots know what is
//! taken and students how much a tutor has taught.

use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, UserId};
use lectern_domain::time::{Instant, TimeRange};
use lectern_domain::tutoring::standing::LessonOutcome;
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Deserialize;

use crate::services::Tutoring;
use crate::store::lessons::{self, LessonTime};

const NAME: &str = "project-lessons";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::consumer(NAME, KINDS, project_lessons)
        .summary("Take a tutor's time, or give it back, as lessons change, and count those taught")
}

const KINDS: &[&str] = &[
    "lesson.requested",
    "lesson.scheduled",
    "lesson.rescheduled",
    "lesson.cancelled",
    "lesson.expired",
    "lesson.completed",
];

/// What is needed of a lesson's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LessonData {
    lesson_id: LessonId,
    tutor_id: UserId,
    start: Instant,
    end: Instant,
    /// Of a cancelled lesson.
    #[serde(default)]
    cancelled_by: Option<String>,
}

async fn project_lessons(cx: Cx<Tutoring>, event: Envelope) -> Result<(), Fault> {
    let data: LessonData = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    let time = TimeRange::new(data.start.get(), data.end.get())
        .ok_or_else(|| Fault::bad_input("a lesson ends before it begins"))?;
    // `lesson.completed` tells of a lesson that is completed, and so on.
    let status = event.kind.strip_prefix("lesson.").unwrap_or_default();
    let lesson = LessonTime {
        lesson_id: data.lesson_id,
        tutor_id: data.tutor_id,
        time,
        // A lesson that is over keeps its time, as it does in booking's own constraint: it was then.
        busy: !matches!(event.kind.as_str(), "lesson.cancelled" | "lesson.expired"),
        outcome: LessonOutcome::of(status, data.cancelled_by.as_deref()),
        sequence: event.aggregate.sequence,
    };
    let changed = lessons::take(&cx.base.db, NAME, event.id, lesson).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, changed, "lesson event taken in");
    Ok(())
}
