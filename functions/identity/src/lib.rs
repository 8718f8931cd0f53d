//! `identity`: users and their sign-in (product.md, Identity).
//!
//! Cognito keeps passwords and makes tokens; our database keeps everything else. How the two stay consistent
//! is told in [`enrol`].

pub mod access;
pub mod account_letter;
pub mod administer;
pub mod align;
pub mod align_user_pool;
pub mod answer_consent_page;
pub mod appoint;
pub mod appoint_staff_user;
pub mod archive;
pub mod become_tutor;
pub mod build_export;
pub mod change_password;
pub mod change_user_role;
pub mod confirm_user;
pub mod consent;
pub mod consent_page;
pub mod consent_view;
pub mod contexts;
pub mod create_staff_user;
pub mod create_user;
pub mod custom_message;
pub mod decide_consent;
pub mod delete_exports;
pub mod effects;
pub mod end_session;
pub mod enrol;
pub mod erase;
pub mod erase_own_user;
pub mod expire_consents;
pub mod export_summary;
pub mod exports;
pub mod forgot_password;
pub mod get_consent;
pub mod get_consent_data;
pub mod get_export;
pub mod get_own_user;
pub mod get_user;
pub mod held;
pub mod known_user;
pub mod letters;
pub mod lift_suspensions;
pub mod list_audit_log;
pub mod list_own_sessions;
pub mod list_users;
pub mod look_up_user;
pub mod look_up_user_by_email;
pub mod look_up_users;
pub mod mail;
pub mod post_confirmation;
pub mod pre_authentication;
pub mod pre_sign_up;
pub mod pre_token_generation;
pub mod precondition;
pub mod record_audit_entries;
pub mod refresh_session;
pub mod register_user;
pub mod reinstate_user;
pub mod request_export;
pub mod resend_code;
pub mod reset_password;
pub mod revoke_consent;
pub mod send_consent_letters;
pub mod services;
pub mod sessions;
pub mod show_consent_page;
pub mod sign_in;
pub mod sign_out;
pub mod steady;
pub mod store;
pub mod suspend_user;
pub mod update_own_user;
pub mod user_pool;
pub mod verify_audit_log;
pub mod views;

use lectern_postgres::{Migration, embed_migrations, health, migrate, relay, tidy};
use lectern_runtime::{Function, UseCase};

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

/// Deletes what has served its time, the context's own included.
pub fn tidy_records() -> UseCase<Identity> {
    tidy::use_case_with("tidy-identity-records", store::expired::STATEMENTS)
}

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, register_user::use_case()),
        Function::new(CONTEXT, confirm_user::use_case()),
        Function::new(CONTEXT, resend_code::use_case()),
        Function::new(CONTEXT, sign_in::use_case()),
        Function::new(CONTEXT, refresh_session::use_case()),
        Function::new(CONTEXT, sign_out::use_case()),
        Function::new(CONTEXT, forgot_password::use_case()),
        Function::new(CONTEXT, reset_password::use_case()),
        Function::new(CONTEXT, change_password::use_case()),
        Function::new(CONTEXT, list_own_sessions::use_case()),
        Function::new(CONTEXT, end_session::use_case()),
        Function::new(CONTEXT, get_own_user::use_case()),
        Function::new(CONTEXT, update_own_user::use_case()),
        Function::new(CONTEXT, erase_own_user::use_case()),
        Function::new(CONTEXT, become_tutor::use_case()),
        Function::new(CONTEXT, list_users::use_case()),
        Function::new(CONTEXT, get_user::use_case()),
        Function::new(CONTEXT, appoint_staff_user::use_case()),
        Function::new(CONTEXT, suspend_user::use_case()),
        Function::new(CONTEXT, reinstate_user::use_case()),
        Function::new(CONTEXT, change_user_role::use_case()),
        Function::new(CONTEXT, list_audit_log::use_case()),
        Function::new(CONTEXT, create_user::use_case()),
        Function::new(CONTEXT, look_up_user::use_case()),
        Function::new(CONTEXT, look_up_user_by_email::use_case()),
        Function::new(CONTEXT, look_up_users::use_case()),
        Function::new(CONTEXT, request_export::use_case()),
        Function::new(CONTEXT, get_export::use_case()),
        Function::new(CONTEXT, build_export::use_case()),
        Function::new(CONTEXT, delete_exports::use_case()),
        Function::new(CONTEXT, record_audit_entries::use_case()),
        Function::new(CONTEXT, pre_sign_up::use_case()),
        Function::new(CONTEXT, post_confirmation::use_case()),
        Function::new(CONTEXT, pre_authentication::use_case()),
        Function::new(CONTEXT, pre_token_generation::use_case()),
        Function::new(CONTEXT, custom_message::use_case()),
        Function::new(CONTEXT, get_consent::use_case()),
        Function::new(CONTEXT, decide_consent::use_case()),
        Function::new(CONTEXT, revoke_consent::use_case()),
        Function::new(CONTEXT, get_consent_data::use_case()),
        Function::new(CONTEXT, show_consent_page::use_case()),
        Function::new(CONTEXT, answer_consent_page::use_case()),
        Function::new(CONTEXT, send_consent_letters::use_case()),
        Function::new(CONTEXT, expire_consents::use_case()),
        Function::new(CONTEXT, create_staff_user::use_case()),
        Function::new(CONTEXT, align_user_pool::use_case()),
        Function::new(CONTEXT, lift_suspensions::use_case()),
        Function::new(CONTEXT, verify_audit_log::use_case()),
        Function::new(CONTEXT, relay::use_case::<Identity>("relay-identity-outbox", "RelayRate")),
        Function::new(CONTEXT, tidy_records()),
        Function::new(CONTEXT, migrate::use_case::<Identity>("migrate-identity", migrations)),
        Function::new(CONTEXT, health::use_case::<Identity>("check-identity-health")),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would
// link every thin binary first.
#[cfg(test)]
extern crate self as lectern_identity;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
