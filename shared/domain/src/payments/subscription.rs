//! A user's subscription to a plan, from the checkout page to its end (product.md, Subscription).
//!
//! ```text
//! pending -> active <-> past_due -> cancelled
//!    \-> abandoned        \-> (7 days) past due still, and no longer entitled
//! ```
//!
//! What is paid, when and with which card is Stripe Billing's. The subscription follows what Stripe says it is
//! ([`Subscription::observe`]): late, twice and in any order, with the same result.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::NewEvent;
use crate::id::UserId;
use crate::money::{Currency, Money};
use crate::time::Instant;

/// Stripe forgets a key after 24 h. What is older is looked up before it is sent again.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(23);

crate::id_type!(
    /// A subscription.
    SubscriptionId
);

crate::words! {
    /// What is subscribed to.
    pub enum Plan {
        /// The entitlement `pro`.
        Pro = "pro",
    }
}

crate::words! {
    /// How often it is paid.
    pub enum BillingPeriod {
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Yearly = "yearly",
    }
}

crate::words! {
    /// How a subscription stands.
    pub enum SubscriptionStatus {
        /// It is to be paid for the first time, on Stripe's page.
        Pending = "pending",
        /// Paid.
        Active = "active",
        /// A renewal is not paid.
        PastDue = "past_due",
        /// Over.
        Cancelled = "cancelled",
        /// Nobody has paid the first time.
        Abandoned = "abandoned",
    }
}

impl SubscriptionStatus {
    /// Whether it counts as the one that a user can have.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::PastDue)
    }
}

/// What Stripe calls a subscription's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// The first invoice is not paid yet.
    Incomplete,
    /// The first invoice was not paid in time.
    Expired,
    /// Paid, or on trial.
    Active,
    /// A renewal is not paid, whether it is tried again or not.
    PastDue,
    /// Over.
    Canceled,
}

/// A subscription as read from Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionSeen {
    /// Stripe's id.
    pub id: String,
    /// Our id, as we wrote it there.
    pub ours: Option<SubscriptionId>,
    /// How it stands.
    pub state: SubscriptionState,
    /// First moment of the present period.
    pub period_start: Timestamp,
    /// First moment after it.
    pub period_end: Timestamp,
    /// When it ends, if that is decided.
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The plan.
    pub plan: Plan,
    /// How often it is paid.
    pub period: BillingPeriod,
    /// What one period costs.
    pub price: Money,
}

/// What the checkout page is made with: frozen, like everything that an idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutTerms {
    /// The payer at Stripe.
    pub customer: String,
    /// The price at Stripe.
    pub price: String,
    /// How long the page can be paid on.
    pub life: SignedDuration,
}

/// See the module. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Our id; what is made at Stripe carries it.
    pub id: SubscriptionId,
    /// Whose.
    pub user_id: UserId,
    /// What is subscribed to.
    pub plan: Plan,
    /// How often it is paid.
    pub period: BillingPeriod,
    /// Currency of the amount.
    pub currency: Currency,
    /// What one period costs.
    pub amount: i64,
    /// State.
    pub status: SubscriptionStatus,
    /// Number of the next try to make the checkout page; advances only after a known failure, or for another page.
    pub attempt: i32,
    /// Since when the present attempt may have been sent.
    pub since: Instant,
    /// The payer at Stripe.
    pub stripe_customer_id: String,
    /// The price at Stripe.
    pub stripe_price_id: String,
    /// The checkout page, once it is made.
    pub checkout_id: Option<String>,
    /// Where it is; only as long as it can be paid on.
    pub checkout_url: Option<String>,
    /// When it closes.
    pub checkout_expires_at: Instant,
    /// Stripe's id, once it is paid.
    pub stripe_subscription_id: Option<String>,
    /// First moment of the present period.
    pub period_start: Option<Instant>,
    /// First moment after it.
    pub period_end: Option<Instant>,
    /// It was asked to end, and Stripe has not confirmed that yet.
    pub cancel_requested: bool,
    /// When it ends, if that is decided.
    pub ends_at: Option<Instant>,
    /// Since when a renewal is due.
    pub past_due_since: Option<Instant>,
    /// How long a renewal may be due: the policy when it was made.
    pub grace_seconds: i64,
    /// What the last event said of the entitlement.
    pub entitled: bool,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Number of the last event.
    pub sequence: i64,
    /// Rises with every change.
    pub revision: i64,
}

