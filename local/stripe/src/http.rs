//! The HTTP side: the API under `/v1`, the admin routes under `/_stand_in`.

mod admin;
mod api;
mod auth;
mod pages;
mod routes;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, delete, get, post};

pub use auth::Caller;

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
        .route("/_stand_in/accounts/complete_onboarding", post(admin::complete_onboarding))
        .route("/_stand_in/payment_intents/{id}/complete_action", post(admin::complete_action))
        .route("/_stand_in/payment_intents/{id}/action", get(pages::action))
        .route(
            "/_stand_in/faults",
            post(admin::add_fault).merge(delete(admin::clear_faults)).get(admin::faults),
        )
        .route("/_stand_in/webhooks", get(admin::webhooks))
        .route("/_stand_in/webhooks/endpoint", post(admin::set_endpoint))
        .route("/_stand_in/webhooks/hold", post(admin::hold))
        .route("/_stand_in/webhooks/release", post(admin::release))
        .route("/_stand_in/webhooks/deliver", post(admin::deliver))
        .fallback(any(api::answer))
        .with_state(stand)
}
