//! Stripe Billing's answers, the part of them that we read.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{SubscriptionId, SubscriptionSeen, SubscriptionState};
use serde::Deserialize;

use super::StripeError;
use super::billing::{CheckoutSeen, CheckoutState, PaidInvoice, PriceSeen, SUBSCRIPTION};
use super::shapes::{Expandable, List};

#[derive(Deserialize)]
pub(super) struct PriceShape {
    id: String,
    currency: String,
    unit_amount: Option<i64>,
    #[serde(default)]
    currency_options: BTreeMap<String, PriceOption>,
}

#[derive(Deserialize)]
struct PriceOption {
    unit_amount: Option<i64>,
}

impl From<PriceShape> for PriceSeen {
    fn from(price: PriceShape) -> Self {
        let own = (price.currency, price.unit_amount);
        let others = price.currency_options.into_iter().map(|(c, option)| (c, option.unit_amount));
        let mut amounts: Vec<Money> = Vec::new();
        for (currency, amount) in std::iter::once(own).chain(others) {
            if let (Ok(currency), Some(amount)) = (Currency::parse(&currency), amount)
                && amounts.iter().all(|known| known.currency != currency)
            {
                amounts.push(Money::new(amount, currency));
            }
        }
        Self { id: price.id, amounts }
    }
}

#[derive(Deserialize)]
pub(super) struct CheckoutShape {
    id: String,
    status: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    subscription: Option<String>,
    #[serde(default)]
    pub metadata: HashMap<String, String>,
}

impl TryFrom<CheckoutShape> for CheckoutSeen {
    type Error = StripeError;

    fn try_from(session: CheckoutShape) -> Result<Self, StripeError> {
        let state = match (session.status.as_str(), session.subscription) {
            ("open", _) => CheckoutState::Open,
            ("expired", _) => CheckoutState::Expired,
            ("complete", Some(subscription)) => CheckoutState::Complete(subscription),
            (other, _) => return Err(StripeError::unknown(format!("a checkout page that is {other}"))),
        };
        Ok(Self { id: session.id, url: session.url, state })
    }
}

#[derive(Deserialize)]
pub(super) struct SubscriptionShape {
    id: String,
    status: String,
    items: List<Item>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    cancel_at: Option<i64>,
    #[serde(default)]
    cancel_at_period_end: bool,
    #[serde(default)]
    ended_at: Option<i64>,
}

#[derive(Deserialize)]
struct Item {
    current_period_start: i64,
    current_period_end: i64,
}

fn moment(second: i64) -> Result<Timestamp, StripeError> {
    Timestamp::from_second(second).map_err(StripeError::unknown)
}

impl TryFrom<SubscriptionShape> for SubscriptionSeen {
    type Error = StripeError;

    fn try_from(shape: SubscriptionShape) -> Result<Self, StripeError> {
        let state = match shape.status.as_str() {
            "incomplete" => SubscriptionState::Incomplete,
            "incomplete_expired" => SubscriptionState::Expired,
            "active" | "trialing" => SubscriptionState::Active,
            "past_due" | "unpaid" | "paused" => SubscriptionState::PastDue,
            "canceled" => SubscriptionState::Canceled,
            other => return Err(StripeError::unknown(format!("a subscription that is {other}"))),
        };
        let Some(item) = shape.items.data.first() else {
            return Err(StripeError::unknown("a subscription without an item"));
        };
        let (period_start, period_end) =
            (moment(item.current_period_start)?, moment(item.current_period_end)?);
        // Newer ways of billing say when it ends; older ones only that it ends with its period.
        let ends_at = match shape.cancel_at {
            Some(at) => Some(moment(at)?),
            None => shape.cancel_at_period_end.then_some(period_end),
        };
        Ok(Self {
            ours: shape.metadata.get(SUBSCRIPTION).and_then(|id| SubscriptionId::parse(id).ok()),
            id: shape.id,
            state,
            period_start,
            period_end,
            ends_at,
            ended_at: shape.ended_at.map(moment).transpose()?,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct InvoiceShape {
    id: String,
    amount_paid: i64,
    currency: String,
    lines: List<Line>,
    status_transitions: Transitions,
    payments: List<Payment>,
}

#[derive(Deserialize)]
struct Line {
    period: Period,
}

#[derive(Deserialize)]
struct Period {
    start: i64,
    end: i64,
}

#[derive(Deserialize)]
struct Transitions {
    paid_at: Option<i64>,
}

#[derive(Deserialize)]
struct Payment {
    status: String,
    payment: PaidBy,
}

#[derive(Deserialize)]
struct PaidBy {
    payment_intent: Option<String>,
}

impl InvoiceShape {
    /// `None` for one that no card of ours paid: of nothing, or marked as paid by hand.
    pub(super) fn paid(self) -> Result<Option<PaidInvoice>, StripeError> {
        let by = self.payments.data.into_iter().find(|payment| payment.status == "paid");
        let intent = by.and_then(|payment| payment.payment.payment_intent);
        let (Some(intent), Some(line)) = (intent, self.lines.data.into_iter().next()) else {
            return Ok(None);
        };
        let currency = Currency::parse(&self.currency).map_err(StripeError::unknown)?;
        Ok(Some(PaidInvoice {
            id: self.id,
            paid: Money::new(self.amount_paid, currency),
            period_start: moment(line.period.start)?,
            period_end: moment(line.period.end)?,
            paid_at: moment(self.status_transitions.paid_at.unwrap_or(line.period.start))?,
            intent,
        }))
    }
}

#[derive(Deserialize)]
pub(super) struct PaidIntent {
    pub latest_charge: Option<Expandable<PaidCharge>>,
}

#[derive(Deserialize)]
pub(super) struct PaidCharge {
    pub id: String,
    pub balance_transaction: Option<Expandable<Movement>>,
    pub refunds: List<RefundShape>,
}

#[derive(Deserialize)]
pub(super) struct Movement {
    pub fee: i64,
}

#[derive(Deserialize)]
pub(super) struct RefundShape {
    pub id: String,
    pub amount: i64,
    pub status: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Portal {
    pub url: String,
}

#[derive(Deserialize)]
pub(super) struct Product {}
