//! Rules of `tutoring`: who teaches what, at which price and when, and who has been verified.
//!
//! The aggregate is the [`tutor::Tutor`]: profile, hours and verification change together under one sequence
//! number. [`slots`] says when a tutor can be booked.

pub mod availability;
pub mod badge;
pub mod busy_calendar;
pub mod catalogue;
pub mod document;
pub mod free_times;
pub mod list;
pub mod matching;
pub mod overrides;
pub mod photo;
pub mod policy;
pub mod prices;
pub mod profile;
pub mod requirements;
pub mod search;
pub mod slots;
pub mod standing;
pub mod tutor;
pub mod upload;
pub mod verification;
pub mod video;
