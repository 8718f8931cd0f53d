//! A call to Stripe that moves money or state.
//!
//! It is a row before it is sent. Its key is made of the payment, the operation and the attempt, and the attempt
//! advances only after a KNOWN failure: whoever finds it open after a time-out or a crash sends the very same
//! request again, and Stripe does it once (product.md, Payments).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::field::Invalid;
use crate::id::PaymentId;
use crate::time::Instant;

/// How long a sender has an operation to itself: longer than a function lives (30 s).
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(35);
/// Stripe forgets a key after 24 h. What is older is looked up before it is sent again.
pub(super) const KEY_LIFE: SignedDuration = SignedDuration::from_hours(23);
/// Known failures after which a person must look.
const ATTEMPTS_MAX: i32 = 8;

crate::words! {
    /// What is asked of Stripe.
    pub enum OperationKind {
        /// Make the payment intent.
        Create = "create",
        /// Make the payment intent unpayable.
        Cancel = "cancel",
        /// Give money back to the payer.
        Refund = "refund",
        /// Take money back from the tutor's account.
        Reversal = "reversal",
        /// Send the tutor's share.
        Transfer = "transfer",
    }
}

crate::words! {
    /// How an operation stands.
    pub enum OperationState {
        /// Decided. Sent or not: nobody knows until there is an answer.
        Open = "open",
        /// Stripe has done it.
        Done = "done",
        /// Stripe has refused it, and nothing is sent again by itself.
        Refused = "refused",
    }
}

/// The caller's name of a refund; the same name is the same refund.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundId(String);

impl RefundId {
    /// The refund of money that arrived for a payment that had already been given up.
    pub fn late_payment() -> Self {
        Self("late-payment".to_owned())
    }

    /// Reads 1 to 100 letters, digits and `-_.:`; it becomes a part of an idempotency key.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        if text.is_empty() || text.len() > 100 || !text.bytes().all(fine) {
            return Err(Invalid::new("must have 1 to 100 letters, digits, or any of -_.:"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RefundId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(RefundId, "RefundId", { "type": "string", "minLength": 1, "maxLength": 100 });

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What is asked.
    pub kind: OperationKind,
    /// Which of that kind: a refund's name, a reversal's cause.
    pub reference: String,
    /// Minor units; 0 where none move. Frozen while it is open: the same key must carry the same request.
    pub amount: i64,
    /// The Stripe object that it is done to, frozen too: the charge of a refund, the account of a transfer, the
    /// transfer of a reversal.
    pub target: Option<String>,
    /// Why, for a refund.
    pub reason: Option<String>,
    /// Number of the next try; 1 for the first.
    pub attempt: i32,
    /// The last attempt that Stripe did and that failed afterwards, 0 for none: nothing brings it back.
    #[serde(default)]
    pub undone: i32,
    /// How it stands.
    pub state: OperationState,
    /// What Stripe made.
    pub stripe_id: Option<String>,
    /// Why Stripe last refused.
    pub error_code: Option<String>,
    /// Nobody sends it before: somebody has it in hand, or it has just been refused.
    pub not_before: Option<Instant>,
    /// Since when the present attempt may have been sent.
    pub since: Instant,
}

/// A request to Stripe that somebody has taken in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub kind: OperationKind,
    /// Which of that kind.
    pub reference: String,
    /// Minor units.
    pub amount: i64,
    /// The Stripe object that it is done to.
    pub target: Option<String>,
    /// The attempt.
    pub attempt: i32,
    /// The idempotency key.
    pub key: String,
    /// Stripe may have forgotten the key: look for what it did before sending it again.
    pub stale: bool,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stripe has done it and made this.
    Done {
        /// The id of what it made.
        stripe_id: String,
    },
    /// Stripe has not done it, and says why.
    Refused {
        /// Stripe's code.
        code: String,
    },
    /// Nobody knows.
    Unknown,
}

impl Operation {
    /// A new one, in nobody's hand.
    pub(super) fn new(kind: OperationKind, reference: &str, amount: i64, now: Timestamp) -> Self {
        Self {
            kind,
            reference: reference.to_owned(),
            amount,
            target: None,
            reason: None,
            attempt: 1,
            undone: 0,
            state: OperationState::Open,
            stripe_id: None,
            error_code: None,
            not_before: None,
            since: now.into(),
        }
    }

