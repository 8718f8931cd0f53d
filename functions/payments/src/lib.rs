//! `payments`: the money of a lesson, from the payer to the tutor (product.md, Payments).
//!
//! The rules are in `lectern_domain::payments`; how a decision, its ledger transactions, its events and the call to
//! Stripe that follows from it belong together is told in [`carry_out`].

pub mod cancel_payment;
pub mod carry_out;
pub mod create_payment;
pub mod erase_payments_user;
pub mod export_payments_data;
pub mod get_earnings;
pub mod get_payment;
pub mod open_payout_account;
pub mod pdf;
pub mod receive_stripe_webhook;
pub mod refund_payment;
pub mod release_payment;
pub mod services;
pub mod settle_payables;
pub mod store;
pub mod stripe;
pub mod verify_ledger;

use lectern_postgres::{Migration, embed_migrations, health, migrate, relay, revocations, tidy};
use lectern_runtime::Function;

pub use services::Payments;

/// The context's name.
pub const CONTEXT: &str = "payments";

/// The state machine whose steps are here.
pub const LESSON_PAYMENT: &str = "lesson-payment";

mod embedded {
    super::embed_migrations!("../../migrations/payments");
}

/// The schema's history.
pub fn migrations() -> Vec<Migration> {
    embedded::migrations::runner().get_migrations().clone()
}

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, create_payment::use_case()),
        Function::new(CONTEXT, cancel_payment::use_case()),
        Function::new(CONTEXT, release_payment::use_case()),
        Function::new(CONTEXT, refund_payment::use_case()),
        Function::new(CONTEXT, receive_stripe_webhook::use_case()),
        Function::new(CONTEXT, get_payment::use_case()),
        Function::new(CONTEXT, get_earnings::use_case()),
        Function::new(CONTEXT, open_payout_account::use_case()),
        Function::new(CONTEXT, settle_payables::use_case()),
        Function::new(CONTEXT, verify_ledger::use_case()),
        Function::new(CONTEXT, export_payments_data::use_case()),
        Function::new(CONTEXT, erase_payments_user::use_case()),
        Function::new(CONTEXT, revocations::use_case::<Payments>("replicate-payments-revocations")),
        Function::new(CONTEXT, relay::use_case::<Payments>("relay-payments-outbox", "RelayRate")),
        Function::new(CONTEXT, tidy::use_case::<Payments>("tidy-payments-records")),
        Function::new(CONTEXT, migrate::use_case::<Payments>("migrate-payments", migrations)),
        Function::new(CONTEXT, health::use_case::<Payments>("check-payments-health")),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_payments;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
