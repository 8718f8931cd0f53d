//! The aggregate `Payment`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::NewEvent;
use crate::id::{LessonId, PaymentId, UserId};
use crate::money::{Currency, Money};

use super::admin::AdminAction;
use super::commission::{Commission, Purpose, Split};
use super::dispute::Dispute;
use super::intent::{IntentSeen, IntentState};
use super::ledger::{Account, Posting, PostingKind};
use super::operation::{Operation, OperationKind, OperationState, RefundId};

crate::words! {
    /// State of a payment (product.md, Payments).
    pub enum PaymentStatus {
        /// Waits for the payer.
        RequiresPayment = "requires_payment",
        /// The payer has confirmed, the bank has not answered yet.
        Processing = "processing",
        /// Paid, and nobody's yet.
        Held = "held",
        /// Earned by tutor and platform.
        Released = "released",
        /// A part is the payer's again, refunded or charged back; the rest is held or earned.
        PartiallyRefunded = "partially_refunded",
        /// All is the payer's again.
        Refunded = "refunded",
        /// Declined; can't be paid any more.
        Failed = "failed",
        /// Given up before it was paid.
        Cancelled = "cancelled",
        /// The payer's bank wants the money back, or has got all that was left.
        Disputed = "disputed",
    }
}

impl PaymentStatus {
    /// Whether it can still be paid.
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::RequiresPayment | Self::Processing)
    }
}

crate::words! {
    /// Why a payment is being closed before it is paid.
    pub enum Closing {
        /// The lesson is not wanted any more.
        Requested = "requested",
        /// The card was declined, which ends the payment: the slot is freed.
        Declined = "declined",
    }
}

/// One payer's money for one lesson.
///
/// All amounts are minor units of the one `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Our id; everything at Stripe carries it.
    pub id: PaymentId,
    /// What for.
    pub purpose: Purpose,
    /// The lesson.
    pub lesson_id: LessonId,
    /// Who pays.
    pub payer_id: UserId,
    /// Who earns.
    pub tutor_id: UserId,
    /// For the payer's statement at Stripe; frozen, like everything that an idempotency key stands for.
    pub description: Option<String>,
    /// Currency of every amount here.
    pub currency: Currency,
    /// What is paid.
    pub amount: i64,
    /// The platform's share of it.
    pub platform_fee: i64,
    /// The tutor's share of it: `platform_fee + tutor_earnings = amount`.
    pub tutor_earnings: i64,
    /// The rate under which it was made.
    pub commission: Commission,
    /// The version of the commission policy that the rate comes from; none where it is the stage's default.
    pub commission_version: Option<i64>,
    /// State.
    pub status: PaymentStatus,
    /// Tutor and platform have earned what was not refunded.
    pub released: bool,
    /// What the payer has got or will get back.
    pub refunded: i64,
    /// A release was asked for while a dispute was open: it follows when that is over.
    pub release_asked: bool,
    /// What the payer's bank has taken back for good of what was not refunded.
    pub charged_back: i64,
    /// What it has taken back for good besides, of money that was refunded or is being refunded: the platform's loss.
    pub overdrawn: i64,
    /// What the payer has complained of to the bank.
    pub disputes: Vec<Dispute>,
    /// It is being closed: Stripe has not confirmed yet that it can't be paid any more.
    pub closing: Option<Closing>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// What the payer's client confirms the payment with; kept only as long as it can be used.
    pub client_secret: Option<String>,
    /// Stripe's charge, once paid.
    pub charge_id: Option<String>,
    /// Stripe's fee, once known.
    pub stripe_fee: Option<i64>,
    /// The payer's customer at Stripe when the payment was made; frozen, since the intent is made with it.
    #[serde(default)]
    pub stripe_customer: Option<String>,
    /// Everything that was asked of Stripe.
    pub operations: Vec<Operation>,
    /// Number of the last event.
    pub sequence: i64,
    /// Rises with every change.
    pub revision: i64,
}