    /// Whether it is decided and not done.
    pub fn is_open(&self) -> bool {
        self.state == OperationState::Open
    }

    /// Whether somebody may send it now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.is_open() && self.is_allowed(now)
    }

    pub(super) fn is_allowed(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|at| at.get() <= now)
    }

    /// Takes it in hand.
    pub(super) fn lease(&mut self, payment: PaymentId, now: Timestamp) -> Call {
        self.not_before = Some((now + LEASE).into());
        self.call(payment, now)
    }

    /// The request that it stands for.
    pub(super) fn call(&self, payment: PaymentId, now: Timestamp) -> Call {
        Call {
            kind: self.kind,
            reference: self.reference.clone(),
            amount: self.amount,
            target: self.target.clone(),
            attempt: self.attempt,
            key: self.key(payment),
            stale: now.duration_since(self.since.get()) > KEY_LIFE,
        }
    }

    fn key(&self, payment: PaymentId) -> String {
        let attempt = self.attempt;
        match self.kind {
            // There is one of each, and a first transfer.
            OperationKind::Create | OperationKind::Cancel => format!("{payment}:{}:{attempt}", self.kind),
            OperationKind::Transfer if self.reference.is_empty() => {
                format!("{payment}:{}:{attempt}", self.kind)
            }
            OperationKind::Refund | OperationKind::Reversal | OperationKind::Transfer => {
                format!("{payment}:{}:{}:{attempt}", self.kind, self.reference)
            }
        }
    }

    /// Which attempt a key is of, if it is one of this operation's.
    pub(super) fn attempt_of(&self, payment: PaymentId, key: &str) -> Option<i32> {
        let attempt = key.rsplit_once(':')?.1.parse().ok()?;
        let of_it = Self { attempt, ..self.clone() };
        (of_it.key(payment) == key).then_some(attempt)
    }

    /// Stripe did it, and later it failed: the payer's bank sent the money back. Doing the same again by itself would
    /// only fail again: somebody has to ask.
    pub(super) fn undo(&mut self, code: &str, now: Timestamp) {
        self.undone = self.attempt;
        self.attempt += 1;
        self.state = OperationState::Refused;
        self.stripe_id = None;
        self.error_code = Some(code.to_owned());
        self.since = now.into();
        self.not_before = None;
    }

    pub(super) fn done(&mut self, stripe_id: String) {
        self.state = OperationState::Done;
        self.stripe_id = Some(stripe_id);
        self.error_code = None;
        self.not_before = None;
    }

    /// A known failure of this attempt. What pays somebody back is tried again by itself, later and later; the
    /// rest waits for somebody to ask again.
    pub(super) fn refused(&mut self, code: &str, now: Timestamp) {
        self.attempt += 1;
        self.error_code = Some(code.to_owned());
        self.since = now.into();
        self.not_before = Some((now + self.backoff()).into());
        let by_itself = matches!(self.kind, OperationKind::Refund | OperationKind::Reversal);
        if !by_itself || self.attempt > ATTEMPTS_MAX {
            self.state = OperationState::Refused;
        }
    }

    /// Asks again after a refusal, at once.
    pub(super) fn reopen(&mut self, now: Timestamp) {
        self.state = OperationState::Open;
        self.not_before = None;
        self.since = now.into();
    }

    /// 1, 2, 4 … minutes, at most about two hours.
    fn backoff(&self) -> SignedDuration {
        let doublings = u32::try_from((self.attempt - 2).clamp(0, 7)).unwrap_or(0);
        SignedDuration::from_mins(1 << doublings)
    }
}
