//! `platform`: what belongs to no context. The event store, the health of the whole, the contexts' databases.
//!
//! It has no database of its own and publishes nothing.

pub mod event_store;
pub mod get_health;
pub mod health_checks;
pub mod parameters;
pub mod prepare_databases;
pub mod record_event;
pub mod services;

use lectern_runtime::Function;

pub use services::Platform;

/// The context's name.
pub const CONTEXT: &str = "platform";

/// The contexts with a database, in the order of their deployment.
pub const DATABASES: [&str; 4] = ["identity", "tutoring", "booking", "payments"];

/// The table of use cases.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(CONTEXT, record_event::use_case()),
        Function::new(CONTEXT, get_health::use_case()),
        Function::new(CONTEXT, prepare_databases::use_case()),
    ]
}

// Tests of use cases are part of the library's test, and not a test of the package: for those cargo would link
// every thin binary first.
#[cfg(test)]
extern crate self as lectern_platform;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
