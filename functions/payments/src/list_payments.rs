//! `GET /v1/payments`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::PaymentId;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::payments::PaymentStatus;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, StudentOrTutor, UseCase};
use schemars::JsonSchema;

use crate::get_payment::PaymentView;
use crate::services::Payments;
use crate::store::listing;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("list-payments", Method::Get, "/v1/payments", list_payments)
        .summary("List the payments that one makes or earns, the newest first")
}

lectern_domain::words! {
    /// On which side of a payment somebody is.
    pub enum PaymentRole {
        /// Who pays.
        Payer = "payer",
        /// Who earns.
        Tutor = "tutor",
    }
}

/// Which of them.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListPayments {
    /// Only those that stand so.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<PaymentStatus>,
    /// Only those on this side of which the caller is.
    #[deserr(default)]
    #[schemars(default)]
    role: Option<PaymentRole>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

async fn list_payments(
    cx: Cx<Payments>,
    caller: StudentOrTutor,
    request: Request<Nothing, ListPayments>,
) -> Result<Answer<CursorPage<PaymentView>>, Problem> {
    let query = request.query;
    let limit = limit_or_default(query.limit);
    let before = before(query.cursor.as_ref())?;
    let person = caller.id();
    let filter = listing::Own { person, role: query.role.map(PaymentRole::as_str), status: query.status };
    let found = listing::of_person(&cx.base.db, filter, before, limit + 1).await?;
    let page = CursorPage::cut(found, limit, |shown| shown.payment.id);
    let view =
        |shown: &crate::store::payments::Shown| PaymentView::of(&shown.payment, shown.created_at, person);
    let items = page.items.iter().map(view).collect();
    Ok(Answer::new(CursorPage { items, next_cursor: page.next_cursor }))
}

/// The payment after which a page begins.
pub(crate) fn before(cursor: Option<&Cursor>) -> Result<Option<PaymentId>, Problem> {
    let position = cursor.map(|cursor| cursor.position::<PaymentId>()).transpose();
    position.map_err(|error| FieldErrors::one("cursor", error.0).into())
}
