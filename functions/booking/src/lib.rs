//! `booking`: lessons, and the state machine that takes each from a held slot to a tutor paid (product.md,
//! Booking).
//!
//! The state machine is `lesson-payment.asl.json`; [`steps`] are its steps that belong to this context, the
//! others are functions of `payments`. [`signal`] says how it waits and is woken.

pub mod answer_payment_outcome;
pub mod book_lesson;
pub mod cancel_lesson;
pub mod complete_lesson;
pub mod erase_booking_user;
pub mod export_booking_data;
pub mod get_lesson;
pub mod list_lessons;
pub mod resume_saga;
pub mod sagas;
pub mod services;
pub mod signal;
pub mod slots;
pub mod steps;
pub mod store;
pub mod sweep_sagas;
pub mod view;

use lectern_postgres::{Migration, embed_migrations, health, migrate, relay, revocations, tidy};
use lectern_runtime::Function;

pub use services::Booking;

/// The context's name.
pub const CONTEXT: &str = "booking";

/// The state machine's name.
pub const SAGA: &str = "lesson-payment";

mod embedded {
    super::embed_migrations!("../../migrations/booking");
}

/// The schema's history.
pub fn migrations() -> Vec<Migration> {
    embedded::migrations::runner().get_migrations().clone()
}

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, book_lesson::use_case()),
        Function::new(CONTEXT, list_lessons::use_case()),
        Function::new(CONTEXT, get_lesson::use_case()),
        Function::new(CONTEXT, complete_lesson::use_case()),
        Function::new(CONTEXT, cancel_lesson::use_case()),
        Function::new(CONTEXT, steps::hold_slot::use_case()),
        Function::new(CONTEXT, steps::await_payment::use_case()),
        Function::new(CONTEXT, steps::schedule_lesson::use_case()),
        Function::new(CONTEXT, steps::await_outcome::use_case()),
        Function::new(CONTEXT, steps::auto_complete_lesson::use_case()),
        Function::new(CONTEXT, steps::free_slot::use_case()),
        Function::new(CONTEXT, steps::close_saga::use_case()),
        Function::new(CONTEXT, steps::park_saga::use_case()),
        Function::new(CONTEXT, answer_payment_outcome::use_case()),
        Function::new(CONTEXT, sweep_sagas::use_case()),
        Function::new(CONTEXT, resume_saga::use_case()),
        Function::new(CONTEXT, export_booking_data::use_case()),
        Function::new(CONTEXT, erase_booking_user::use_case()),
        Function::new(CONTEXT, revocations::use_case::<Booking>("replicate-booking-revocations")),
        Function::new(CONTEXT, relay::use_case::<Booking>("relay-booking-outbox", "RelayRate")),
        Function::new(CONTEXT, tidy::use_case::<Booking>("tidy-booking-records")),
        Function::new(CONTEXT, migrate::use_case::<Booking>("migrate-booking", migrations)),
        Function::new(CONTEXT, health::use_case::<Booking>("check-booking-health")),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_booking;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
