//! `payments` in-process: a database of its own for each test, and the stand-in for Stripe behind the real client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod erasure;
mod faults;
mod journey;
mod ledger;
mod queries;
mod races;
mod steps;
mod stories;
mod support;
mod webhooks;
