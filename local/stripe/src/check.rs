//! The contract: what Stripe's published OpenAPI, brought to the pinned version, says of each request and each
//! answer. Whatever departs from it is remembered, to be read at `/_stand_in/violations`; nobody is refused for it, so
//! that a test sees what the stand-in does by itself.

mod contract;
mod words;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use contract::Contract;

use crate::params::Params;

/// What was not as Stripe says.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// `POST /v1/refunds`, or the type of an event.
    pub of: String,
    /// `request`, `answer` or `event`.
    pub part: &'static str,
    /// Where in it, and why it isn't right.
    pub reasons: Vec<String>,
}

/// One request and its answer.
pub struct Exchange<'a> {
    /// `POST`
    pub method: &'a str,
    /// `/v1/refunds/re_1`
    pub path: &'a str,
    /// What was asked.
    pub params: &'a Params,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The answer.
    pub body: &'a str,
}

/// Holds what is asked and answered to the contract, if there is one.
#[derive(Default)]
pub struct Check {
    contract: Option<Arc<Contract>>,
    violations: Mutex<Vec<Violation>>,
}

impl Check {
    /// By the contract in that file; without one nothing is looked at.
    ///
    /// # Errors
    /// The file can't be read, or is no contract.
    pub fn by(file: Option<&Path>) -> io::Result<Self> {
        let contract = file.map(Contract::at).transpose()?;
        Ok(Self { contract, violations: Mutex::default() })
    }

    /// Looks at a request that Stripe's secret key signed, and its answer. What was refused isn't held to what may be
    /// asked: that it was refused is right, and the answer says whether in Stripe's shape.
    pub fn exchange(&self, exchange: &Exchange) {
        let Some(contract) = &self.contract else { return };
        let of = format!("{} {}", exchange.method, exchange.path);
        let answer = serde_json::from_str(exchange.body).unwrap_or(Value::Null);
        if !(200..300).contains(&exchange.status) {
            self.remember(&of, "answer", contract.refusal(&answer));
            return;
        }
        let Some(operation) = contract.operation(exchange.method, exchange.path) else {
            self.remember(&of, "request", vec!["Stripe has no such operation".to_owned()]);
            return;
        };
        self.remember(&of, "request", contract.request(operation, &exchange.params.tree()));
        self.remember(&of, "answer", contract.answer(operation, &answer));
    }

    /// Looks at an event as it is delivered: itself, and the object that it is about.
    pub fn event(&self, event: &Value) {
        let Some(contract) = &self.contract else { return };
        let of = event["type"].as_str().unwrap_or_default();
        self.remember(of, "event", contract.object(event));
        self.remember(of, "event", contract.object(&event["data"]["object"]));
    }

    /// All departures so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.lock().clone()
    }

    fn remember(&self, of: &str, part: &'static str, reasons: Vec<String>) {
        if reasons.is_empty() {
            return;
        }
        tracing::warn!(of, part, ?reasons, "not as Stripe's contract says");
        self.lock().push(Violation { of: of.to_owned(), part, reasons });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Violation>> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
