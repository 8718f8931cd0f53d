//! Subscriptions as their owners see them.

use jiff::Timestamp;
use lectern_domain::money::Money;
use lectern_domain::payments::{BillingPeriod, Plan, Subscription, SubscriptionId, SubscriptionStatus};
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;

/// A subscription.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionView {
    subscription_id: SubscriptionId,
    plan: Plan,
    period: BillingPeriod,
    /// What one period costs.
    price: Money,
    status: SubscriptionStatus,
    /// Whether one has what the plan grants, at this moment.
    entitled: bool,
    /// Until when one has it although a renewal is not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    entitled_until: Option<Instant>,
    /// The end of what is paid, or is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_period_end: Option<Instant>,
    /// It ends then, and is not renewed.
    cancel_at_period_end: bool,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Instant>,
    /// Stripe's page on which it is paid for the first time; only while it can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_url: Option<String>,
    /// When that page closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_expires_at: Option<Instant>,
}

impl SubscriptionView {
    /// As it is at this moment.
    pub fn of(subscription: &Subscription, now: Timestamp) -> Self {
        let open = subscription.checkout_expires_at.get() > now && !subscription.cancel_requested;
        let checkout_url = subscription.checkout_url.clone().filter(|_| open);
        Self {
            subscription_id: subscription.id,
            plan: subscription.plan,
            period: subscription.period,
            price: subscription.price(),
            status: subscription.status,
            entitled: subscription.entitled_at(now),
            entitled_until: subscription.entitled_until(),
            current_period_end: subscription.period_end,
            cancel_at_period_end: subscription.ends_at.is_some() || subscription.cancel_requested,
            ended_at: subscription.ended_at,
            checkout_expires_at: checkout_url.is_some().then_some(subscription.checkout_expires_at),
            checkout_url,
        }
    }
}
