//! The SQL of `payments`.

pub mod accounts;
pub mod by_hand;
pub mod commission;
pub mod customers;
pub mod differences;
pub mod disputes;
pub mod erasures;
pub mod held;
pub mod ledger;
pub mod listing;
pub mod payments;
pub mod payouts;
pub mod reconciliation;
pub mod revenue;
pub mod subscriptions;
pub mod taxes;
pub mod waiting;
pub mod webhooks;
