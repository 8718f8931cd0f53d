//! Use cases of `identity` in-process, against a real PostgreSQL and a user pool that is told what to do.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod administration;
mod alignment;
mod appointments;
mod audit;
mod audit_of_others;
mod auth;
mod children;
mod consent_pages;
mod consents;
mod expiry;
mod export_memory;
mod exports;
mod family;
mod internal_users;
mod limits;
mod office;
mod own_account;
mod passwords;
mod pool;
mod routes;
mod sessions;
mod superadmins;
mod support;
mod suspensions;
mod told_contexts;
mod triggers;
mod world;
