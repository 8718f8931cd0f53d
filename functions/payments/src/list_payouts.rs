//! `GET /v1/payouts`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::PayoutId;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::time::Instant;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;

use crate::payout_views::PayoutView;
use crate::services::Payments;
use crate::store::payouts;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("list-payouts", Method::Get, "/v1/payouts", list_payouts)
        .summary("List one's payouts, the latest first")
}

/// Which page.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListPayouts {
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

async fn list_payouts(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<Nothing, ListPayouts>,
) -> Result<Answer<CursorPage<PayoutView>>, Problem> {
    let limit = limit_or_default(request.query.limit);
    let after = request.query.cursor.map(|cursor| cursor.position::<(Instant, PayoutId)>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?.map(|(at, id)| (at.get(), id));
    let found = payouts::of_tutor(&cx.base.db, caller.id(), after, i64::from(limit) + 1).await?;
    let items = found.iter().map(PayoutView::from).collect();
    Ok(Answer::new(CursorPage::cut(items, limit, |view: &PayoutView| (view.created_at, view.payout_id))))
}
