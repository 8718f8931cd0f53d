//! Use cases of `booking` in-process, against a real PostgreSQL; `tutoring` and the state machine are told
//! what to do.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod booking;
mod erasure;
mod lessons;
mod saga;
mod world;
