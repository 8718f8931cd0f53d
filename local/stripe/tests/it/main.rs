//! The stand-in over real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml's allowance covers test functions, not the helpers that they share"
)]

mod durability;
mod faults;
mod idempotency;
mod lists;
mod money_out;
mod payments;
mod strictness;
mod support;
mod webhooks;
