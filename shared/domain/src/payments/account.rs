//! A tutor's account at Stripe, to which the tutor's share is transferred.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::event::NewEvent;
use crate::id::UserId;

/// What Stripe says about a connected account at the moment it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSeen {
    /// Stripe's id.
    pub id: String,
    /// The capability `transfers` is active.
    pub transfers_active: bool,
    /// Stripe pays out to the owner's bank.
    pub payouts_enabled: bool,
}

/// See the module. Its id is the tutor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutAccount {
    /// Whose.
    pub tutor_id: UserId,
    /// Stripe's id, once it is made.
    pub stripe_account_id: Option<String>,
    /// Number of the next try to make it; advances only after a known failure.
    pub attempt: i32,
    /// Stripe transfers to it.
    pub transfers_active: bool,
    /// Stripe pays out from it.
    pub payouts_enabled: bool,
    /// It has been ready once: that is announced once.
    pub announced: bool,
    /// Number of the last event; 0 before the first.
    pub sequence: i64,
    /// Rises with every change.
    pub revision: i64,
}

impl PayoutAccount {
    /// Not made yet.
    pub fn new(tutor_id: UserId) -> Self {
        Self {
            tutor_id,
            stripe_account_id: None,
            attempt: 1,
            transfers_active: false,
            payouts_enabled: false,
            announced: false,
            sequence: 0,
            revision: 0,
        }
    }

    /// Key of the call that makes it.
    pub fn key(&self) -> String {
        format!("{}:account:{}", self.tutor_id, self.attempt)
    }

    /// Money is sent only to an account that can be paid out (product.md, Payout account).
    pub fn is_ready(&self) -> bool {
        self.transfers_active && self.payouts_enabled
    }

    /// Stripe has made it.
    pub fn opened(&mut self, stripe_account_id: String) {
        self.stripe_account_id.get_or_insert(stripe_account_id);
    }

    /// Stripe has refused to make it.
    pub fn refused(&mut self) {
        if self.stripe_account_id.is_none() {
            self.attempt += 1;
        }
    }

    /// Follows what Stripe says. An account that isn't this tutor's changes nothing.
    pub fn observe(&mut self, seen: &AccountSeen) -> Vec<NewEvent> {
        let known = self.stripe_account_id.get_or_insert_with(|| seen.id.clone());
        if *known != seen.id {
            return Vec::new();
        }
        self.transfers_active = seen.transfers_active;
        self.payouts_enabled = seen.payouts_enabled;
        if self.announced || !self.is_ready() {
            return Vec::new();
        }
        self.announced = true;
        self.sequence += 1;
        vec![NewEvent {
            kind: "payout_account.ready",
            version: 1,
            aggregate_type: "payout_account",
            aggregate_id: self.tutor_id.0,
            sequence: self.sequence,
            data: json!({ "tutorId": self.tutor_id }),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_an_account_is_ready_is_told_once() {
        let mut account = PayoutAccount::new(UserId(uuid::Uuid::nil()));
        let seen = |on| AccountSeen { id: "acct_1".to_owned(), transfers_active: on, payouts_enabled: on };
        assert!(account.observe(&seen(false)).is_empty());
        assert_eq!(account.observe(&seen(true)).len(), 1);
        assert!(account.observe(&seen(false)).is_empty());
        assert!(!account.is_ready());
        assert!(account.observe(&seen(true)).is_empty());
        assert!(account.is_ready());
    }

    #[test]
    fn another_account_at_stripe_changes_nothing() {
        let mut account = PayoutAccount::new(UserId(uuid::Uuid::nil()));
        account.opened("acct_1".to_owned());
        let other = AccountSeen { id: "acct_2".to_owned(), transfers_active: true, payouts_enabled: true };
        assert!(account.observe(&other).is_empty());
        assert!(!account.is_ready());
    }
}
