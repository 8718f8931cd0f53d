//! What Stripe says about a payment intent at the moment it is asked.
//!
//! The payment follows what is, and not what an event says has been: so events may come late, twice or in any
//! order.

use crate::money::Currency;

/// A payment intent as read from Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentSeen {
    /// Stripe's id.
    pub id: String,
    /// What the payer's client confirms it with.
    pub client_secret: String,
    /// Minor units.
    pub amount: i64,
    /// Currency; `None` when it is none of ours.
    pub currency: Option<Currency>,
    /// How far it is.
    pub state: IntentState,
}

/// How far a payment intent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// Waits for the payer.
    Waiting,
    /// The last attempt was declined; another could be made.
    Declined {
        /// Stripe's decline code, or error code.
        code: String,
    },
    /// On its way.
    Processing,
    /// Paid.
    Succeeded {
        /// The charge that took the money.
        charge: String,
        /// Stripe's fee, once it is known.
        fee: Option<i64>,
    },
    /// Can't be paid any more.
    Canceled,
}
