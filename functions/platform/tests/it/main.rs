//! The use cases of `platform`, in-process: ports are fakes, PostgreSQL is real, and what goes to AWS is looked
//! at on the wire.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod aws;
mod fakes;
mod get_health;
mod prepare_databases;
mod record_event;
