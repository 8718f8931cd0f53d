//! The steps of `lesson-payment.asl.json` that belong to this context. Each can run twice with one effect.

pub mod auto_complete_lesson;
pub mod await_outcome;
pub mod await_payment;
pub mod close_saga;
pub mod free_slot;
pub mod hold_slot;
pub mod park_saga;
pub mod schedule_lesson;

use lectern_domain::booking::Lesson;
use lectern_domain::event::NewEvent;
use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault};
use serde::{Deserialize, Serialize};

use crate::services::Booking;
use crate::store::lessons;

/// The input of most steps.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonInput {
    lesson_id: LessonId,
}

/// The output of steps whose work is all there is to say.
#[derive(Debug, Serialize)]
pub struct Done {
    done: bool,
}

const DONE: Done = Done { done: true };

async fn load(cx: &Cx<Booking>, id: LessonId) -> Result<Lesson, Fault> {
    let lesson = lessons::by_id(&cx.base.db, id).await?;
    lesson.ok_or_else(|| Fault::bad_input(format!("there is no lesson {id}")))
}

/// Saves a transition and publishes its events. Somebody else's change at the same moment is `Transient`: the
/// state machine runs the step again, and it decides anew.
async fn save(cx: &Cx<Booking>, lesson: &Lesson, before: i64, events: Vec<NewEvent>) -> Result<(), Fault> {
    let events = cx.seal(events);
    let saved = lessons::save(&cx.base.db, lesson, before, &events, None).await?;
    if saved.is_none() {
        return Err(Fault::transient("the lesson was changed at the same moment"));
    }
    cx.base.publish(&events).await;
    Ok(())
}
