//! `GET /v1/payouts/{payoutId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::PayoutId;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::payout_views::ExplainedPayoutView;
use crate::services::Payments;
use crate::statement::Statement;
use crate::store::payouts;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-payout", Method::Get, "/v1/payouts/{payoutId}", get_payout)
        .summary("Read a payout of one's own, with every movement that led to it")
        .problems(&[&problem::NOT_FOUND])
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct PayoutPath {
    /// Its id.
    pub payout_id: PayoutId,
}

async fn get_payout(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<PayoutPath>,
) -> Result<Answer<ExplainedPayoutView>, Problem> {
    let explained = payouts::explained(&cx.base.db, request.path.payout_id, caller.id()).await?;
    let statement = Statement::new(explained.ok_or_else(|| Problem::not_found("payout"))?);
    let revision = statement.recorded.payout.revision;
    Ok(Answer::new(ExplainedPayoutView::from(&statement)).etag(revision))
}
