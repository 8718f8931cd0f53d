//! `GET /v1/admin/payments`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::money::Money;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::payments::{PaymentStatus, Purpose};
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_payments::before;
use crate::services::Payments;
use crate::store::listing::{self, Filter};
use crate::store::payments::Shown;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("search-payments", Method::Get, "/v1/admin/payments", search_payments)
        .summary("List payments by status, payer, tutor, lesson and time, the newest first")
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SearchPayments {
    /// Only those that stand so.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<PaymentStatus>,
    /// Only what this one pays.
    #[deserr(default)]
    #[schemars(default)]
    payer: Option<UserId>,
    /// Only what this one earns.
    #[deserr(default)]
    #[schemars(default)]
    tutor: Option<UserId>,
    /// Only of this lesson.
    #[deserr(default)]
    #[schemars(default)]
    lesson: Option<LessonId>,
    /// Only those made from this moment on.
    #[deserr(default)]
    #[schemars(default)]
    from: Option<Instant>,
    /// Only those made before this moment.
    #[deserr(default)]
    #[schemars(default)]
    to: Option<Instant>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// A payment as admins see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminPaymentView {
    pub(crate) payment_id: PaymentId,
    purpose: Purpose,
    lesson_id: LessonId,
    payer_id: UserId,
    tutor_id: UserId,
    status: PaymentStatus,
    /// Whether tutor and platform have earned what was not given back.
    released: bool,
    amount: Money,
    platform_fee: Money,
    tutor_earnings: Money,
    refunded: Money,
    /// What the payer's bank has taken back for good of what was not refunded.
    charged_back: Money,
    /// What can still be refunded.
    remaining: Money,
    created_at: Instant,
}

impl From<&Shown> for AdminPaymentView {
    fn from(shown: &Shown) -> Self {
        let payment = &shown.payment;
        Self {
            payment_id: payment.id,
            purpose: payment.purpose,
            lesson_id: payment.lesson_id,
            payer_id: payment.payer_id,
            tutor_id: payment.tutor_id,
            status: payment.status,
            released: payment.released,
            amount: payment.money(payment.amount),
            platform_fee: payment.money(payment.platform_fee),
            tutor_earnings: payment.money(payment.tutor_earnings),
            refunded: payment.money(payment.refunded),
            charged_back: payment.money(payment.charged_back),
            remaining: payment.money(payment.remaining()),
            created_at: shown.created_at,
        }
    }
}

async fn search_payments(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<Nothing, SearchPayments>,
) -> Result<Answer<CursorPage<AdminPaymentView>>, Problem> {
    let query = request.query;
    if query.from.zip(query.to).is_some_and(|(from, to)| from >= to) {
        return Err(FieldErrors::one("to", "must be after from").into());
    }
    let (limit, before) = (limit_or_default(query.limit), before(query.cursor.as_ref())?);
    let filter = Filter {
        status: query.status,
        payer: query.payer,
        tutor: query.tutor,
        lesson: query.lesson,
        from: query.from.map(Instant::get),
        to: query.to.map(Instant::get),
    };
    let found = listing::of_all(&cx.base.db, &filter, before, limit + 1).await?;
    let items = found.iter().map(AdminPaymentView::from).collect();
    Ok(Answer::new(CursorPage::cut(items, limit, |item: &AdminPaymentView| item.payment_id)))
}
