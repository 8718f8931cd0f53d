//! Use cases of `identity` in-process, against a real PostgreSQL and a user pool that is told what to do.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pool;
mod routes;
mod triggers;
mod world;
