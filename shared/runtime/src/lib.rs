//! What every function of Lectern needs, whatever it does: the use case as a value, HTTP in and problem+json
//! out, who is calling, events in and out, configuration, logs and metrics.
//!
//! A context describes its use cases with [`UseCase`]; its thin binaries call [`run`]; nothing in here knows
//! any context.

pub mod bus;
pub mod caller;
pub mod clock;
pub mod config;
pub mod consumer;
pub mod fault;
pub mod function;
pub mod http;
pub mod internal;
pub mod log;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod rate_limit;
mod route;
pub mod services;
#[cfg(feature = "testing")]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]
pub mod testing;
pub mod use_case;

pub use caller::{Admin, Anyone, Service, SignedIn, Student, StudentOrTutor, Tutor};
pub use fault::Fault;
pub use function::{Function, run};
pub use http::{Accepted, Answer, Created, Nothing, Raw, Request};
pub use lambda_runtime::Error;
pub use problem::Problem;
pub use services::{Cx, Kit, Need, Services};
pub use use_case::{Method, Trigger, UseCase};
