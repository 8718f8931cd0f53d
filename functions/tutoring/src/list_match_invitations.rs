//! `GET /v1/tutors/me/match-invitations`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::InvitationId;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::time::Instant;
use lectern_domain::tutoring::matching::InvitationStatus;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;

use crate::match_views::InvitationView;
use crate::services::Tutoring;
use crate::store::invitations;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/tutors/me/match-invitations";
    UseCase::http("list-match-invitations", Method::Get, path, list_match_invitations)
        .summary("List the invitations of students to teach them, the latest first")
}

/// Which invitations.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListMatchInvitations {
    /// Only those that stand so; all, when left out.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<InvitationStatus>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// Who the student is isn't shown before the tutor accepts: a goal and times are enough to decide by.
async fn list_match_invitations(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, ListMatchInvitations>,
) -> Result<Answer<CursorPage<InvitationView>>, Problem> {
    let (query, now) = (request.query, cx.now());
    let limit = limit_or_default(query.limit);
    let after = query.cursor.map(|cursor| cursor.position::<(Instant, InvitationId)>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?.map(|(at, id)| (at.get(), id));
    let fetched = i64::from(limit) + 1;
    let found = invitations::of_tutor(&cx.base.db, caller.id(), query.status, now, after, fetched).await?;
    let page = CursorPage::cut(found, limit, |(invitation, _)| {
        (Instant::from(invitation.invited_at), invitation.id)
    });
    let items = page.items.into_iter().map(|(invitation, wish)| InvitationView::of(&invitation, wish, now));
    Ok(Answer::new(CursorPage { items: items.collect(), next_cursor: page.next_cursor }))
}