/// What a payment is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// What for.
    pub purpose: Purpose,
    /// The lesson.
    pub lesson_id: LessonId,
    /// Who pays.
    pub payer_id: UserId,
    /// Who earns.
    pub tutor_id: UserId,
    /// How much; more than nothing.
    pub amount: Money,
    /// For the payer's statement at Stripe.
    pub description: Option<String>,
}

/// What a method has changed besides the payment itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// What has happened.
    pub events: Vec<NewEvent>,
    /// What goes into the ledger.
    pub postings: Vec<Posting>,
    /// What an admin did.
    pub actions: Vec<AdminAction>,
}

impl Changes {
    /// Both, one after the other.
    pub fn extend(&mut self, more: Self) {
        self.events.extend(more.events);
        self.postings.extend(more.postings);
        self.actions.extend(more.actions);
    }

    pub(super) fn post(&mut self, kind: PostingKind, reference: &str, moves: &[(Account, Account, i64)]) {
        self.postings.extend(Posting::of(kind, reference, moves));
    }
}

/// Why a payment can't do what it was asked to. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// An amount of nothing, or less.
    #[error("the amount must be more than nothing")]
    NoAmount,
    /// Another currency than the payment's.
    #[error("the payment is in another currency")]
    AnotherCurrency,
    /// Not in this state.
    #[error("the payment is {}", .0.as_str())]
    WrongState(PaymentStatus),
    /// More than is left.
    #[error("only {} can still be refunded", .remaining)]
    RefundTooLarge {
        /// What is left.
        remaining: Money,
    },
    /// The refund's name stands for another amount.
    #[error("a refund of this name has another amount")]
    RefundReused,
    /// The intent at Stripe is not this payment's.
    #[error("the intent at Stripe is not this payment's")]
    AnotherIntent,
}

impl Payment {
    /// A new one, whose intent is still to be made at Stripe.
    pub fn new(
        id: PaymentId,
        new: NewPayment,
        commission: Commission,
        now: Timestamp,
    ) -> Result<(Self, Changes), PaymentError> {
        let Money { amount, currency } = new.amount;
        if amount <= 0 {
            return Err(PaymentError::NoAmount);
        }
        let Split { fee, earnings } = commission.split(new.amount);
        let mut payment = Self {
            id,
            purpose: new.purpose,
            lesson_id: new.lesson_id,
            payer_id: new.payer_id,
            tutor_id: new.tutor_id,
            description: new.description,
            currency,
            amount,
            platform_fee: fee,
            tutor_earnings: earnings,
            commission,
            commission_version: None,
            status: PaymentStatus::RequiresPayment,
            released: false,
            refunded: 0,
            release_asked: false,
            charged_back: 0,
            overdrawn: 0,
            disputes: Vec::new(),
            closing: None,
            failure_reason: None,
            client_secret: None,
            charge_id: None,
            stripe_fee: None,
            stripe_customer: None,
            operations: vec![Operation::new(OperationKind::Create, "", amount, now)],
            sequence: 0,
            revision: 0,
        };
        let (fee, earnings) = (payment.money(fee), payment.money(earnings));
        let data = json!({
            "payerId": payment.payer_id, "tutorId": payment.tutor_id, "amount": payment.money(amount),
            "platformFee": fee, "tutorEarnings": earnings,
        });
        let event = payment.event("payment.created", data);
        Ok((payment, Changes { events: vec![event], ..Changes::default() }))
    }

    /// Remembers which version of the commission policy its rate comes from.
    #[must_use]
    pub const fn under(mut self, version: Option<i64>) -> Self {
        self.commission_version = version;
        self
    }

