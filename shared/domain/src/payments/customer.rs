//! A payer as Stripe's customer: whoever has one can keep cards there and pay with them again.
//!
//! It is made once for each user, when it is first needed. The key of the call is the user and the attempt, and the
//! attempt advances only after a KNOWN failure, as for every call that makes something (see `operation`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::operation::KEY_LIFE;
use crate::id::UserId;
use crate::time::Instant;

/// See the module. Its id is the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Whose.
    pub user_id: UserId,
    /// Stripe's id, once it is made.
    pub stripe_customer_id: Option<String>,
    /// Number of the next try to make it; 1 for the first.
    pub attempt: i32,
    /// Since when the present attempt may have been sent.
    pub since: Instant,
    /// The user was erased: none is made any more.
    pub closed_at: Option<Instant>,
}

impl Customer {
    /// Not made yet.
    pub fn new(user_id: UserId, now: Timestamp) -> Self {
        Self { user_id, stripe_customer_id: None, attempt: 1, since: now.into(), closed_at: None }
    }

    /// Key of the call that makes it.
    pub fn key(&self) -> String {
        format!("{}:customer:{}", self.user_id, self.attempt)
    }

    /// Stripe may have forgotten the key: look for what the call did before sending it again.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.since.get()) > KEY_LIFE
    }

    /// Stripe has not made it, and that is known.
    pub fn refused(&mut self, now: Timestamp) {
        if self.stripe_customer_id.is_none() {
            self.attempt += 1;
            self.since = now.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_key_changes_only_after_a_known_failure() {
        let start = Timestamp::UNIX_EPOCH;
        let mut customer = Customer::new(UserId(uuid::Uuid::nil()), start);
        let first = customer.key();
        assert!(!customer.is_stale(start + SignedDuration::from_hours(23)));
        let late = start + SignedDuration::from_hours(24);
        assert!(customer.is_stale(late));
        assert_eq!(customer.key(), first);
        customer.refused(late);
        assert_ne!(customer.key(), first);
        assert!(!customer.is_stale(late));
    }

    #[test]
    fn what_is_made_is_not_made_again() {
        let mut customer = Customer::new(UserId(uuid::Uuid::nil()), Timestamp::UNIX_EPOCH);
        customer.stripe_customer_id = Some("cus_1".to_owned());
        let before = customer.clone();
        customer.refused(Timestamp::UNIX_EPOCH);
        assert_eq!(customer, before);
    }
}
