//! `POST /v1/lessons/{lessonId}/cancel`.

use deserr::Deserr;
use lectern_domain::booking::CancelledBy;
use lectern_domain::field::FieldErrors;
use lectern_domain::role::Role;
use lectern_domain::text::Prose;
use lectern_runtime::{
    Answer, Cx, Method, Need, Nothing, Problem, Request, StudentOrTutor, UseCase, problem,
};
use schemars::JsonSchema;
use serde_json::json;

use crate::get_lesson::LessonPath;
use crate::services::{Booking, SAGAS};
use crate::signal;
use crate::store::lessons;
use crate::view::{LessonView, refused};

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http("cancel-lesson", Method::Post, "/v1/lessons/{lessonId}/cancel", cancel_lesson)
        .summary("Call a lesson off; what goes back to the student follows the terms of the booking")
        .needs(&[Need::Database, Need::Bus, SAGAS])
        .problems(&[&problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
}

/// Why.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct CancelLesson {
    /// For the other side to read.
    reason: Prose<500>,
}

async fn cancel_lesson(
    cx: Cx<Booking>,
    caller: StudentOrTutor,
    request: Request<LessonPath, Nothing, CancelLesson>,
) -> Result<Answer<LessonView>, Problem> {
    let id = request.path.lesson_id;
    let lesson = lessons::of_participant(&cx.base.db, id, caller.0).await?;
    let lesson = lesson.ok_or_else(|| Problem::not_found("lesson"))?;
    let before = lesson.sequence;
    let by = if caller.0.role == Role::Tutor { CancelledBy::Tutor } else { CancelledBy::Student };
    let (lesson, events) = lesson.cancel(by, request.body.reason, cx.now()).map_err(refused)?;
    let events = cx.seal(events);
    // If the payment is still waited for, that wait is over too; the saga then undoes the payment.
    let cancelled = json!({ "outcome": "cancelled" });
    let saved = lessons::save(&cx.base.db, &lesson, before, &events, Some(&cancelled)).await?;
    let ready = saved.ok_or_else(|| Problem::new(&problem::CONCURRENT_CHANGE))?;
    cx.base.publish(&events).await;
    signal::answer_or_leave(&cx, id, &ready).await;
    Ok(Answer::new(LessonView::from(&lesson)).etag(lesson.sequence))
}
