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
pub mod file;
pub mod form;
pub mod function;
pub mod html;
pub mod http;
pub mod internal;
pub mod log;
pub mod metrics;
#[cfg(feature = "objects")]
pub mod objects;
pub mod openapi;
pub mod problem;
pub mod rate_limit;
pub mod revocation;
mod route;
pub mod services;
#[cfg(any(test, feature = "testing"))]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod use_case;

pub use caller::{
    Admin, Anyone, Guardian, LinkPath, Service, SignedIn, Student, StudentOrTutor, Superadmin, Tutor,
};
pub use consumer::ObjectCreated;
pub use fault::Fault;
pub use file::{File, Pdf, PdfOrCsv};
pub use form::{Form, OneOrMany};
pub use function::{Function, run};
pub use html::Html;
pub use http::{Accepted, Answer, Created, Nothing, Raw, Request};
pub use lambda_runtime::Error;
pub use problem::Problem;
pub use revocation::{AccessToken, Revocations};
pub use services::{Cx, Kit, Need, Services};
pub use use_case::{Method, Trigger, UseCase};
