//! `identity`: users and their sign-in (product.md, Identity).
//!
//! Cognito keeps passwords and makes tokens; our database keeps everything else. How the two stay consistent
//! is told in [`enrol`].

pub mod confirm_user;
pub mod create_staff_user;
pub mod enrol;
pub mod get_own_user;
pub mod post_confirmation;
pub mod pre_sign_up;
pub mod pre_token_generation;
pub mod refresh_session;
pub mod register_user;
pub mod services;
pub mod sign_in;
pub mod store;
pub mod user_pool;

use lectern_postgres::{Migration, embed_migrations, health, migrate, relay, tidy};
use lectern_runtime::Function;

pub use services::Identity;

/// The context's name.
pub const CONTEXT: &str = "identity";

mod embedded {
    super::embed_migrations!("../../migrations/identity");
}

/// The schema's history.
pub fn migrations() -> Vec<Migration> {
    embedded::migrations::runner().get_migrations().clone()
}

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, register_user::use_case()),
        Function::new(CONTEXT, confirm_user::use_case()),
        Function::new(CONTEXT, sign_in::use_case()),
        Function::new(CONTEXT, refresh_session::use_case()),
        Function::new(CONTEXT, get_own_user::use_case()),
        Function::new(CONTEXT, pre_sign_up::use_case()),
        Function::new(CONTEXT, post_confirmation::use_case()),
        Function::new(CONTEXT, pre_token_generation::use_case()),
        Function::new(CONTEXT, create_staff_user::use_case()),
        Function::new(CONTEXT, relay::use_case::<Identity>("relay-identity-outbox", "RelayRate")),
        Function::new(CONTEXT, tidy::use_case::<Identity>("tidy-identity-records")),
        Function::new(CONTEXT, migrate::use_case::<Identity>("migrate-identity", migrations)),
        Function::new(CONTEXT, health::use_case::<Identity>("check-identity-health")),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_identity;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
