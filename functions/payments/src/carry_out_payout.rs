//! From a decision about a payout to Stripe and back; the same way as a payment's (see [`crate::carry_out`]).
//!
//! A payout is a row, posted and leased, before Stripe is asked for it. A crash between any two lines leaves either
//! nothing, or an open call that the sweep (`settle-payouts`) sends again with the same key.

use lectern_domain::payments::{
    Changes, Payout, PayoutCall, PayoutError, PayoutOutcome, PayoutSeen, PayoutStatus,
};
use lectern_runtime::{Cx, metrics};

use crate::carry_out::{CarryOutError, now};
use crate::services::Payments;
use crate::store::payouts::{self, Save};
use crate::stripe::StripeError;

/// How often a decision is made anew because somebody else was faster.
const TRIES_MAX: usize = 6;

/// Sends a call that was taken in hand and saved, and saves how it ended. Gives the payout as it is saved then.
pub async fn go_on(cx: &Cx<Payments>, payout: Payout, call: &PayoutCall) -> Result<Payout, CarryOutError> {
    let outcome = ask(cx, &payout, call).await;
    change(cx, payout, |payout| payout.settle(call, &outcome, now(cx))).await
}

/// Makes a decision about a payout and saves it, anew if somebody else was faster.
pub async fn change<D>(cx: &Cx<Payments>, mut payout: Payout, mut decide: D) -> Result<Payout, CarryOutError>
where
    D: FnMut(&mut Payout) -> Result<Changes, PayoutError>,
{
    for _ in 0..TRIES_MAX {
        let mut after = payout.clone();
        let changes = match decide(&mut after) {
            Ok(changes) => changes,
            Err(error) => {
                tracing::error!(payout = %payout.id, cause = %error, "what Stripe says does not fit");
                return Ok(payout);
            }
        };
        if after == payout {
            return Ok(payout);
        }
        let save = Save::new(cx, &after, changes, None);
        if payouts::update(&cx.base.db, &after, &save).await? {
            after.revision += 1;
            published(cx, &after, &save).await;
            return Ok(after);
        }
        payout = payouts::by_id(&cx.base.db, payout.id).await?.ok_or(CarryOutError::NoSuchPayout)?;
    }
    Err(CarryOutError::Contended)
}

/// Publishes what was saved, and counts what failed: many at once are for a person to look at.
pub async fn published(cx: &Cx<Payments>, payout: &Payout, save: &Save<'_>) {
    if payout.status == PayoutStatus::Failed && !save.events.is_empty() {
        tracing::warn!(payout = %payout.id, code = payout.failure_code, "a payout has failed");
        metrics::count(crate::CONTEXT, "PayoutsFailed", 1);
    }
    cx.base.publish(&save.events).await;
}

async fn ask(cx: &Cx<Payments>, payout: &Payout, call: &PayoutCall) -> PayoutOutcome {
    let asked = if call.stale {
        look_for(cx, payout, call).await
    } else {
        match cx.connect.make_payout(payout, call).await {
            // Stripe is through with it and will only ever repeat its own failure: what it made, if anything, is there.
            Err(StripeError::Unknown { ended: true, .. }) => look_for(cx, payout, call).await,
            Err(error @ StripeError::Unknown { .. }) => Err(error),
            Err(error) => {
                tracing::warn!(key = call.key, cause = %error, "Stripe has refused a payout");
                return PayoutOutcome::Refused { code: error.code().to_owned() };
            }
            Ok(made) => Ok(Some(made)),
        }
    };
    match asked {
        Ok(Some(made)) => PayoutOutcome::Made(made),
        Ok(None) => PayoutOutcome::Refused { code: "not_done".to_owned() },
        Err(error) => {
            tracing::warn!(key = call.key, cause = %error, "nobody knows what became of a payout");
            PayoutOutcome::Unknown
        }
    }
}

async fn look_for(
    cx: &Cx<Payments>,
    payout: &Payout,
    call: &PayoutCall,
) -> Result<Option<PayoutSeen>, StripeError> {
    cx.connect.find_payout(payout, call).await
}
