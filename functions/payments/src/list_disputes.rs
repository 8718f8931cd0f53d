//! `GET /v1/admin/disputes`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::inspect_payment::AdminDisputeView;
use crate::services::Payments;
use crate::store::disputes::{self, Listed, Place};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("list-disputes", Method::Get, "/v1/admin/disputes", list_disputes).summary(
        "List complaints of payers to their banks: open ones by the time that is left, then the others",
    )
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListDisputes {
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// A dispute, and whose money it is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisputeListed {
    #[serde(flatten)]
    dispute: AdminDisputeView,
    payment_id: PaymentId,
    lesson_id: LessonId,
    payer_id: UserId,
    tutor_id: UserId,
}

impl From<&Listed> for DisputeListed {
    fn from(listed: &Listed) -> Self {
        Self {
            dispute: AdminDisputeView::of(&listed.dispute, listed.currency),
            payment_id: listed.payment_id,
            lesson_id: listed.lesson_id,
            payer_id: listed.payer_id,
            tutor_id: listed.tutor_id,
        }
    }
}

async fn list_disputes(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<Nothing, ListDisputes>,
) -> Result<Answer<CursorPage<DisputeListed>>, Problem> {
    let limit = limit_or_default(request.query.limit);
    let after = request.query.cursor.map(|cursor| cursor.position::<Place>()).transpose();
    let after = after.map_err(|error| FieldErrors::one("cursor", error.0))?;
    let found = disputes::page(&cx.base.db, after.as_ref(), limit + 1).await?;
    let page = CursorPage::cut(found, limit, |listed| listed.place.clone());
    let items = page.items.iter().map(DisputeListed::from).collect();
    Ok(Answer::new(CursorPage { items, next_cursor: page.next_cursor }))
}
