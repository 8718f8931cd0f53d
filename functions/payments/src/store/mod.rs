//! The SQL of `payments`.

pub mod accounts;
pub mod erasures;
pub mod held;
pub mod ledger;
pub mod payments;
pub mod webhooks;
