//! Looks at subscriptions that nobody has told us of: a renewal that is due for too long ends the entitlement, a page
//! that has closed is abandoned, a wish that Stripe has not confirmed is asked for again, and what Stripe's lost events
//! would have told is read from Stripe.

use std::time::{Duration, Instant};

use lectern_domain::payments::Subscription;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::billing::{self, BillingError, Hint, now};
use crate::services::{Payments, STRIPE};
use crate::store::subscriptions::{self, Save};

/// Subscriptions that one run looks at; the next run goes on.
const BATCH: i64 = 50;
/// When a run stops beginning with another one, below the function's 55 s.
const TIME: Duration = Duration::from_secs(25);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::schedule("expire-past-due-subscriptions", "RelayRate", expire_past_due_subscriptions)
        .summary("End what is past due for too long, and look up at Stripe what nobody has told")
        .needs(&[Need::Database, Need::Bus, STRIPE])
}

async fn expire_past_due_subscriptions(cx: Cx<Payments>) -> Result<(), Fault> {
    let started = Instant::now();
    let mut failed: u64 = 0;
    for subscription in subscriptions::due(&cx.base.db, now(&cx), BATCH).await? {
        if started.elapsed() > TIME {
            break;
        }
        let id = subscription.id;
        match look(&cx, subscription).await {
            Ok(()) => {}
            Err(error @ BillingError::Database(_)) => return Err(error.into()),
            // One that can't be looked at doesn't keep the others waiting.
            Err(error) => {
                tracing::error!(subscription = %id, cause = %error, "the subscription can't be looked at");
                failed += 1;
            }
        }
    }
    if failed > 0 {
        metrics::count(crate::CONTEXT, "SubscriptionsUnfinished", failed);
    }
    Ok(())
}

async fn look(cx: &Cx<Payments>, subscription: Subscription) -> Result<(), BillingError> {
    let followed = match billing::follow(cx, subscription.clone(), Hint::default()).await {
        Ok(followed) => followed,
        Err(error @ BillingError::Stripe(_)) => {
            // Nobody is entitled for longer because Stripe is silent.
            pass(cx, subscription).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    billing::end(cx, followed).await.map(drop)
}

async fn pass(cx: &Cx<Payments>, mut subscription: Subscription) -> Result<(), BillingError> {
    let events = cx.seal(subscription.pass(now(cx)));
    if events.is_empty() {
        return Ok(());
    }
    let save = Save { events: &events, ..Save::default() };
    if subscriptions::update(&cx.base.db, &subscription, save, now(cx)).await? {
        cx.base.publish(&events).await;
    }
    Ok(())
}
