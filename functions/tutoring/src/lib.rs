//! `tutoring`: who teaches what, when, and who has been verified (product.md, Tutoring).
//!
//! A tutor is found and booked only once an admin has approved the profile. Of the verification's requirements
//! the complete profile is asked for; an identity document and a qualification are asked for as soon as there
//! are documents (issue 4).

pub mod approve_verification;
pub mod check_slot;
pub mod erase_tutoring_user;
pub mod export_tutoring_data;
pub mod get_own_tutor_profile;
pub mod get_tutor;
pub mod list_slots;
pub mod list_verifications;
pub mod project_lessons;
pub mod put_availability;
pub mod put_tutor_profile;
pub mod search_tutors;
pub mod services;
pub mod store;
pub mod submit_verification;
pub mod views;

use lectern_postgres::{Migration, embed_migrations, health, migrate, relay, revocations, tidy};
use lectern_runtime::Function;

pub use services::Tutoring;

/// The context's name.
pub const CONTEXT: &str = "tutoring";

mod embedded {
    super::embed_migrations!("../../migrations/tutoring");
}

/// The schema's history.
pub fn migrations() -> Vec<Migration> {
    embedded::migrations::runner().get_migrations().clone()
}

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, put_tutor_profile::use_case()),
        Function::new(CONTEXT, get_own_tutor_profile::use_case()),
        Function::new(CONTEXT, put_availability::use_case()),
        Function::new(CONTEXT, submit_verification::use_case()),
        Function::new(CONTEXT, list_verifications::use_case()),
        Function::new(CONTEXT, approve_verification::use_case()),
        Function::new(CONTEXT, search_tutors::use_case()),
        Function::new(CONTEXT, get_tutor::use_case()),
        Function::new(CONTEXT, list_slots::use_case()),
        Function::new(CONTEXT, check_slot::use_case()),
        Function::new(CONTEXT, project_lessons::use_case()),
        Function::new(CONTEXT, export_tutoring_data::use_case()),
        Function::new(CONTEXT, erase_tutoring_user::use_case()),
        Function::new(CONTEXT, revocations::use_case::<Tutoring>("replicate-tutoring-revocations")),
        Function::new(CONTEXT, relay::use_case::<Tutoring>("relay-tutoring-outbox", "RelayRate")),
        Function::new(CONTEXT, tidy::use_case::<Tutoring>("tidy-tutoring-records")),
        Function::new(CONTEXT, migrate::use_case::<Tutoring>("migrate-tutoring", migrations)),
        Function::new(CONTEXT, health::use_case::<Tutoring>("check-tutoring-health")),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_tutoring;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
