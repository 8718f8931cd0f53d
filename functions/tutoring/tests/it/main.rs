//! The use cases of `tutoring`, in-process, on a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod accounts;
mod authorization;
mod availability;
mod busy_calendar;
mod documents;
mod erasure;
mod faults;
mod favourites;
mod free_times;
mod free_times_kept;
mod invitations;
mod lessons;
mod matching;
mod overrides;
mod photos;
mod profile;
mod rates;
mod rechecks;
mod reviews;
mod search;
mod search_many;
mod slots;
mod student_erasure;
mod subjects;
mod teaching;
mod verification;
mod world;
