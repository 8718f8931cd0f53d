//! A payout: what a tutor has earned goes from the tutor's account at Stripe to the tutor's bank.
//!
//! ```text
//! scheduled -> in_transit -> paid      decided, and asked of Stripe; on its way; arrived
//!     |            |          |
//!     `------------+----------`-> failed -> scheduled    by a person, with the next attempt
//! ```
//!
//! The ledger follows: `payout` when it is decided (so nothing is paid out twice, however many runs there are),
//! `payout_paid` when it has arrived, `payout_failed` when it came back. A bank may give money back even after it
//! was paid.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::NewEvent;
use crate::id::{PayoutId, UserId};
use crate::money::{Currency, Money};
use crate::time::Instant;

use super::ledger::{Account, PostingKind};
use super::operation::{KEY_LIFE, LEASE};
use super::payment::Changes;

crate::words! {
    /// How a payout stands.
    pub enum PayoutStatus {
        /// Decided. Asked of Stripe or not: nobody knows until there is an answer.
        Scheduled = "scheduled",
        /// Stripe has it on its way.
        InTransit = "in_transit",
        /// It has arrived.
        Paid = "paid",
        /// It could not be made, or came back.
        Failed = "failed",
    }
}

/// How Stripe shows a payout at the moment it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutSeen {
    /// Stripe's id.
    pub stripe_id: String,
    /// The key of the call that made it, which names the payout and the attempt.
    pub key: String,
    /// Minor units.
    pub amount: i64,
    /// One of ours.
    pub currency: Option<Currency>,
    /// How it stands.
    pub state: PayoutState,
    /// When Stripe expects it at the bank.
    pub arrives_at: Option<Instant>,
}

/// How it stands at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutState {
    /// Pending or in transit.
    OnItsWay,
    /// Arrived.
    Paid,
    /// Failed, or canceled by a person.
    Failed {
        /// Stripe's code.
        code: String,
    },
}

/// What a new payout is made of.
#[derive(Clone, Debug)]
pub struct NewPayout {
    /// Whose.
    pub tutor_id: UserId,
    /// From which account at Stripe.
    pub stripe_account_id: String,
    /// How much.
    pub amount: Money,
    /// What was earned before this moment is in it.
    pub cutoff: Timestamp,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// Its id.
    pub id: PayoutId,
    /// Whose.
    pub tutor_id: UserId,
    /// From which account at Stripe; frozen, like the amount: the same key must carry the same request.
    pub stripe_account_id: String,
    /// Its currency.
    pub currency: Currency,
    /// Minor units, more than nothing.
    pub amount: i64,
    /// What was earned before this moment is in it; with tutor and currency it makes scheduling twice scheduling once.
    pub cutoff: Instant,
    /// How it stands.
    pub status: PayoutStatus,
    /// Number of the present try; 1 for the first. Advances only after a known failure.
    pub attempt: i32,
    /// Stripe's id of the present try.
    pub stripe_payout_id: Option<String>,
    /// Why the last try failed: Stripe's code.
    pub failure_code: Option<String>,
    /// When Stripe expects it at the bank.
    pub arrives_at: Option<Instant>,
    /// When it arrived, as we heard.
    pub paid_at: Option<Instant>,
    /// Nobody sends it before: somebody has it in hand.
    pub not_before: Option<Instant>,
    /// Since when the present try may have been sent.
    pub since: Instant,
    /// Number of the last event.
    pub sequence: i64,
    /// Rises with every change.
    pub revision: i64,
}

/// A request to Stripe that somebody has taken in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutCall {
    /// The idempotency key.
    pub key: String,
    /// The try.
    pub attempt: i32,
    /// Stripe may have forgotten the key: look for what it did before sending it again.
    pub stale: bool,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutOutcome {
    /// Stripe has made it.
    Made(PayoutSeen),
    /// Stripe has not made it, and says why.
    Refused {
        /// Stripe's code.
        code: String,
    },
    /// Nobody knows.
    Unknown,
}

/// Why a payout says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayoutError {
    /// Only a failed one is tried again.
    #[error("the payout is {0}")]
    WrongState(PayoutStatus),
    /// Stripe's object names our payout, and isn't it.
    #[error("Stripe's payout is another one than ours")]
    AnotherPayout,
    /// Nothing, or less, can't be paid out.
    #[error("there is nothing to pay out")]
    NoAmount,
}