    /// Minor units as money.
    pub const fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.currency)
    }

    /// Whether it is the one that these two agreed on.
    pub fn is_for(&self, payer: UserId, tutor: UserId, amount: Money) -> bool {
        self.payer_id == payer && self.tutor_id == tutor && self.money(self.amount) == amount
    }

    /// Whether nothing of the payer's is held, and nothing will be.
    pub const fn holds_nothing(&self) -> bool {
        matches!(self.status, PaymentStatus::Cancelled | PaymentStatus::Failed | PaymentStatus::Refunded)
    }

    /// What was neither refunded nor charged back.
    pub const fn remaining(&self) -> i64 {
        self.amount - self.refunded - self.charged_back
    }

    /// Whose the remaining money is or will be.
    pub fn share(&self) -> Split {
        self.commission.split(self.money(self.remaining()))
    }

    /// The operation of a kind and reference.
    pub fn operation(&self, kind: OperationKind, reference: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.kind == kind && o.reference == reference)
    }

    pub(super) fn operation_mut(&mut self, kind: OperationKind, reference: &str) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|o| o.kind == kind && o.reference == reference)
    }

    /// Stripe's id of the intent, once known.
    pub fn intent_id(&self) -> Option<&str> {
        self.operation(OperationKind::Create, "")?.stripe_id.as_deref()
    }

    /// Asks for the intent again after Stripe has refused to make it.
    pub fn ask_again(&mut self, now: Timestamp) {
        if !self.status.is_payable() || self.closing.is_some() {
            return;
        }
        if let Some(create) = self.operation_mut(OperationKind::Create, "")
            && create.state == OperationState::Refused
        {
            create.reopen(now);
        }
    }

    /// Gives it up before it is paid. It is over only when Stripe has confirmed that it can't be paid any more:
    /// should the payer have been faster, it becomes `held` instead.
    pub fn close(&mut self, why: Closing, reason: Option<&str>, now: Timestamp) -> Changes {
        if !self.status.is_payable() {
            return Changes::default();
        }
        if self.closing.is_none() {
            self.closing = Some(why);
            self.failure_reason = reason.map(str::to_owned);
        }
        self.go_on_closing(now)
    }

    /// Asks Stripe (again) to make it unpayable, where that is wanted.
    pub fn go_on_closing(&mut self, now: Timestamp) -> Changes {
        if self.closing.is_none() || !self.status.is_payable() {
            return Changes::default();
        }
        let create = self.operation(OperationKind::Create, "");
        match create.map(|create| (create.state, create.stripe_id.clone())) {
            // There may be an intent: its id has to be known first.
            Some((OperationState::Open, _)) => Changes::default(),
            Some((OperationState::Done, Some(intent))) => {
                match self.operation_mut(OperationKind::Cancel, "") {
                    Some(cancel) if cancel.state == OperationState::Refused => cancel.reopen(now),
                    Some(_) => {}
                    None => {
                        let mut cancel = Operation::new(OperationKind::Cancel, "", 0, now);
                        cancel.target = Some(intent);
                        self.operations.push(cancel);
                    }
                }
                Changes::default()
            }
            // Stripe never made one.
            _ => self.unpayable(),
        }
    }

    /// Follows what Stripe says about the intent.
    pub fn observe(&mut self, seen: &IntentSeen, now: Timestamp) -> Result<Changes, PaymentError> {
        self.recognise(seen)?;
        let mut changes = match &seen.state {
            IntentState::Succeeded { charge, fee } => self.charged(charge, *fee, now),
            IntentState::Canceled => self.unpayable(),
            IntentState::Declined { code } => self.close(Closing::Declined, Some(code), now),
            IntentState::Processing => {
                if self.status == PaymentStatus::RequiresPayment {
                    self.status = PaymentStatus::Processing;
                }
                Changes::default()
            }
            IntentState::Waiting => Changes::default(),
        };
        let wants_closing = self.operation(OperationKind::Cancel, "").is_none();
        if wants_closing {
            changes.extend(self.go_on_closing(now));
        }
        if !self.status.is_payable() {
            self.client_secret = None;
        }
        Ok(changes)
    }

    /// Learns the intent's id from whoever brings it first: our own call's answer, or a webhook before it.
    fn recognise(&mut self, seen: &IntentSeen) -> Result<(), PaymentError> {
        if seen.amount != self.amount || seen.currency != Some(self.currency) {
            return Err(PaymentError::AnotherIntent);
        }
        let payable = self.status.is_payable();
        let Some(create) = self.operation_mut(OperationKind::Create, "") else {
            return Err(PaymentError::AnotherIntent);
        };
        match &create.stripe_id {
            Some(known) if *known != seen.id => return Err(PaymentError::AnotherIntent),
            Some(_) => {}
            None => create.done(seen.id.clone()),
        }
        if payable {
            self.client_secret = Some(seen.client_secret.clone());
        }
        Ok(())
    }

    fn charged(&mut self, charge: &str, fee: Option<i64>, now: Timestamp) -> Changes {
        let mut changes = Changes::default();
        if self.charge_id.is_none() {
            let given_up = !self.status.is_payable();
            self.charge_id = Some(charge.to_owned());
            self.status = PaymentStatus::Held;
            self.closing = None;
            if let Some(cancel) = self.operation_mut(OperationKind::Cancel, "") {
                cancel.state = OperationState::Refused;
            }
            let moves = [(Account::StripeBalance, Account::Escrow(self.id), self.amount)];
            changes.post(PostingKind::Charge, charge, &moves);
            if given_up {
                // Nobody waits for this money any more: no captured money without a lesson.
                changes.extend(self.give_back(&RefundId::late_payment(), self.amount, "late_payment", now));
            } else {
                self.failure_reason = None;
                let data = json!({ "amount": self.money(self.amount) });
                let held = self.event("payment.held", data);
                changes.events.push(held);
            }
        }
        if let (None, Some(fee)) = (self.stripe_fee, fee) {
            self.stripe_fee = Some(fee);
            changes.post(
                PostingKind::StripeFee,
                charge,
                &[(Account::StripeFees, Account::StripeBalance, fee)],
            );
        }
        changes
    }

    /// Stripe has confirmed that it can't be paid any more.
    pub(super) fn unpayable(&mut self) -> Changes {
        if !self.status.is_payable() {
            return Changes::default();
        }
        if let Some(intent) = self.intent_id().map(str::to_owned)
            && let Some(cancel) = self.operation_mut(OperationKind::Cancel, "")
        {
            cancel.done(intent);
        }
        self.client_secret = None;
        let reason = match self.closing.take() {
            // Whoever asked for it knows: no event.
            Some(Closing::Requested) => {
                self.status = PaymentStatus::Cancelled;
                return Changes::default();
            }
            Some(Closing::Declined) => {
                self.status = PaymentStatus::Failed;
                self.failure_reason.clone().unwrap_or_else(|| "declined".to_owned())
            }
            // Cancelled at Stripe, by a person or by Stripe itself.
            None => {
                self.status = PaymentStatus::Cancelled;
                "cancelled".to_owned()
            }
        };
        self.failure_reason = Some(reason.clone());
        let event = self.event("payment.failed", json!({ "reason": reason }));
        Changes { events: vec![event], ..Changes::default() }
    }

    pub(super) fn restate(&mut self) {
        let lost = self.charged_back > 0;
        self.status = if self.is_frozen() || lost && self.remaining() == 0 {
            PaymentStatus::Disputed
        } else if self.remaining() == 0 {
            PaymentStatus::Refunded
        } else if self.refunded > 0 || lost {
            PaymentStatus::PartiallyRefunded
        } else if self.released {
            PaymentStatus::Released
        } else {
            PaymentStatus::Held
        };
    }

    /// The next event; every event of a payment names it and its lesson.
    pub(super) fn event(&mut self, kind: &'static str, mut data: Value) -> NewEvent {
        self.sequence += 1;
        data["paymentId"] = json!(self.id);
        data["lessonId"] = json!(self.lesson_id);
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "payment",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}
