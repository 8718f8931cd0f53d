//! `tutoring`: who teaches what, when, and who has been verified (product.md, Tutoring).
//!
//! A tutor is found and booked only once an admin has approved the profile, with an identity document and a
//! qualification, and while the account is active.

pub mod accept_match_invitation;
pub mod add_availability_override;
pub mod add_favourite;
pub mod announce_document;
pub mod announce_photo;
pub mod approve_verification;
pub mod award_badges;
pub mod busy_calendar;
pub mod check_slot;
pub mod claim_verification;
pub mod deciding;
pub mod decline_match_invitation;
pub mod documents;
pub mod erase_tutoring_user;
pub mod expire_match_invitations;
pub mod export_tutoring_data;
pub mod files;
pub mod get_document_link;
pub mod get_match_request;
pub mod get_own_availability;
pub mod get_own_photo;
pub mod get_own_tutor_profile;
pub mod get_own_verification;
pub mod get_tutor;
pub mod get_tutor_terms;
pub mod get_verification;
pub mod inspect_upload;
pub mod inspection;
pub mod invite_tutors;
pub mod list_favourites;
pub mod list_match_invitations;
pub mod list_own_documents;
pub mod list_slots;
pub mod list_subjects;
pub mod list_verifications;
pub mod match_views;
pub mod project_accounts;
pub mod project_lessons;
pub mod project_reviews;
pub mod put_availability;
pub mod put_busy_calendar;
pub mod put_rates;
pub mod put_subject;
pub mod put_taught_subjects;
pub mod put_tutor_profile;
pub mod refresh_busy_calendars;
pub mod refresh_free_times;
pub mod reject_verification;
pub mod remove_availability_override;
pub mod remove_busy_calendar;
pub mod remove_document;
pub mod remove_favourite;
pub mod request_match;
pub mod request_verification_changes;
pub mod roll_free_times;
pub mod search_tutors;
pub mod services;
pub mod show_photo;
pub mod store;
pub mod submit_verification;
pub mod sweep_tutor_files;
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
        Function::new(CONTEXT, get_own_availability::use_case()),
        Function::new(CONTEXT, add_availability_override::use_case()),
        Function::new(CONTEXT, remove_availability_override::use_case()),
        Function::new(CONTEXT, put_busy_calendar::use_case()),
        Function::new(CONTEXT, remove_busy_calendar::use_case()),
        Function::new(CONTEXT, refresh_busy_calendars::use_case()),
        Function::new(CONTEXT, list_subjects::use_case()),
        Function::new(CONTEXT, put_subject::use_case()),
        Function::new(CONTEXT, refresh_free_times::use_case()),
        Function::new(CONTEXT, roll_free_times::use_case()),
        Function::new(CONTEXT, announce_document::use_case()),
        Function::new(CONTEXT, list_own_documents::use_case()),
        Function::new(CONTEXT, remove_document::use_case()),
        Function::new(CONTEXT, get_document_link::use_case()),
        Function::new(CONTEXT, announce_photo::use_case()),
        Function::new(CONTEXT, get_own_photo::use_case()),
        Function::new(CONTEXT, show_photo::use_case()),
        Function::new(CONTEXT, inspect_upload::use_case()),
        Function::new(CONTEXT, sweep_tutor_files::use_case()),
        Function::new(CONTEXT, get_own_verification::use_case()),
        Function::new(CONTEXT, get_verification::use_case()),
        Function::new(CONTEXT, claim_verification::use_case()),
        Function::new(CONTEXT, reject_verification::use_case()),
        Function::new(CONTEXT, request_verification_changes::use_case()),
        Function::new(CONTEXT, put_taught_subjects::use_case()),
        Function::new(CONTEXT, put_rates::use_case()),
        Function::new(CONTEXT, get_tutor_terms::use_case()),
        Function::new(CONTEXT, project_accounts::use_case()),
        Function::new(CONTEXT, add_favourite::use_case()),
        Function::new(CONTEXT, remove_favourite::use_case()),
        Function::new(CONTEXT, list_favourites::use_case()),
        Function::new(CONTEXT, request_match::use_case()),
        Function::new(CONTEXT, get_match_request::use_case()),
        Function::new(CONTEXT, invite_tutors::use_case()),
        Function::new(CONTEXT, list_match_invitations::use_case()),
        Function::new(CONTEXT, accept_match_invitation::use_case()),
        Function::new(CONTEXT, decline_match_invitation::use_case()),
        Function::new(CONTEXT, expire_match_invitations::use_case()),
        Function::new(CONTEXT, award_badges::use_case()),
        Function::new(CONTEXT, project_reviews::use_case()),
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
