//! What becomes of a refund after Stripe has taken it: it can fail when the payer's bank sends the money back.

use jiff::Timestamp;
use serde_json::json;

use super::ledger::{Account, PostingKind};
use super::operation::{OperationKind, OperationState, Outcome};
use super::payment::{Changes, Payment};

/// A refund as read from Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSeen {
    /// Stripe's id.
    pub id: String,
    /// The idempotency key under which we asked for it, if it was us.
    pub key: Option<String>,
    /// Why it failed, if it has.
    pub failure: Option<String>,
}

impl Payment {
    /// Follows what Stripe says about a refund. One that has failed is owed to the payer still: it stays decided, the
    /// money is ours again, and a person has to find a way (ask for the same refund again, or another way).
    pub fn observe_refund(&mut self, seen: &RefundSeen, now: Timestamp) -> Changes {
        let (id, currency) = (self.id, self.currency);
        let mut refunds = self.operations.iter_mut().filter(|o| o.kind == OperationKind::Refund);
        let attempt_in = |o: &super::operation::Operation| {
            let named = seen.key.as_deref().and_then(|key| o.attempt_of(id, key));
            named.or((o.stripe_id.as_ref() == Some(&seen.id)).then_some(o.attempt))
        };
        let found = refunds.find_map(|o| attempt_in(o).map(|attempt| (o, attempt)));
        let Some((refund, attempt)) = found else { return Changes::default() };
        let is_present = attempt == refund.attempt && attempt > refund.undone;
        let (is_open, is_done) = (refund.is_open(), refund.state == OperationState::Done);
        let Some(reason) = seen.failure.as_deref() else {
            // Heard of before our own call's answer.
            let call = refund.call(id, now);
            let outcome = Outcome::Done { stripe_id: seen.id.clone() };
            return if is_open && is_present {
                self.settle(&call, &outcome, now)
            } else {
                Changes::default()
            };
        };
        if !is_present || !(is_open || is_done && refund.stripe_id.as_ref() == Some(&seen.id)) {
            return Changes::default();
        }
        refund.undo(reason, now);
        let (name, amount) = (refund.reference.clone(), refund.amount);
        let mut changes = Changes::default();
        if is_done {
            let moves = [(Account::StripeBalance, Account::Refunds, amount)];
            changes.post(PostingKind::RefundFailed, &format!("{name}~{attempt}"), &moves);
        }
        let money = crate::money::Money::new(amount, currency);
        let data = json!({ "refundId": name, "amount": money, "reason": reason });
        changes.events.push(self.event("payment.refund_failed", data));
        changes.extend(self.void_refund(&name));
        changes
    }
}
