//! `GET /v1/lessons`.

use deserr::Deserr;
use lectern_domain::booking::LessonStatus;
use lectern_domain::field::FieldErrors;
use lectern_domain::page::{Limit, Offset, Page, limit_or_default};
use lectern_domain::time::Bounded;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, StudentOrTutor, UseCase};
use schemars::JsonSchema;

use crate::services::Booking;
use crate::store::lessons;
use crate::view::LessonView;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http("list-lessons", Method::Get, "/v1/lessons", list_lessons)
        .summary("List one's own lessons, the latest first: a student's to learn, a tutor's to teach")
}

/// Which of them.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListLessons {
    /// Only those in this state.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<LessonStatus>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    #[schemars(default)]
    offset: Option<Offset>,
}

async fn list_lessons(
    cx: Cx<Booking>,
    caller: StudentOrTutor,
    request: Request<Nothing, ListLessons>,
) -> Result<Answer<Page<LessonView>>, Problem> {
    let limit = limit_or_default(request.query.limit);
    let offset = request.query.offset.map_or(0, Bounded::get);
    let (found, total) = lessons::page_of(&cx.base.db, caller.0, request.query.status, limit, offset).await?;
    let items = found.iter().map(LessonView::from).collect();
    Ok(Answer::new(Page::new(items, total, limit, offset)))
}