impl Payout {
    /// Decides a payout.
    pub fn schedule(id: PayoutId, new: NewPayout, now: Timestamp) -> Result<(Self, Changes), PayoutError> {
        let Money { amount, currency } = new.amount;
        if amount <= 0 {
            return Err(PayoutError::NoAmount);
        }
        let mut payout = Self {
            id,
            tutor_id: new.tutor_id,
            stripe_account_id: new.stripe_account_id,
            currency,
            amount,
            cutoff: new.cutoff.into(),
            status: PayoutStatus::Scheduled,
            attempt: 1,
            stripe_payout_id: None,
            failure_code: None,
            arrives_at: None,
            paid_at: None,
            not_before: None,
            since: now.into(),
            sequence: 0,
            revision: 0,
        };
        let changes = payout.decided();
        Ok((payout, changes))
    }

    /// How much, as money.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Key of the call that makes it.
    pub fn key(&self) -> String {
        format!("{}:payout:{}", self.id, self.attempt)
    }

    /// Takes the call in hand, if there is one to send and nobody else has it. The payout must be saved before it is
    /// sent.
    pub fn lease(&mut self, now: Timestamp) -> Option<PayoutCall> {
        let is_due = self.not_before.is_none_or(|at| at.get() <= now);
        if self.status != PayoutStatus::Scheduled || !is_due {
            return None;
        }
        self.not_before = Some((now + LEASE).into());
        let stale = now.duration_since(self.since.get()) > KEY_LIFE;
        Some(PayoutCall { key: self.key(), attempt: self.attempt, stale })
    }

    /// Hears how a call ended. The same news again changes nothing, and old news doesn't undo new ones.
    pub fn settle(
        &mut self,
        call: &PayoutCall,
        outcome: &PayoutOutcome,
        now: Timestamp,
    ) -> Result<Changes, PayoutError> {
        let is_present = self.status == PayoutStatus::Scheduled && self.attempt == call.attempt;
        match outcome {
            PayoutOutcome::Made(seen) => self.observe(seen, now),
            PayoutOutcome::Refused { code } if is_present => Ok(self.failed(code)),
            PayoutOutcome::Unknown if is_present => {
                self.not_before = Some((now + AGAIN).into());
                Ok(Changes::default())
            }
            _ => Ok(Changes::default()),
        }
    }

    /// Follows what Stripe shows. What an earlier try has come to was known before the present one was made, and
    /// changes nothing.
    pub fn observe(&mut self, seen: &PayoutSeen, now: Timestamp) -> Result<Changes, PayoutError> {
        if seen.key != self.key() {
            return self.of_earlier_attempt(seen);
        }
        let same = self.stripe_payout_id.as_ref().is_none_or(|known| *known == seen.stripe_id);
        if !same || seen.amount != self.amount || seen.currency != Some(self.currency) {
            return Err(PayoutError::AnotherPayout);
        }
        self.stripe_payout_id = Some(seen.stripe_id.clone());
        self.arrives_at = seen.arrives_at.or(self.arrives_at);
        self.not_before = None;
        if self.status == PayoutStatus::Scheduled {
            self.status = PayoutStatus::InTransit;
        }
        match &seen.state {
            PayoutState::Paid if self.status == PayoutStatus::InTransit => Ok(self.paid(now)),
            PayoutState::Failed { code } if self.status != PayoutStatus::Failed => Ok(self.failed(code)),
            _ => Ok(Changes::default()),
        }
    }

    fn of_earlier_attempt(&self, seen: &PayoutSeen) -> Result<Changes, PayoutError> {
        let attempt = seen.key.rsplit_once(':').and_then(|(of, attempt)| {
            (of == format!("{}:payout", self.id)).then(|| attempt.parse::<i32>().ok()).flatten()
        });
        match attempt {
            Some(attempt) if (1..self.attempt).contains(&attempt) => Ok(Changes::default()),
            _ => Err(PayoutError::AnotherPayout),
        }
    }

