//! `PUT /v1/payout-account/schedule`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::payments::PayoutSchedule;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::payout_views::PayoutAccountView;
use crate::services::Payments;
use crate::store::accounts::{self, Save};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    let path = "/v1/payout-account/schedule";
    UseCase::http("set-payout-schedule", Method::Put, path, set_payout_schedule)
        .summary("Choose how often one is paid out")
        .problems(&[&problem::NOT_FOUND, &problem::PRECONDITION_FAILED, &problem::PRECONDITION_REQUIRED])
}

/// How often.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SetPayoutSchedule {
    schedule: PayoutSchedule,
}

async fn set_payout_schedule(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<Nothing, Nothing, SetPayoutSchedule>,
) -> Result<Answer<PayoutAccountView>, Problem> {
    let seen = request.if_match.ok_or_else(|| {
        Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("Send the ETag of the version that you change as If-Match.")
    })?;
    let account = accounts::of_tutor(&cx.base.db, caller.id()).await?;
    let mut account = account.ok_or_else(|| Problem::not_found("payout account"))?;
    account.schedule = request.body.schedule;
    let is_present = account.revision == seen;
    if !is_present || !accounts::update(&cx.base.db, &account, Save::default(), cx.now()).await? {
        return Err(Problem::new(&problem::PRECONDITION_FAILED));
    }
    Ok(Answer::new(PayoutAccountView::of(&account, cx.now())).etag(account.revision + 1))
}
