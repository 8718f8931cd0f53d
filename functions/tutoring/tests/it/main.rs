//! The use cases of `tutoring`, in-process, on a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod authorization;
mod availability;
mod erasure;
mod faults;
mod lessons;
mod profile;
mod search;
mod slots;
mod verification;
mod world;
