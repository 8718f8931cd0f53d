//! Subscriptions and what Stripe says of them.
//!
//! Whatever leads here (a request, an event of Stripe's, the sweep) only means "look": the subscription, its page and
//! its invoices are read from Stripe, and ours follows. So events can come late, twice, in any order or never, and the
//! result is the same. Invoices are booked before the state is saved: should we be stopped in between, the next look
//! finds them booked.

use jiff::Timestamp;
use lectern_domain::payments::{CheckoutTerms, Subscription, SubscriptionError, SubscriptionStatus, Terms};
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Fault, Problem, metrics, problem};

use crate::customers::CustomerError;
use crate::services::Payments;
use crate::store::subscriptions::{self, Save};
use crate::stripe::{CheckoutSeen, CheckoutState, StripeError};

/// How often a decision is made anew because somebody else was faster.
const TRIES_MAX: usize = 6;

/// Why a subscription could not be followed or changed.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The database can't be reached, or refuses.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Stripe can't be reached, or refuses.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// There is no customer at Stripe.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// Others were faster, again and again.
    #[error("the subscription is being changed by others")]
    Contended,
    /// Nothing is sold yet: `ensure-billing-catalogue` has not run.
    #[error("nothing is sold yet: ensure-billing-catalogue must run")]
    NothingSold,
}

impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Database(error) => error.into(),
            BillingError::Stripe(error) => error.into(),
            BillingError::Customer(error) => error.into(),
            BillingError::Contended | BillingError::NothingSold => Self::unavailable(error),
        }
    }
}

impl From<BillingError> for Fault {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Database(error) => error.into(),
            BillingError::Stripe(error) => error.into(),
            BillingError::Customer(error) => error.into(),
            BillingError::Contended | BillingError::NothingSold => Self::transient(error),
        }
    }
}

/// The moment. Not the call's beginning: Stripe may have taken its time.
pub fn now(cx: &Cx<Payments>) -> Timestamp {
    cx.base.kit.clock.now()
}

/// Where somebody saw that there is something to look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint<'a> {
    /// Stripe's id of the subscription.
    pub subscription: Option<&'a str>,
    /// A charge of which something was given back.
    pub charge: Option<&'a str>,
}

/// Looks at Stripe, and follows. Gives the subscription as it is saved then.
pub async fn follow(
    cx: &Cx<Payments>,
    mut subscription: Subscription,
    hint: Hint<'_>,
) -> Result<Subscription, BillingError> {
    for _ in 0..TRIES_MAX {
        let mut after = subscription.clone();
        let events = match at_stripe(cx, &subscription, hint).await? {
            AtStripe::Nothing => Vec::new(),
            AtStripe::Closed => {
                after.abandon();
                Vec::new()
            }
            AtStripe::Made(stripe_id) => {
                let seen = cx.stripe.billing().subscription(&stripe_id).await?;
                match after.observe(&seen, now(cx)) {
                    Ok(events) => {
                        book_invoices(cx, &after, &stripe_id, hint.charge).await?;
                        events
                    }
                    Err(error) => return Ok(tell_a_person(subscription, &stripe_id, error)),
                }
            }
        };
        let events = cx.seal(events);
        let save = Save { events: &events, ..Save::default() };
        match subscriptions::update(&cx.base.db, &after, save, now(cx)).await {
            Ok(true) => {
                cx.base.publish(&events).await;
                after.revision += 1;
                return Ok(after);
            }
            Ok(false) => {}
            // Its user has another one by now: this one should never have been paid.
            Err(error) if error.is_constraint("subscriptions_live") => {
                let stripe_id = after.stripe_subscription_id.clone().unwrap_or_default();
                return Ok(tell_a_person(subscription, &stripe_id, SubscriptionError::Another));
            }
            Err(error) => return Err(error.into()),
        }
        let again = subscriptions::by_id(&cx.base.db, subscription.id).await?;
        subscription = again.ok_or(BillingError::Contended)?;
    }
    Err(BillingError::Contended)
}

/// What is to be looked at.
enum AtStripe {
    /// A page that nobody has paid on yet.
    Nothing,
    /// A page that nobody can pay on any more.
    Closed,
    /// A subscription.
    Made(String),
}

async fn at_stripe(
    cx: &Cx<Payments>,
    subscription: &Subscription,
    hint: Hint<'_>,
) -> Result<AtStripe, BillingError> {
    let known = subscription.stripe_subscription_id.as_deref().or(hint.subscription);
    if let Some(stripe_id) = known {
        return Ok(AtStripe::Made(stripe_id.to_owned()));
    }
    if subscription.status != SubscriptionStatus::Pending {
        return Ok(AtStripe::Nothing);
    }
    let page = match &subscription.checkout_id {
        Some(id) => Some(cx.stripe.billing().checkout(id).await?),
        None => cx.stripe.billing().find_checkout(subscription).await?,
    };
    Ok(match page.map(|page| page.state) {
        Some(CheckoutState::Complete(stripe_id)) => AtStripe::Made(stripe_id),
        Some(CheckoutState::Open) => AtStripe::Nothing,
        Some(CheckoutState::Expired) => AtStripe::Closed,
        // Never made. As long as it still could be, somebody may be about to.
        None if subscription.checkout_expires_at.get() > now(cx) => AtStripe::Nothing,
        None => AtStripe::Closed,
    })
}

