//! The rules of Lectern, and nothing but the rules.
//!
//! No I/O, no AWS, no clock and no randomness: the time, fresh ids and random bytes come in as arguments, so
//! that every rule can be tested with any input at any moment. Contexts share the kernel at the top of this
//! crate (ids, money, time, pages, events); below it each context has a module of its own, and those modules
//! never use one another.

pub mod country;
pub mod email;
pub mod event;
pub mod field;
pub mod id;
pub mod link;
pub mod money;
pub mod page;
pub mod patch;
pub mod revocation;
pub mod role;
pub mod text;
pub mod time;

pub mod booking;
pub mod identity;
pub mod payments;
pub mod tutoring;