    /// Sends a failed payout again, with the next attempt. That the money is still there is for the caller to see.
    pub fn retry(&mut self, now: Timestamp) -> Result<Changes, PayoutError> {
        if self.status != PayoutStatus::Failed {
            return Err(PayoutError::WrongState(self.status));
        }
        self.status = PayoutStatus::Scheduled;
        self.attempt += 1;
        self.stripe_payout_id = None;
        self.failure_code = None;
        self.arrives_at = None;
        self.paid_at = None;
        self.not_before = None;
        self.since = now.into();
        Ok(self.decided())
    }

    fn decided(&mut self) -> Changes {
        let moves =
            [(Account::TutorPayable(self.tutor_id), Account::TutorInTransit(self.tutor_id), self.amount)];
        let mut changes = self.posted(PostingKind::Payout, &moves);
        let data = json!({ "attempt": self.attempt, "earnedBefore": self.cutoff });
        changes.events.push(self.event("payout.scheduled", data));
        changes
    }

    fn paid(&mut self, now: Timestamp) -> Changes {
        self.status = PayoutStatus::Paid;
        self.paid_at = Some(now.into());
        let moves =
            [(Account::TutorInTransit(self.tutor_id), Account::TutorConnected(self.tutor_id), self.amount)];
        let mut changes = self.posted(PostingKind::PayoutPaid, &moves);
        changes.events.push(self.event("payout.paid", json!({})));
        changes
    }

    /// Whatever way it had come: it is payable again.
    fn failed(&mut self, code: &str) -> Changes {
        let from = match self.status {
            PayoutStatus::Paid => Account::TutorConnected(self.tutor_id),
            _ => Account::TutorInTransit(self.tutor_id),
        };
        self.status = PayoutStatus::Failed;
        self.failure_code = Some(code.to_owned());
        self.not_before = None;
        self.paid_at = None;
        let moves = [(from, Account::TutorPayable(self.tutor_id), self.amount)];
        let mut changes = self.posted(PostingKind::PayoutFailed, &moves);
        let data = json!({ "code": code, "reason": failure_in_words(code) });
        changes.events.push(self.event("payout.failed", data));
        changes
    }

    /// Each attempt has transactions of its own.
    fn posted(&self, kind: PostingKind, moves: &[(Account, Account, i64)]) -> Changes {
        let mut changes = Changes::default();
        changes.post(kind, &self.attempt.to_string(), moves);
        changes
    }

    fn event(&mut self, kind: &'static str, mut data: Value) -> NewEvent {
        self.sequence += 1;
        data["payoutId"] = json!(self.id);
        data["tutorId"] = json!(self.tutor_id);
        data["amount"] = json!(self.money());
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "payout",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}

/// How long is waited after an answer that never came.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Stripe's code of a failure as a sentence for the tutor (docs.stripe.com/api/payouts/failures).
pub fn failure_in_words(code: &str) -> &'static str {
    match code {
        "account_closed" => "The bank account has been closed.",
        "account_frozen" => "The bank account has been frozen.",
        "bank_account_restricted" => "The bank account can't receive this kind of payment.",
        "bank_ownership_changed" => "The bank account is no longer good, because its bank has changed hands.",
        "canceled" => "The payout was called off.",
        "debit_not_authorized" => "The bank account doesn't allow it.",
        "declined" | "could_not_process" => "The bank could not process the payout.",
        "expired_card" | "invalid_card" | "lost_or_stolen_card" => "The card can't receive payouts.",
        "incorrect_account_holder_name" => "The name of the bank account's holder is not right.",
        "incorrect_account_holder_address" => "The address of the bank account's holder is not right.",
        "incorrect_account_holder_tax_id" => "The tax number of the bank account's holder is not right.",
        "incorrect_account_type" => "The bank account is of another type than it was said to be.",
        "invalid_account_number" => "The number of the bank account is not right.",
        "invalid_currency" => "The bank account can't receive this currency.",
        "no_account" => "There is no bank account with these details.",
        "unsupported_card" => "The bank doesn't take payouts to this card.",
        "payouts_not_allowed" => {
            "Stripe has stopped payouts from your account: see what it still needs from you."
        }
        "balance_insufficient" | "insufficient_funds" => "The money was not available in your account yet.",
        "account_invalid" => "Your account at Stripe is no longer connected with us.",
        _ => "The payout could not be made.",
    }
}
