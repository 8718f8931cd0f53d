//! The numbers of `booking`. A lesson keeps a copy of those under which it was booked.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// Windows of a lesson's life, in seconds. The defaults are product.md's; a stage may set others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingTerms {
    /// How long a slot is held while the student pays.
    pub hold_seconds: u32,
    /// How long after completion a student may dispute; the money is released then.
    pub dispute_window_seconds: u32,
    /// How long before its start a lesson may be completed. None in production: a lesson is completed after it
    /// began. A development stage sets it large, so that a lesson's life takes seconds.
    pub earliest_completion_seconds: u32,
    /// How long after its end a lesson completes by itself.
    pub auto_complete_seconds: u32,
    /// A student who cancels at least this long before the start gets everything back.
    pub full_refund_before_seconds: u32,
    /// A student who cancels at least this long before the start gets half back; later, nothing.
    pub half_refund_before_seconds: u32,
}

impl Default for BookingTerms {
    fn default() -> Self {
        Self {
            hold_seconds: 15 * 60,
            dispute_window_seconds: 72 * 3600,
            earliest_completion_seconds: 0,
            auto_complete_seconds: 3600,
            full_refund_before_seconds: 24 * 3600,
            half_refund_before_seconds: 4 * 3600,
        }
    }
}

/// A number of seconds as a duration.
pub(super) fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(seconds))
}

impl BookingTerms {
    /// What a student gets back who cancels `notice` before the start. Exactly at a boundary counts as in time.
    pub fn refund(&self, price: Money, notice: SignedDuration) -> Result<Money, MoneyError> {
        let parts_of_two = if notice >= seconds(self.full_refund_before_seconds) {
            2
        } else if notice >= seconds(self.half_refund_before_seconds) {
            1
        } else {
            0
        };
        price.fraction(parts_of_two, 2)
    }
}
