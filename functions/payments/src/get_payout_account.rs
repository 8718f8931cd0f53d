//! `GET /v1/payout-account`.

use lectern_domain::payments::PayoutAccount;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase};

use crate::payout_views::PayoutAccountView;
use crate::services::Payments;
use crate::store::accounts;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-payout-account", Method::Get, "/v1/payout-account", get_payout_account)
        .summary("Read whether one can be paid out, what Stripe still wants, and how often one is paid out")
}

async fn get_payout_account(
    cx: Cx<Payments>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<PayoutAccountView>, Problem> {
    let account = accounts::of_tutor(&cx.base.db, caller.id()).await?;
    let account = account.unwrap_or_else(|| PayoutAccount::new(caller.id()));
    Ok(Answer::new(PayoutAccountView::of(&account, cx.now())).etag(account.revision))
}
