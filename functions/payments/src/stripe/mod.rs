//! Stripe, as far as we use it.
//!
//! ```text
//! mod        the port: what use cases ask of Stripe, in our own words
//! api        the port over HTTP: which endpoint and parameters each request has
//! billing    subscriptions, checkout pages, invoices and the portal, over HTTP
//! cards      customers and their cards, over HTTP
//! connect    the port for what lies in a tutor's own account: onboarding, payouts
//! client     one request: key, version, idempotency, time-out, safe retries, errors
//! retry      whether a request is sent again, and when
//! shapes     Stripe's answers as we read them
//! movements  Stripe's list of what moved the platform's balance
//! signature  whether a webhook comes from Stripe
//! ```

mod api;
mod billing;
mod billing_shapes;
mod cards;
mod client;
mod connect;
mod movements;
mod retry;
mod shapes;
pub mod signature;

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::payments::{
    AccountSeen, Call, DisputeSeen, IntentSeen, Payment, PayoutAccount, RefundSeen,
};
use lectern_runtime::{Fault, Problem};
use serde::Serialize;

pub use api::StripeApi;
pub use billing::{Billing, CheckoutSeen, CheckoutState, PaidInvoice, PriceSeen, ReturnUrls};
pub use cards::{Cards, SavedCard, Setup, Wallet};
pub use client::{ClientConfig, Secret};
pub use connect::{AccountBalance, Connect, OnboardingLink, OnboardingUrls};

/// What Stripe has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// Made or cancelled an intent, which now looks so.
    Intent(IntentSeen),
    /// Made something else with this id.
    Made(String),
}

/// One movement of the platform's balance at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StripeMovement {
    /// Stripe's id of it.
    pub id: String,
    /// Stripe's type: `charge`, `refund`, `transfer` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Stripe's id of what moved the money; some types have none.
    pub source: Option<String>,
    /// ISO 4217 code.
    pub currency: String,
    /// Minor units; what leaves the balance is negative.
    pub amount: i64,
    /// What Stripe kept of it.
    pub fee: i64,
    /// `amount - fee`.
    pub net: i64,
    /// When.
    pub created_at: Timestamp,
}

/// Some of them, newest first.
#[derive(Clone, Debug)]
pub struct MovementPage {
    /// The movements.
    pub movements: Vec<StripeMovement>,
    /// Whether older ones follow.
    pub has_more: bool,
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
    // Without Stripe's words: they may repeat what was asked, an address for example, and this is logged.
    #[error("refused with {status}: {kind} {code:?} {decline_code:?}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `card_error`, `invalid_request_error`, …
        kind: String,
        /// Stripe's code.
        code: Option<String>,
        /// The bank's, of a declined card.
        decline_code: Option<String>,
        /// Stripe's words, for a person who looks at this very request; never for the log.
        message: String,
    },
}

impl StripeError {
    /// Nobody knows.
    pub fn unknown(message: impl std::fmt::Display) -> Self {
        Self::Unknown { message: message.to_string(), ended: false }
    }

    /// Stripe has failed for good without having done anything: known, so that the next attempt has another key.
    pub fn not_done(error: &Self) -> Self {
        Self::Refused {
            status: 500,
            kind: "not_done".to_owned(),
            code: None,
            decline_code: None,
            message: error.to_string(),
        }
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
    /// Customers and their cards.
    fn cards(&self) -> &dyn Cards;
    /// Subscriptions and what is sold.
    fn billing(&self) -> &dyn Billing;
    /// A dispute as it is now.
    async fn dispute(&self, id: &str) -> Result<DisputeSeen, StripeError>;
    /// A refund as it is now.
    async fn refund(&self, id: &str) -> Result<RefundSeen, StripeError>;
    /// Gives evidence in a dispute under this idempotency key: Stripe's names of its fields, and their texts.
    async fn give_evidence(
        &self,
        dispute: &str,
        evidence: &[(&'static str, String)],
        submit: bool,
        key: &str,
    ) -> Result<DisputeSeen, StripeError>;
    /// What moved the platform's balance since a moment, newest first, from after a movement on.
    async fn movements(
        &self,
        since: Option<Timestamp>,
        after: Option<&str>,
    ) -> Result<MovementPage, StripeError>;
    /// Connects.
    async fn warm(&self) {}
}
