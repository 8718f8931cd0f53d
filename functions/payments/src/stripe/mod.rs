//! Stripe, as far as we use it.
//!
//! ```text
//! mod        the port: what use cases ask of Stripe, in our own words
//! api        the port over HTTP: which endpoint and parameters each request has
//! client     one request: key, version, idempotency, time-out, safe retries, errors
//! shapes     Stripe's answers as we read them
//! signature  whether a webhook comes from Stripe
//! ```

mod api;
mod client;
mod shapes;
pub mod signature;

use async_trait::async_trait;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::payments::{AccountSeen, Call, IntentSeen, Payment, PayoutAccount};
use lectern_runtime::{Fault, Problem};

pub use api::StripeApi;
pub use client::{ClientConfig, Secret};

/// What Stripe has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// Made or cancelled an intent, which now looks so.
    Intent(IntentSeen),
    /// Made something else with this id.
    Made(String),
}

/// Why there is no answer that says "done".
#[derive(Clone, Debug, thiserror::Error)]
pub enum StripeError {
    /// Nobody knows whether it was done: a time-out, a broken connection, an error of Stripe's, a lock. To be sent
    /// again with the same key.
    #[error("the outcome is unknown: {message}")]
    Unknown {
        /// For the log.
        message: String,
        /// Stripe has stopped working on it and gives the same error again under this key for ever: what it did can
        /// be looked up, and if it did nothing, that is known.
        ended: bool,
    },
    /// Stripe has not done it, and says why.
    #[error("refused with {status}: {kind} {code:?} {decline_code:?}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `card_error`, `invalid_request_error`, …
        kind: String,
        /// Stripe's code.
        code: Option<String>,
        /// The bank's, of a declined card.
        decline_code: Option<String>,
        /// Stripe's words, for the log.
        message: String,
    },
}

impl StripeError {
    /// Nobody knows.
    pub fn unknown(message: impl std::fmt::Display) -> Self {
        Self::Unknown { message: message.to_string(), ended: false }
    }

    /// The most precise code of a refusal.
    pub fn code(&self) -> &str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::Refused { kind, code, decline_code, .. } => {
                decline_code.as_deref().or(code.as_deref()).unwrap_or(kind)
            }
        }
    }
}

impl From<StripeError> for Fault {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Unknown { .. } => Self::transient(error),
            StripeError::Refused { .. } => Self::named(Refused::KIND, error),
        }
    }
}

impl From<StripeError> for Problem {
    fn from(error: StripeError) -> Self {
        Self::unavailable(error)
    }
}

/// The kind of fault of a step that Stripe has refused.
#[derive(Debug)]
pub struct Refused;

impl Refused {
    /// What a state machine matches.
    pub const KIND: &'static str = "StripeRefused";
}

/// What use cases ask of Stripe. A test can put itself between the use case and Stripe here.
#[async_trait]
pub trait Stripe: Send + Sync {
    /// Does what a payment's operation says, under its idempotency key.
    async fn perform(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError>;
    /// What this very attempt has done, if it has done something.
    async fn find(&self, payment: &Payment, call: &Call) -> Result<Option<Performed>, StripeError>;
    /// An intent as it is now.
    async fn intent(&self, id: &str) -> Result<IntentSeen, StripeError>;
    /// Makes a tutor's account, under its idempotency key.
    async fn open_account(&self, account: &PayoutAccount) -> Result<AccountSeen, StripeError>;
    /// The account that was made for a tutor, if one was.
    async fn find_account(&self, tutor: UserId) -> Result<Option<AccountSeen>, StripeError>;
    /// An account as it is now.
    async fn account(&self, id: &str) -> Result<AccountSeen, StripeError>;
    /// What Stripe holds for us, available or not yet, by currency.
    async fn balances(&self) -> Result<Vec<Money>, StripeError>;
    /// Connects.
    async fn warm(&self) {}
}
