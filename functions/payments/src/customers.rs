//! Users as Stripe's customers.
//!
//! A user has at most one. It is made when it is first needed, and found again when the answer was lost. Should one be
//! lost all the same (Stripe's index is a minute behind), it is an orphan that holds nothing but the user's id, and is
//! deleted with the user.

use lectern_domain::id::UserId;
use lectern_domain::payments::Customer;
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Fault, Problem, problem};

use crate::services::Payments;
use crate::store::customers;
use crate::stripe::{StripeError, Wallet};

/// Why there is no customer.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// The database can't be reached, or refuses.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Stripe can't be reached, or refuses.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// The user is erased.
    #[error("the user is erased")]
    Erased,
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Database(error) => error.into(),
            CustomerError::Stripe(error) => error.into(),
            CustomerError::Erased => Self::new(&problem::UNAUTHENTICATED).cause(error),
        }
    }
}

impl From<CustomerError> for Fault {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Database(error) => error.into(),
            CustomerError::Stripe(error) => error.into(),
            CustomerError::Erased => Self::bad_input(error),
        }
    }
}

/// Stripe's id of the user's customer, which is made when there is none. Two at once get the same. One round trip to
/// the database when there is one, two when it is made.
pub async fn ensure(cx: &Cx<Payments>, user: UserId) -> Result<String, CustomerError> {
    let now = cx.base.kit.clock.now();
    let mut customer = customers::put_or_load(&cx.base.db, &Customer::new(user, now), now).await?;
    if customer.closed_at.is_some() {
        return Err(CustomerError::Erased);
    }
    if let Some(stripe_id) = customer.stripe_customer_id {
        return Ok(stripe_id);
    }
    let stripe_id = match make(cx, &customer).await {
        Ok(stripe_id) => stripe_id,
        Err(error @ StripeError::Refused { .. }) => {
            customer.refused(now);
            customers::refused(&cx.base.db, &customer, now).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    if customers::made(&cx.base.db, user, &stripe_id, now).await? {
        return Ok(stripe_id);
    }
    // Either the user was erased meanwhile, or somebody was faster and got another one: this one is nobody's.
    cx.stripe.cards().delete_customer(&stripe_id).await?;
    let present = customers::of_user(&cx.base.db, user).await?;
    present.and_then(|customer| customer.stripe_customer_id).ok_or(CustomerError::Erased)
}

async fn make(cx: &Cx<Payments>, customer: &Customer) -> Result<String, StripeError> {
    let (cards, user) = (cx.stripe.cards(), customer.user_id);
    let find = async || Ok::<_, StripeError>(cards.customers_of(user).await?.into_iter().next());
    if customer.is_stale(cx.base.kit.clock.now())
        && let Some(found) = find().await?
    {
        return Ok(found);
    }
    match cards.create_customer(user, &customer.key()).await {
        // Stripe is through with it and will only ever repeat its own failure: what it did, if anything, is there.
        Err(error @ StripeError::Unknown { ended: true, .. }) => match find().await? {
            Some(found) => Ok(found),
            None => Err(StripeError::not_done(&error)),
        },
        made => made,
    }
}

/// The user's customer at Stripe and its cards, if there is one. One that Stripe has deleted is forgotten.
pub async fn wallet(cx: &Cx<Payments>, user: UserId) -> Result<Option<(String, Wallet)>, CustomerError> {
    let Some(customer) = customers::of_user(&cx.base.db, user).await? else { return Ok(None) };
    let Some(stripe_id) = customer.stripe_customer_id.clone() else { return Ok(None) };
    match cx.stripe.cards().wallet(&stripe_id).await? {
        Some(wallet) => Ok(Some((stripe_id, wallet))),
        None => {
            customers::gone(&cx.base.db, &customer, cx.base.kit.clock.now()).await?;
            Ok(None)
        }
    }
}

/// Stripe says that the user's customer isn't there any more: the next that is needed is made anew.
pub async fn forget(cx: &Cx<Payments>, user: UserId) -> Result<(), CustomerError> {
    if let Some(customer) = customers::of_user(&cx.base.db, user).await? {
        customers::gone(&cx.base.db, &customer, cx.base.kit.clock.now()).await?;
    }
    Ok(())
}

/// A customer with cards has one that is charged where nothing else is said: the newest, until the payer chooses.
/// Whatever has changed about the cards, in whatever order one hears of it, this puts it right.
pub async fn keep_a_default(cx: &Cx<Payments>, stripe_id: &str) -> Result<(), StripeError> {
    let cards = cx.stripe.cards();
    let Some(wallet) = cards.wallet(stripe_id).await? else { return Ok(()) };
    if wallet.default.is_some() {
        return Ok(());
    }
    match wallet.cards.first() {
        Some(newest) => cards.make_default(stripe_id, &newest.id).await,
        None => Ok(()),
    }
}

/// The user is erased: so is the customer, with all cards and subscriptions at Stripe, and every orphan of theirs.
/// Safe to be done again.
pub async fn erase(cx: &Cx<Payments>, user: UserId) -> Result<(), CustomerError> {
    let closed = customers::close(&cx.base.db, user, cx.base.kit.clock.now()).await?;
    if !closed.known {
        return Ok(());
    }
    let cards = cx.stripe.cards();
    let mut all = cards.customers_of(user).await?;
    all.extend(closed.stripe_id.filter(|known| !all.contains(known)));
    for stripe_id in all {
        cards.delete_customer(&stripe_id).await?;
    }
    Ok(())
}
