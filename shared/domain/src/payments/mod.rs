//! Rules of `payments`: one payment from intent to settled ledger (product.md, Payments).
//!
//! ```text
//! Payment      what has been decided and what Stripe has confirmed; every change is a method
//! Operation    a call to Stripe that moves money or state: recorded before it is sent, settled after
//! Posting      what a change writes into the ledger; balanced by construction
//! ```
//!
//! Nothing in here talks to Stripe. The payment says what is to be sent next ([`Payment::lease_next`]); somebody
//! sends it, and tells the payment how it ended ([`Payment::settle`]). So what happens when an answer is lost,
//! comes twice or comes late is decided here, and tested here.

mod account;
mod commission;
mod intent;
mod ledger;
#[cfg(test)]
mod model;
mod money_out;
mod operation;
mod payment;

pub use account::{AccountSeen, PayoutAccount};
pub use commission::{Commission, PaymentsPolicy, Purpose, Split};
pub use intent::{IntentSeen, IntentState};
pub use ledger::{Account, Entry, Posting, PostingKind, Subject};
pub use operation::{Call, Operation, OperationKind, OperationState, Outcome, RefundId};
pub use payment::{Changes, Closing, NewPayment, Payment, PaymentError, PaymentStatus};