/// Why a subscription can't do what it was asked to. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// What was seen at Stripe is not this subscription.
    #[error("the subscription at Stripe is not this one")]
    Another,
    /// Not in this state.
    #[error("the subscription is {}", .0.as_str())]
    WrongState(SubscriptionStatus),
}

impl Subscription {
    /// A new one, whose checkout page is still to be made.
    pub fn new(
        id: SubscriptionId,
        user_id: UserId,
        terms: Terms,
        checkout: CheckoutTerms,
        grace: SignedDuration,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id,
            plan: terms.plan,
            period: terms.period,
            currency: terms.price.currency,
            amount: terms.price.amount,
            status: SubscriptionStatus::Pending,
            attempt: 1,
            since: now.into(),
            stripe_customer_id: checkout.customer,
            stripe_price_id: checkout.price,
            checkout_id: None,
            checkout_url: None,
            checkout_expires_at: whole_seconds(now + checkout.life),
            stripe_subscription_id: None,
            period_start: None,
            period_end: None,
            cancel_requested: false,
            ends_at: None,
            past_due_since: None,
            grace_seconds: grace.as_secs(),
            entitled: false,
            ended_at: None,
            sequence: 0,
            revision: 0,
        }
    }

    /// What one period costs.
    pub const fn price(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Key of the call that makes the checkout page.
    pub fn checkout_key(&self) -> String {
        format!("{}:checkout:{}", self.id, self.attempt)
    }

    /// Whether the page may have been made so long ago that Stripe has forgotten its key.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.since.get()) >= KEY_LIFE
    }

    /// Whether it is a page for these terms that can be paid on for a while yet.
    pub fn offers(&self, terms: &Terms, checkout: &CheckoutTerms, until: Timestamp) -> bool {
        self.status == SubscriptionStatus::Pending
            && !self.cancel_requested
            && (self.plan, self.period, self.price()) == (terms.plan, terms.period, terms.price)
            && (&self.stripe_customer_id, &self.stripe_price_id) == (&checkout.customer, &checkout.price)
            && self.checkout_expires_at.get() > until
    }

    /// The page is made.
    pub fn opened(&mut self, checkout_id: String, url: Option<String>) {
        if self.status == SubscriptionStatus::Pending {
            self.checkout_id = Some(checkout_id);
            self.checkout_url = url;
        }
    }

    /// Stripe has refused to make the page, or it can't be paid on any more: another is made, for these terms.
    pub fn offer_again(
        &mut self,
        terms: Terms,
        checkout: CheckoutTerms,
        now: Timestamp,
    ) -> Result<(), SubscriptionError> {
        if self.status != SubscriptionStatus::Pending {
            return Err(SubscriptionError::WrongState(self.status));
        }
        self.plan = terms.plan;
        self.period = terms.period;
        self.currency = terms.price.currency;
        self.amount = terms.price.amount;
        self.stripe_customer_id = checkout.customer;
        self.stripe_price_id = checkout.price;
        self.attempt += 1;
        self.since = now.into();
        self.checkout_id = None;
        self.checkout_url = None;
        self.checkout_expires_at = whole_seconds(now + checkout.life);
        self.cancel_requested = false;
        Ok(())
    }

    /// Stripe has refused to make the page: the next try has another key.
    pub fn refused(&mut self, now: Timestamp) {
        if self.status == SubscriptionStatus::Pending && self.checkout_id.is_none() {
            self.attempt += 1;
            self.since = now.into();
        }
    }

    /// Nobody can pay on the page any more, and nobody has.
    pub fn abandon(&mut self) {
        if self.status == SubscriptionStatus::Pending && self.stripe_subscription_id.is_none() {
            self.status = SubscriptionStatus::Abandoned;
            self.cancel_requested = false;
            self.checkout_url = None;
        }
    }

    /// It is to end: with its period, or at once while it is not paid. Whether Stripe has to be asked.
    pub fn cancel(&mut self) -> Result<bool, SubscriptionError> {
        if !self.status.is_live() {
            return Err(SubscriptionError::WrongState(self.status));
        }
        self.cancel_requested = self.ends_at.is_none();
        Ok(self.cancel_requested)
    }

    /// Whether its owner has what it grants: while it is paid, and for a while after.
    pub fn entitled_at(&self, now: Timestamp) -> bool {
        match self.status {
            SubscriptionStatus::Active => true,
            SubscriptionStatus::PastDue => self.entitled_until().is_some_and(|until| now < until.get()),
            _ => false,
        }
    }

    /// When the entitlement ends unless the renewal is paid.
    pub fn entitled_until(&self) -> Option<Instant> {
        let grace = SignedDuration::from_secs(self.grace_seconds);
        let since = self.past_due_since.filter(|_| self.status == SubscriptionStatus::PastDue)?;
        since.get().checked_add(grace).ok().map(Into::into)
    }

    /// Follows what Stripe says it is. What it was is over.
    pub fn observe(
        &mut self,
        seen: &SubscriptionSeen,
        now: Timestamp,
    ) -> Result<Vec<NewEvent>, SubscriptionError> {
        let known = self.stripe_subscription_id.as_ref();
        if seen.ours != Some(self.id) || known.is_some_and(|known| *known != seen.id) {
            return Err(SubscriptionError::Another);
        }
        if self.status == SubscriptionStatus::Cancelled {
            return Ok(Vec::new());
        }
        let before = self.status;
        self.stripe_subscription_id = Some(seen.id.clone());
        self.period_start = Some(seen.period_start.into());
        self.period_end = Some(seen.period_end.into());
        self.ends_at = seen.ends_at.map(Into::into);
        if self.ends_at.is_some() {
            self.cancel_requested = false;
        }
        match seen.state {
            SubscriptionState::Incomplete => {}
            SubscriptionState::Expired => self.status = SubscriptionStatus::Abandoned,
            SubscriptionState::Active => self.status = SubscriptionStatus::Active,
            SubscriptionState::PastDue => {
                // Due since its period began, whenever we hear of it. A later period doesn't begin it anew.
                if self.past_due_since.is_none() {
                    self.past_due_since = Some(seen.period_start.into());
                }
                self.status = SubscriptionStatus::PastDue;
            }
            SubscriptionState::Canceled => {
                self.status = SubscriptionStatus::Cancelled;
                self.ended_at = Some(seen.ended_at.unwrap_or(now).into());
                self.cancel_requested = false;
            }
        }
        if self.status != SubscriptionStatus::PastDue {
            self.past_due_since = None;
        }
        if self.status != SubscriptionStatus::Pending {
            self.checkout_url = None;
        }
        Ok(self.told(before, now))
    }

    /// Time has gone by: a renewal may be due for too long.
    pub fn pass(&mut self, now: Timestamp) -> Vec<NewEvent> {
        self.told(self.status, now)
    }

    /// The event of a change of the state or of the entitlement, if there was one.
    fn told(&mut self, before: SubscriptionStatus, now: Timestamp) -> Vec<NewEvent> {
        let entitled = self.entitled_at(now);
        if before == self.status && entitled == self.entitled {
            return Vec::new();
        }
        self.entitled = entitled;
        let kind = match self.status {
            SubscriptionStatus::Active => "subscription.activated",
            SubscriptionStatus::PastDue => "subscription.past_due",
            SubscriptionStatus::Cancelled => "subscription.cancelled",
            // Nothing was granted, so nothing is told.
            SubscriptionStatus::Pending | SubscriptionStatus::Abandoned => return Vec::new(),
        };
        vec![self.event(kind)]
    }

    fn event(&mut self, kind: &'static str) -> NewEvent {
        self.sequence += 1;
        let mut data = json!({
            "subscriptionId": self.id, "userId": self.user_id, "plan": self.plan, "period": self.period,
            // The entitlement that the plan grants has its name.
            "entitlement": self.plan, "entitled": self.entitled, "periodEnd": self.period_end,
        });
        let more = match self.status {
            SubscriptionStatus::PastDue => Some(("entitledUntil", json!(self.entitled_until()))),
            SubscriptionStatus::Cancelled => Some(("endedAt", json!(self.ended_at))),
            _ => None,
        };
        if let (Value::Object(members), Some((name, value))) = (&mut data, more) {
            members.insert(name.to_owned(), value);
        }
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "subscription",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}

/// Stripe counts in seconds: the moment that it is told is the one that we keep.
fn whole_seconds(at: Timestamp) -> Instant {
    Timestamp::from_second(at.as_second()).unwrap_or(at).into()
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
