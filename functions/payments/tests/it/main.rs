//! `payments` in-process: a database of its own for each test, and the stand-in for Stripe behind the real client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod admins;
mod billed;
mod books;
mod books_balance;
mod by_hand;
mod cards;
mod client;
mod commission;
mod disputes;
mod erasure;
mod faults;
mod journey;
mod ledger;
mod lists;
mod onboarding;
mod payout_faults;
mod payout_support;
mod payouts;
mod queries;
mod races;
mod receipts;
mod reconciliation;
mod refunds_that_fail;
mod revenue;
mod steps;
mod stories;
mod stories_of_others;
mod stuck;
mod subscribing;
mod subscriptions;
mod support;
mod tax_forms;
mod tax_profile;
mod vault;
mod webhooks;
