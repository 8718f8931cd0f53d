//! The SQL of `payments`.

pub mod accounts;
pub mod ledger;
pub mod payments;
pub mod webhooks;
