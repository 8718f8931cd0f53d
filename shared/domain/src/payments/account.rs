//! A tutor's account at Stripe, to which the tutor's share is transferred.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::event::NewEvent;
use crate::id::UserId;

use super::payout_schedule::PayoutSchedule;

/// What Stripe says about a connected account at the moment it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSeen {
    /// Stripe's id.
    pub id: String,
    /// The capability `transfers` is active.
    pub transfers_active: bool,
    /// Stripe pays out to the owner's bank.
    pub payouts_enabled: bool,
    /// The owner has gone through onboarding.
    pub details_submitted: bool,
    /// What Stripe still wants from the owner, in Stripe's words for it.
    pub due: Vec<String>,
    /// Why Stripe has stopped something.
    pub disabled_reason: Option<String>,
    /// Stripe pays out only when it is told to.
    pub is_manual: bool,
}

crate::words! {
    /// What a tutor's account is good for.
    pub enum AccountStatus {
        /// There is none.
        None = "none",
        /// Its owner has not gone through onboarding.
        Pending = "pending",
        /// It can be paid out.
        Ready = "ready",
        /// It can't be paid out: Stripe wants something, or its owner has cut us off.
        Restricted = "restricted",
    }
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
    /// The owner has gone through onboarding.
    pub details_submitted: bool,
    /// What Stripe still wants from the owner, in Stripe's words for it.
    pub due: Vec<String>,
    /// Why Stripe has stopped something.
    pub disabled_reason: Option<String>,
    /// The owner has cut us off from it.
    pub cut_off: bool,
    /// How often it is paid out.
    pub schedule: PayoutSchedule,
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
            details_submitted: false,
            due: Vec::new(),
            disabled_reason: None,
            cut_off: false,
            schedule: PayoutSchedule::Weekly,
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

    /// What it is good for.
    pub fn status(&self) -> AccountStatus {
        match self {
            _ if self.stripe_account_id.is_none() => AccountStatus::None,
            _ if self.is_ready() => AccountStatus::Ready,
            _ if self.details_submitted || self.cut_off => AccountStatus::Restricted,
            _ => AccountStatus::Pending,
        }
    }

    /// The owner has cut us off: nothing can be sent to it or paid out of it any more.
    pub fn cut_off(&mut self) {
        self.cut_off = true;
        self.transfers_active = false;
        self.payouts_enabled = false;
        self.due.clear();
        self.disabled_reason = Some("platform_cut_off".to_owned());
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
        if *known != seen.id || self.cut_off {
            return Vec::new();
        }
        self.details_submitted = seen.details_submitted;
        self.due.clone_from(&seen.due);
        self.disabled_reason.clone_from(&seen.disabled_reason);
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

    fn seen(id: &str, on: bool) -> AccountSeen {
        AccountSeen {
            id: id.to_owned(),
            transfers_active: on,
            payouts_enabled: on,
            details_submitted: on,
            due: Vec::new(),
            disabled_reason: None,
            is_manual: true,
        }
    }

    #[test]
    fn that_an_account_is_ready_is_told_once() {
        let mut account = PayoutAccount::new(UserId(uuid::Uuid::nil()));
        let seen = |on| seen("acct_1", on);
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
        assert!(account.observe(&seen("acct_2", true)).is_empty());
        assert!(!account.is_ready());
    }

    #[test]
    fn an_account_is_none_pending_ready_restricted_and_cut_off_for_good() {
        let mut account = PayoutAccount::new(UserId(uuid::Uuid::nil()));
        assert_eq!(account.status(), AccountStatus::None);
        account.opened("acct_1".to_owned());
        assert_eq!(account.status(), AccountStatus::Pending);
        account.observe(&seen("acct_1", true));
        assert_eq!(account.status(), AccountStatus::Ready);
        let due = vec!["individual.verification.document".to_owned()];
        account.observe(&AccountSeen { payouts_enabled: false, due: due.clone(), ..seen("acct_1", true) });
        assert_eq!((account.status(), &account.due), (AccountStatus::Restricted, &due));
        account.cut_off();
        account.observe(&seen("acct_1", true));
        assert_eq!(account.status(), AccountStatus::Restricted);
    }
}
