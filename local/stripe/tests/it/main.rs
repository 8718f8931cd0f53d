//! The stand-in over real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml's allowance covers test functions, not the helpers that they share"
)]

mod balance;
mod billing;
mod capture;
mod checkout;
mod contract;
mod customers;
mod disputes;
mod durability;
mod faults;
mod idempotency;
mod lists;
mod money_out;
mod payments;
mod payouts;
mod strictness;
mod support;
mod webhook_endpoints;
mod webhooks;