/// Books the paid invoices that are not booked yet, or without their fee, and the one of a charge that has changed.
async fn book_invoices(
    cx: &Cx<Payments>,
    subscription: &Subscription,
    stripe_id: &str,
    charge: Option<&str>,
) -> Result<(), BillingError> {
    let booked = subscriptions::booked(&cx.base.db, subscription.id).await?;
    for invoice in cx.stripe.billing().paid_invoices(stripe_id).await? {
        let known = booked.get(&invoice.id);
        if known.is_some_and(|known| known.with_fee && Some(known.charge.as_str()) != charge) {
            continue;
        }
        let seen = cx.stripe.billing().invoice(invoice).await?;
        subscriptions::book(cx, subscription, &seen).await?;
    }
    Ok(())
}

/// A subscription at Stripe that isn't the one that its user has: nobody should pay for both.
fn tell_a_person(ours: Subscription, stripe_id: &str, error: SubscriptionError) -> Subscription {
    tracing::error!(subscription = %ours.id, stripe_id, cause = %error, "two subscriptions of one user");
    metrics::count(crate::CONTEXT, "SubscriptionsParked", 1);
    ours
}

/// Asks Stripe for the page of a pending subscription, with the key of its attempt; what an attempt did whose answer
/// was lost is found again. A refusal is noted: the next try has another key.
pub async fn open_page(cx: &Cx<Payments>, of: &mut Subscription) -> Result<CheckoutSeen, BillingError> {
    let billing = cx.stripe.billing();
    let stale = of.is_stale(now(cx));
    if stale && let Some(found) = billing.find_checkout(of).await? {
        return Ok(found);
    }
    let error = match billing.open_checkout(of, &cx.return_urls()).await {
        Ok(page) => return Ok(page),
        // Stripe is through with it and will only ever repeat its own failure: what it did, if anything, is there.
        Err(error @ StripeError::Unknown { ended: true, .. }) => match billing.find_checkout(of).await? {
            Some(found) => return Ok(found),
            None => StripeError::not_done(&error),
        },
        Err(error @ StripeError::Unknown { .. }) => return Err(error.into()),
        Err(error) => error,
    };
    let mut after = of.clone();
    after.refused(now(cx));
    if subscriptions::update(&cx.base.db, &after, Save::default(), now(cx)).await? {
        after.revision += 1;
        *of = after;
    }
    Err(error.into())
}

/// Closes the page of a pending subscription, so that nobody can pay on it any more, and says how it ended: a payer
/// may have been faster.
pub async fn close_page(cx: &Cx<Payments>, of: &Subscription) -> Result<CheckoutState, BillingError> {
    let billing = cx.stripe.billing();
    let page = match &of.checkout_id {
        Some(id) => Some(billing.expire_checkout(id).await?),
        None => match billing.find_checkout(of).await? {
            Some(found) => Some(billing.expire_checkout(&found.id).await?),
            None => None,
        },
    };
    Ok(page.map_or(CheckoutState::Expired, |page| page.state))
}

/// Asks Stripe for what was requested: to end with the period, or not to be paid on any more.
pub async fn end(cx: &Cx<Payments>, subscription: Subscription) -> Result<Subscription, BillingError> {
    if !subscription.cancel_requested {
        return Ok(subscription);
    }
    let subscription = match subscription.status {
        SubscriptionStatus::Pending => {
            close_page(cx, &subscription).await?;
            follow(cx, subscription, Hint::default()).await?
        }
        _ => subscription,
    };
    // The payer was faster than the page was closed: then it ends with the period that was paid.
    let Some(stripe_id) = subscription.stripe_subscription_id.clone() else { return Ok(subscription) };
    if !subscription.cancel_requested || !subscription.status.is_live() {
        return Ok(subscription);
    }
    cx.stripe.billing().end_with_period(&stripe_id).await?;
    follow(cx, subscription, Hint::default()).await
}

/// What a page is to be made with.
pub fn checkout_terms(
    cx: &Cx<Payments>,
    customer: String,
    price: Option<&String>,
) -> Result<CheckoutTerms, BillingError> {
    let price = price.cloned().ok_or(BillingError::NothingSold)?;
    Ok(CheckoutTerms { customer, price, life: cx.subscriptions.checkout_life })
}

/// The name of a price in the catalogue.
pub fn price_name(terms: &Terms) -> String {
    format!("price:{}", terms.period)
}

/// The name of the portal's configuration in the catalogue.
pub const PORTAL: &str = "portal";

/// Two requests of one user at once: what the first has done decides.
pub fn contended() -> Problem {
    Problem::new(&problem::CONCURRENT_CHANGE)
        .detail("Another request of yours is subscribing at this moment.")
}
