//! Makes what is sold at Stripe: the product, a price for each period, and what the portal lets its visitors do. It
//! runs with every deployment, and again changes nothing. A price that has changed in the policy is made anew; whoever
//! has subscribed keeps the old one.

use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{BillingPeriod, Plan, lookup_key};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Serialize;
use serde_json::Value;

use crate::billing::{PORTAL, price_name};
use crate::services::{Payments, STRIPE};
use crate::store::subscriptions;
use crate::stripe::StripeError;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::invoke("ensure-billing-catalogue", ensure_billing_catalogue)
        .summary("Make at Stripe what is sold: product, prices, portal")
        .needs(&[Need::Database, STRIPE])
}

/// What is sold, by Stripe's ids.
#[derive(Debug, Serialize)]
pub struct Catalogue {
    monthly: String,
    yearly: String,
    portal: String,
}

async fn ensure_billing_catalogue(cx: Cx<Payments>, _event: Value) -> Result<Catalogue, Fault> {
    cx.stripe.billing().ensure_product().await?;
    let monthly = ensure_price(&cx, BillingPeriod::Monthly).await?;
    let yearly = ensure_price(&cx, BillingPeriod::Yearly).await?;
    let portal = cx.stripe.billing().ensure_portal(&cx.billing_url).await?;
    let name = |period| price_name(&cx.subscriptions.prices.terms(Plan::Pro, period, Currency::Usd));
    let names = (name(BillingPeriod::Monthly), name(BillingPeriod::Yearly));
    let all =
        [(names.0.as_str(), monthly.clone()), (names.1.as_str(), yearly.clone()), (PORTAL, portal.clone())];
    subscriptions::sell(&cx.base.db, &all, cx.now()).await?;
    Ok(Catalogue { monthly, yearly, portal })
}

async fn ensure_price(cx: &Cx<Payments>, period: BillingPeriod) -> Result<String, StripeError> {
    let key = lookup_key(Plan::Pro, period);
    let of = |currency: &Currency| cx.subscriptions.prices.of(period, *currency);
    let wanted: Vec<Money> = Currency::ALL.iter().map(of).collect();
    let found = cx.stripe.billing().price(key).await?;
    if let Some(found) = &found
        && wanted.iter().all(|price| found.amounts.contains(price))
    {
        return Ok(found.id.clone());
    }
    // The same change asked for twice at once is made once; a later change back is another one.
    let amounts: Vec<_> = wanted.iter().map(|price| price.amount.to_string()).collect();
    let before = found.map_or_else(|| "none".to_owned(), |found| found.id);
    let once = format!("{key}:{}:after:{before}", amounts.join("-"));
    cx.stripe.billing().create_price(key, period, &wanted, &once).await
}
