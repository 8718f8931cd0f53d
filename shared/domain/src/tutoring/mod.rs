//! Rules of `tutoring`: who teaches what, at which price and when, and who has been verified.
//!
//! The aggregate is the [`tutor::Tutor`]: profile, hours and verification change together under one sequence
//! number. [`slots`] says when a tutor can be booked.

pub mod availability;
mod countries;
pub mod list;
pub mod policy;
pub mod profile;
pub mod search;
pub mod slots;
pub mod tutor;
pub mod verification;
