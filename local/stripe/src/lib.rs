//! A stand-in for Stripe: the part of its API that Lectern uses, stateful, durable and as strict as Stripe itself.
//!
//! ```text
//! http      who asks (keys), idempotency, faults, the table of routes, the admin routes under /_stand_in/
//! versions  what older versions of the API ask for in another way
//! params    form bodies with nested keys, read strictly: unknown, missing and malformed ones are errors
//! objects   one module per Stripe resource: its shape and what may happen to it, without clock or randomness
//! state     objects in memory, the journal behind them, the unit of work that changes both at once
//! banks     payouts that move by themselves
//! webhooks  signed deliveries, retried until they are answered with 2xx
//! faults    what goes wrong on request
//! check     the contract that everything is held to, if asked: Stripe's published OpenAPI
//! ```
//!
//! What is durable: every change is handed to the operating system before it is answered, so a killed process loses
//! nothing. The machine losing power may (nothing is fsynced): it is a stand-in for tests, not a bank.
//!
//! What it doesn't do: charges of connected accounts (the `Stripe-Account` header works for balances, payouts and
//! events), trials and proration of subscriptions, currency conversion.

pub mod banks;
pub mod check;
pub mod config;
pub mod error;
pub mod faults;
pub mod http;
pub mod money;
pub mod objects;
pub mod params;
pub mod render;
pub mod state;
pub mod testing;
pub mod versions;
pub mod webhooks;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::Config;
use crate::state::Stand;

/// The version of Stripe's API whose shapes this follows; what `Stripe-Version` says where the caller names none.
pub const API_VERSION: &str = "2026-10-28.endive";

/// Serves on `listener` until the process ends.
///
/// # Errors
/// The state file can't be read or written, or the listener fails.
pub async fn serve(config: Config, listener: TcpListener) -> io::Result<()> {
    serve_stand(Arc::new(Stand::open(config)?), listener).await
}

/// Serves what is open already: a test keeps the other handle and looks inside.
///
/// # Errors
/// The listener fails.
pub async fn serve_stand(stand: Arc<Stand>, listener: TcpListener) -> io::Result<()> {
    tokio::spawn(webhooks::deliver_for_ever(Arc::clone(&stand)));
    tokio::spawn(banks::work_for_ever(Arc::clone(&stand)));
    tokio::spawn(http::keep_time(Arc::clone(&stand)));
    axum::serve(listener, http::router(stand)).await
}
