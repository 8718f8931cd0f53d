//! The HTTP side: the API under `/v1`, the admin routes under `/_stand_in`.

mod admin;
mod admin_balance;
mod api;
mod auth;
mod billing_pages;
mod connected;
mod pages;
mod routes;
mod setup_actions;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, delete, get, post};

pub use auth::Caller;
pub use billing_pages::keep_time;

use crate::params::Params;
use crate::state::Stand;

/// What an endpoint is called with.
pub struct Call<'a> {
    /// The parameters.
    pub params: &'a Params,
    /// Who asks.
    pub caller: Caller,
}

/// Everything that is served.
pub fn router(stand: Arc<Stand>) -> Router {
    Router::new()
        .route("/_stand_in/health", get(admin::health))
        .route("/_stand_in/state", get(admin::state))
        .route("/_stand_in/reset", post(admin::reset))
        .route("/_stand_in/violations", get(admin::violations))
        .route("/_stand_in/accounts/complete_onboarding", post(connected::complete_onboarding))
        .route("/_stand_in/payment_intents/{id}/complete_action", post(admin::complete_action))
        .route("/_stand_in/payment_intents/{id}/action", get(pages::action))
        .route("/_stand_in/setup_intents/{id}/complete_action", post(setup_actions::complete))
        .route("/_stand_in/setup_intents/{id}/action", get(setup_actions::page))
        .route(
            "/_stand_in/faults",
            post(admin::add_fault).merge(delete(admin::clear_faults)).get(admin::faults),
        )
        .route("/_stand_in/webhooks", get(admin::webhooks))
        .route("/_stand_in/webhooks/endpoint", post(admin::set_endpoint))
        .route("/_stand_in/webhooks/hold", post(admin::hold))
        .route("/_stand_in/webhooks/release", post(admin::release))
        .route("/_stand_in/webhooks/deliver", post(admin::deliver))
        .route("/_stand_in/disputes", post(admin::open_dispute))
        .route("/_stand_in/disputes/{id}/decide", post(admin::decide_dispute))
        .route("/_stand_in/refunds/{id}/fail", post(admin::fail_refund))
        .merge(connected_accounts())
        .route(
            "/_stand_in/checkout/{id}",
            get(billing_pages::checkout).post(billing_pages::complete_checkout),
        )
        .route("/_stand_in/invoices/{id}", get(billing_pages::invoice).post(billing_pages::pay_invoice))
        .route("/_stand_in/portal/{secret}", get(billing_pages::portal).post(billing_pages::look_after))
        .route("/_stand_in/subscriptions/{id}/after_retries", post(billing_pages::after_retries))
        .route("/_stand_in/subscriptions/{id}/renew", post(billing_pages::renew))
        .route("/_stand_in/subscriptions/{id}/end", post(billing_pages::end))
        .route("/_stand_in/balance_transactions", post(admin_balance::add))
        .fallback(any(api::answer))
        .with_state(stand)
}

/// What happens to connected accounts outside the API.
fn connected_accounts() -> Router<Arc<Stand>> {
    Router::new()
        .route("/_stand_in/accounts/disable_payouts", post(connected::disable_payouts))
        .route("/_stand_in/accounts/deauthorize", post(connected::deauthorize))
        .route("/_stand_in/account_links/{id}", get(connected::visit))
        .route("/_stand_in/account_links/{id}/leave", post(connected::leave))
        .route("/_stand_in/dashboards/{id}", get(connected::dashboard))
        .route("/_stand_in/events", get(admin::events))
        .route("/_stand_in/payouts/hold", post(connected::hold))
        .route("/_stand_in/payouts/let_go", post(connected::let_go))
        .route("/_stand_in/payouts/{id}/send", post(connected::send))
        .route("/_stand_in/payouts/{id}/pay", post(connected::pay))
        .route("/_stand_in/payouts/{id}/fail", post(connected::fail))
}
