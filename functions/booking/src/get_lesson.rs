//! `GET /v1/lessons/{lessonId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::LessonId;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, StudentOrTutor, UseCase};
use schemars::JsonSchema;

use crate::services::Booking;
use crate::store::lessons;
use crate::view::LessonView;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http("get-lesson", Method::Get, "/v1/lessons/{lessonId}", get_lesson)
        .summary("Read one of one's own lessons")
}

/// Which lesson.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct LessonPath {
    /// The lesson.
    pub lesson_id: LessonId,
}

async fn get_lesson(
    cx: Cx<Booking>,
    caller: StudentOrTutor,
    request: Request<LessonPath>,
) -> Result<Answer<LessonView>, Problem> {
    let lesson = lessons::of_participant(&cx.base.db, request.path.lesson_id, caller.0).await?;
    let lesson = lesson.ok_or_else(|| Problem::not_found("lesson"))?;
    Ok(Answer::new(LessonView::from(&lesson)).etag(lesson.sequence))
}
