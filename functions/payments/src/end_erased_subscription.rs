//! Ends the subscription of somebody who was erased: at once, without giving anything back, at Stripe and here. A page
//! that is not paid yet is closed. What stays are ids, times and amounts, as of every payment.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::payments::SubscriptionStatus;
use lectern_runtime::{Cx, Fault, Need, UseCase};

use crate::billing::{self, BillingError, Hint, now};
use crate::services::{Payments, STRIPE};
use crate::store::subscriptions::{self, Save};

const NAME: &str = "end-erased-subscription";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::consumer(NAME, &["user.erased"], end_erased_subscription)
        .summary("End an erased user's subscription at once")
        .needs(&[Need::Database, Need::Bus, STRIPE])
}

async fn end_erased_subscription(cx: Cx<Payments>, event: Envelope) -> Result<(), Fault> {
    let user = UserId(event.aggregate.id);
    // To end what is over changes nothing, so the event may come as often as it likes.
    let Some(live) = subscriptions::live_of(&cx.base.db, user).await? else { return Ok(()) };
    if live.status == SubscriptionStatus::Pending {
        billing::close_page(&cx, &live).await.map_err(Fault::from)?;
    }
    let mut left = billing::follow(&cx, live, Hint::default()).await.map_err(Fault::from)?;
    if let Some(stripe_id) = left.stripe_subscription_id.clone().filter(|_| left.status.is_live()) {
        cx.stripe.billing().end_now(&stripe_id).await?;
        left = billing::follow(&cx, left, Hint::default()).await.map_err(Fault::from)?;
    }
    if left.status == SubscriptionStatus::Pending {
        // A page was never made: a request that is under way can't save one any more.
        left.abandon();
        if !subscriptions::update(&cx.base.db, &left, Save::default(), now(&cx)).await? {
            return Err(BillingError::Contended.into());
        }
    }
    if left.status.is_live() {
        return Err(Fault::transient("the subscription is not over yet: later"));
    }
    tracing::info!(use_case = NAME, event_id = %event.id, "subscription ended");
    Ok(())
}
