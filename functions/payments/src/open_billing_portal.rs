//! `POST /v1/billing-portal`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::billing::{self, BillingError};
use crate::services::{Payments, STRIPE};
use crate::store::{customers, subscriptions};

/// The use case. It makes nothing of ours, so it needs no key: each call is a new link to the same page.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("open-billing-portal", Method::Post, "/v1/billing-portal", open_billing_portal)
        .summary("Get a link to Stripe's page, where one's card is changed and a subscription resumed")
        .needs(&[Need::Database, STRIPE])
        .problems(&[&problem::NOT_FOUND])
}

/// A link.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BillingPortal {
    /// Can be opened once, within minutes, by whoever has it.
    url: String,
}

async fn open_billing_portal(
    cx: Cx<Payments>,
    caller: Student,
    _request: Request,
) -> Result<Answer<BillingPortal>, Problem> {
    let customer = customers::of_user(&cx.base.db, caller.id()).await?;
    let customer = customer.and_then(|customer| customer.stripe_customer_id);
    // Who has never paid has nothing there to look after.
    let customer = customer.ok_or_else(|| Problem::not_found("billing account"))?;
    let configuration = subscriptions::sold(&cx.base.db, billing::PORTAL).await?;
    let configuration = configuration.ok_or(BillingError::NothingSold)?;
    let url = cx.stripe.billing().open_portal(&customer, &configuration, &cx.billing_url).await?;
    Ok(Answer::new(BillingPortal { url }))
}
