//! `payments`: the money of a lesson, from the payer to the tutor (product.md, Payments).
//!
//! The rules are in `lectern_domain::payments`; how a decision, its ledger transactions, its events and the call to
//! Stripe that follows from it belong together is told in [`carry_out`].

pub mod begin_onboarding;
pub mod billing;
pub mod by_hand;
pub mod cancel_payment;
pub mod cancel_subscription;
pub mod carry_out;
pub mod carry_out_payout;
pub mod commission_views;
pub mod count_taught_hours;
pub mod create_payment;
pub mod customers;
pub mod end_erased_subscription;
pub mod ensure_billing_catalogue;
pub mod erase_payments_user;
pub mod evidence;
pub mod expire_past_due_subscriptions;
pub mod export_payments_data;
pub mod follow_billing;
pub mod follow_disputes;
pub mod get_commission_policy;
pub mod get_earnings;
pub mod get_payment;
pub mod get_payment_receipt;
pub mod get_payout;
pub mod get_payout_account;
pub mod get_payout_statement;
pub mod get_reconciliation;
pub mod get_revenue;
pub mod get_subscription;
pub mod get_tax_form;
pub mod get_tax_profile;
pub mod give_dispute_evidence;
pub mod inspect_payment;
pub mod list_disputes;
pub mod list_payment_methods;
pub mod list_payments;
pub mod list_payouts;
pub mod list_tax_forms;
pub mod movements;
pub mod open_billing_portal;
pub mod open_payout_account;
pub mod payout_views;
pub mod pdf;
pub mod people;
pub mod policies;
pub mod put_commission_policy;
pub mod put_tax_profile;
pub mod receipt;
pub mod receive_stripe_connect_webhook;
pub mod receive_stripe_webhook;
pub mod reconcile_ledger;
pub mod refund_by_hand;
pub mod refund_payment;
pub mod release_by_hand;
pub mod release_payment;
pub mod remove_payment_method;
pub mod retry_payout;
pub mod run_payouts;
pub mod search_payments;
pub mod services;
pub mod set_payout_schedule;
pub mod set_up_payment_method;
pub mod settle_payables;
pub mod settle_payouts;
pub mod statement;
pub mod store;
pub mod stripe;
pub mod subscribe;
pub mod subscription_view;
pub mod sweep_stuck_payments;
pub mod tax_document;
pub mod tax_profiles;
pub mod total_tax_years;
pub mod vault;
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
        Function::new(CONTEXT, receive_stripe_connect_webhook::use_case()),
        Function::new(CONTEXT, begin_onboarding::use_case()),
        Function::new(CONTEXT, get_payout_account::use_case()),
        Function::new(CONTEXT, set_payout_schedule::use_case()),
        Function::new(CONTEXT, run_payouts::use_case()),
        Function::new(CONTEXT, settle_payouts::use_case()),
        Function::new(CONTEXT, list_payouts::use_case()),
        Function::new(CONTEXT, get_payout::use_case()),
        Function::new(CONTEXT, get_payout_statement::use_case()),
        Function::new(CONTEXT, retry_payout::use_case()),
        Function::new(CONTEXT, set_up_payment_method::use_case()),
        Function::new(CONTEXT, list_payment_methods::use_case()),
        Function::new(CONTEXT, remove_payment_method::use_case()),
        Function::new(CONTEXT, subscribe::use_case()),
        Function::new(CONTEXT, get_subscription::use_case()),
        Function::new(CONTEXT, cancel_subscription::use_case()),
        Function::new(CONTEXT, open_billing_portal::use_case()),
        Function::new(CONTEXT, ensure_billing_catalogue::use_case()),
        Function::new(CONTEXT, expire_past_due_subscriptions::use_case()),
        Function::new(CONTEXT, end_erased_subscription::use_case()),
        Function::new(CONTEXT, list_payments::use_case()),
        Function::new(CONTEXT, get_payment_receipt::use_case()),
        Function::new(CONTEXT, search_payments::use_case()),
        Function::new(CONTEXT, inspect_payment::use_case()),
        Function::new(CONTEXT, refund_by_hand::use_case()),
        Function::new(CONTEXT, release_by_hand::use_case()),
        Function::new(CONTEXT, list_disputes::use_case()),
        Function::new(CONTEXT, give_dispute_evidence::use_case()),
        Function::new(CONTEXT, get_commission_policy::use_case()),
        Function::new(CONTEXT, put_commission_policy::use_case()),
        Function::new(CONTEXT, count_taught_hours::use_case()),
        Function::new(CONTEXT, get_revenue::use_case()),
        Function::new(CONTEXT, reconcile_ledger::use_case()),
        Function::new(CONTEXT, get_reconciliation::use_case()),
        Function::new(CONTEXT, sweep_stuck_payments::use_case()),
        Function::new(CONTEXT, put_tax_profile::use_case()),
        Function::new(CONTEXT, get_tax_profile::use_case()),
        Function::new(CONTEXT, list_tax_forms::use_case()),
        Function::new(CONTEXT, get_tax_form::use_case()),
        Function::new(CONTEXT, total_tax_years::use_case()),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_payments;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
