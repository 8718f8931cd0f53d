//! `GET /v1/users/me/favourites`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::time::Instant;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Student, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::favourites::{self, Favourite};
use crate::views::TutorSummary;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("list-favourites", Method::Get, "/v1/users/me/favourites", list_favourites)
        .summary("List one's favourite tutors, the latest first")
}

/// Which page.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListFavourites {
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// A favourite.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FavouriteView {
    tutor_id: UserId,
    added_at: Instant,
    /// As in a search; absent when the tutor can't be booked any more, or not for now. The favourite stays
    /// until it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tutor: Option<TutorSummary>,
}

impl From<Favourite> for FavouriteView {
    fn from(favourite: Favourite) -> Self {
        Self { tutor_id: favourite.tutor_id, added_at: favourite.added_at.into(), tutor: favourite.tutor }
    }
}

async fn list_favourites(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<Nothing, ListFavourites>,
) -> Result<Answer<CursorPage<FavouriteView>>, Problem> {
    let limit = limit_or_default(request.query.limit);
    let after = request.query.cursor.map(|cursor| cursor.position::<(Instant, UserId)>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?.map(|(at, id)| (at.get(), id));
    let found = favourites::list(&cx.base.db, caller.id(), after, i64::from(limit) + 1).await?;
    let views = found.into_iter().map(FavouriteView::from).collect();
    Ok(Answer::new(CursorPage::cut(views, limit, |view: &FavouriteView| (view.added_at, view.tutor_id))))
}
