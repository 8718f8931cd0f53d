//! The SQL of `tutoring`.

pub mod accounts;
pub mod busy_calendars;
pub mod documents;
pub mod erasures;
pub mod favourites;
pub mod free_times;
pub mod held;
pub mod invitations;
pub mod lessons;
pub mod matching;
pub mod overrides;
pub mod photos;
pub mod reviews;
pub mod search;
pub mod standings;
pub mod subjects;
pub mod tutors;
pub mod uploads;
pub mod verification_queue;
pub mod verifications;
