//! `POST /v1/lessons/{lessonId}/complete`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};

use crate::get_lesson::LessonPath;
use crate::services::{Booking, SAGAS};
use crate::signal;
use crate::store::lessons;
use crate::view::{LessonView, refused};

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http("complete-lesson", Method::Post, "/v1/lessons/{lessonId}/complete", complete_lesson)
        .summary("Say that a lesson took place; the tutor is paid after the dispute window")
        .needs(&[Need::Database, Need::Bus, SAGAS])
        .problems(&[&problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
}

async fn complete_lesson(
    cx: Cx<Booking>,
    caller: Tutor,
    request: Request<LessonPath>,
) -> Result<Answer<LessonView>, Problem> {
    let id = request.path.lesson_id;
    let lesson = lessons::of_participant(&cx.base.db, id, caller.0).await?;
    let lesson = lesson.ok_or_else(|| Problem::not_found("lesson"))?;
    let before = lesson.sequence;
    let (lesson, events) = lesson.complete(cx.now()).map_err(refused)?;
    let events = cx.seal(events);
    let saved = lessons::save(&cx.base.db, &lesson, before, &events, None).await?;
    let ready = saved.ok_or_else(|| Problem::new(&problem::CONCURRENT_CHANGE))?;
    cx.base.publish(&events).await;
    signal::answer_or_leave(&cx, id, &ready).await;
    Ok(Answer::new(LessonView::from(&lesson)).etag(lesson.sequence))
}
