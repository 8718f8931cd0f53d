//! `GET /v1/earnings`.

use lectern_domain::money::Currency;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Payments;
use crate::store::ledger::{self, Earned};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-earnings", Method::Get, "/v1/earnings", get_earnings)
        .summary("Read what one has earned as a tutor")
}

/// A tutor's money.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EarningsView {
    /// One for each currency in which something was earned.
    balances: Vec<BalanceView>,
}

/// A tutor's money in one currency, in minor units.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceView {
    currency: Currency,
    /// The tutor's share of paid lessons that are still to come, or may still be disputed.
    held: i64,
    /// Earned and not yet paid out. Below nothing after a refund of what was paid out: the next earnings make it good.
    payable: i64,
    /// On its way to the tutor's bank.
    in_transit: i64,
    /// Arrived there.
    paid: i64,
}

impl From<Earned> for BalanceView {
    fn from(earned: Earned) -> Self {
        let Earned { currency, held, payable, in_transit, paid } = earned;
        Self { currency, held, payable, in_transit, paid }
    }
}

async fn get_earnings(
    cx: Cx<Payments>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<EarningsView>, Problem> {
    let earned = ledger::earnings(&cx.base.db, caller.id()).await?;
    Ok(Answer::new(EarningsView { balances: earned.into_iter().map(Into::into).collect() }))
}
