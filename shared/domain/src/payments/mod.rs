//! Rules of `payments`: one payment from intent to settled ledger (product.md, Payments).
//!
//! ```text
//! Payment      what has been decided and what Stripe has confirmed; every change is a method
//! Operation    a call to Stripe that moves money or state: recorded before it is sent, settled after
//! Payout       what a tutor has earned, on its way to the tutor's bank
//! Posting      what a change writes into the ledger; balanced by construction
//! ```
//!
//! Nothing in here talks to Stripe. The payment says what is to be sent next ([`Payment::lease_next`]); somebody
//! sends it, and tells the payment how it ended ([`Payment::settle`]). So what happens when an answer is lost,
//! comes twice or comes late is decided here, and tested here.

mod account;
mod admin;
mod commission;
mod commission_policy;
mod customer;
mod dispute;
mod following;
mod intent;
mod ledger;
#[cfg(test)]
mod model;
mod money_out;
mod operation;
mod payment;
mod payout;
#[cfg(test)]
mod payout_model;
mod payout_schedule;
mod pro_prices;
mod subscription;
mod subscription_invoice;
pub mod tax;

pub use account::{AccountSeen, AccountStatus, PayoutAccount};
pub use admin::{AdminAction, AdminActionKind};
pub use commission::{Commission, PaymentsPolicy, Purpose, Split};
pub use commission_policy::{CommissionPolicy, CommissionPurpose, CommissionRule, PolicyVersion, in_force};
pub use customer::Customer;
pub use dispute::{Dispute, DisputeOutcome, DisputeSeen, DisputeStatus};
pub use following::RefundSeen;
pub use intent::{IntentSeen, IntentState};
pub use ledger::{Account, Entry, Posting, PostingKind, Subject};
pub use operation::{Call, Operation, OperationKind, OperationState, Outcome, RefundId};
pub use payment::{Changes, Closing, NewPayment, Payment, PaymentError, PaymentStatus};
pub use payout::{
    NewPayout, Payout, PayoutCall, PayoutError, PayoutOutcome, PayoutSeen, PayoutState, PayoutStatus,
    failure_in_words,
};
pub use payout_schedule::PayoutSchedule;
pub use pro_prices::{ProPrices, SubscriptionPolicy, lookup_key};
pub use subscription::{
    BillingPeriod, CheckoutTerms, Plan, Subscription, SubscriptionError, SubscriptionId, SubscriptionSeen,
    SubscriptionState, SubscriptionStatus, Terms,
};
pub use subscription_invoice::{InvoiceRefund, InvoiceSeen};
