//! `GET /v1/tutors`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::tutoring::profile::SubjectId;
use lectern_domain::tutoring::search::SearchWords;
use lectern_runtime::{Answer, Anyone, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;

use crate::services::Tutoring;
use crate::store::search::{self, Position};
use crate::views::TutorSummary;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("search-tutors", Method::Get, "/v1/tutors", search_tutors)
        .summary("Find approved tutors by words and subject, the newest first")
}

/// What to look for.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SearchTutors {
    /// Words of name, headline or subjects, or beginnings of such.
    #[deserr(default)]
    #[schemars(default)]
    q: Option<SearchWords>,
    /// Only who teaches this subject.
    #[deserr(default)]
    #[schemars(default)]
    subject: Option<SubjectId>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

async fn search_tutors(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<Nothing, SearchTutors>,
) -> Result<Answer<CursorPage<TutorSummary>>, Problem> {
    let query = request.query;
    let after = query.cursor.map(|cursor| cursor.position::<Position>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?;
    let limit = limit_or_default(query.limit);
    let found =
        search::search(&cx.base.db, query.q.as_ref(), query.subject.as_ref(), after, limit + 1).await?;
    let page = CursorPage::cut(found, limit, |(position, _)| *position);
    let items = page.items.into_iter().map(|(_, tutor)| tutor).collect();
    Ok(Answer::new(CursorPage { items, next_cursor: page.next_cursor }))
}
