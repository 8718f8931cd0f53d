//! The money's way out of a payment: release, refund, transfer, reversal; and what to send to Stripe next.

use jiff::Timestamp;
use serde_json::json;

use crate::money::Money;

use super::ledger::{Account, PostingKind};
use super::operation::{Call, Operation, OperationKind, OperationState, Outcome, RefundId};
use super::payment::{Changes, Payment, PaymentError, PaymentStatus};

/// The reversal of what a transfer brought too much because a refund was decided while it was on its way. Not a
/// possible name of a refund.
const EXCESS: &str = "~transfer";
/// A transfer after the first: what was taken back, and is the tutor's again.
const AGAIN: &str = "again";

impl Payment {
    /// The lesson was given and nobody complains: what was not refunded is earned. A second time nothing happens.
    ///
    /// While a dispute is open this is remembered, and follows when it is over; after a lost one nothing may be left.
    pub fn release(&mut self) -> Result<Changes, PaymentError> {
        match self.status {
            PaymentStatus::Disputed => {
                self.release_asked |= !self.released;
                return Ok(Changes::default());
            }
            PaymentStatus::Held | PaymentStatus::PartiallyRefunded if !self.released => {}
            PaymentStatus::Released | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
                return Ok(Changes::default());
            }
            status => return Err(PaymentError::WrongState(status)),
        }
        self.released = true;
        self.release_asked = false;
        self.restate();
        let share = self.share();
        let (escrow, payable) = (Account::Escrow(self.id), Account::TutorPayable(self.tutor_id));
        let moves = [(escrow, payable, share.earnings), (escrow, Account::PlatformRevenue, share.fee)];
        let mut changes = Changes::default();
        changes.post(PostingKind::Release, "", &moves);
        let data = json!({
            "tutorId": self.tutor_id, "amount": self.money(self.remaining()),
            "platformFee": self.money(share.fee), "tutorEarnings": self.money(share.earnings),
        });
        changes.events.push(self.event("payment.released", data));
        Ok(changes)
    }

    /// Decides a refund, before or after the release. The same name again is the same refund.
    pub fn refund(
        &mut self,
        id: &RefundId,
        amount: Money,
        reason: &str,
        now: Timestamp,
    ) -> Result<Changes, PaymentError> {
        if amount.currency != self.currency {
            return Err(PaymentError::AnotherCurrency);
        }
        if amount.amount <= 0 {
            return Err(PaymentError::NoAmount);
        }
        if let Some(known) = self.operation_mut(OperationKind::Refund, id.as_str()) {
            if known.amount != amount.amount {
                return Err(PaymentError::RefundReused);
            }
            if known.state == OperationState::Refused {
                known.reopen(now);
            }
            return Ok(Changes::default());
        }
        if !matches!(
            self.status,
            PaymentStatus::Held
                | PaymentStatus::Released
                | PaymentStatus::PartiallyRefunded
                | PaymentStatus::Refunded
        ) {
            return Err(PaymentError::WrongState(self.status));
        }
        if amount.amount > self.remaining() {
            return Err(PaymentError::RefundTooLarge { remaining: self.money(self.remaining()) });
        }
        Ok(self.give_back(id, amount.amount, reason, now))
    }

    pub(super) fn give_back(&mut self, id: &RefundId, amount: i64, reason: &str, now: Timestamp) -> Changes {
        let before = self.share();
        self.refunded += amount;
        let after = self.share();
        self.restate();
        let mut refund = Operation::new(OperationKind::Refund, id.as_str(), amount, now);
        refund.target.clone_from(&self.charge_id);
        refund.reason = Some(reason.to_owned());
        self.operations.push(refund);

        let mut changes = Changes::default();
        if !self.released {
            let moves = [(Account::Escrow(self.id), Account::Refunds, amount)];
            changes.post(PostingKind::Refund, id.as_str(), &moves);
            return changes;
        }
        let from_tutor = before.earnings - after.earnings;
        let moves = [
            (Account::TutorPayable(self.tutor_id), Account::Refunds, from_tutor),
            (Account::PlatformRevenue, Account::Refunds, before.fee - after.fee),
        ];
        changes.post(PostingKind::Refund, id.as_str(), &moves);
        // Stripe doesn't take the tutor's part back by itself (product.md, Payments).
        self.take_back_excess(id.as_str(), now);
        changes
    }

    fn sum(&self, kind: OperationKind, counts: impl Fn(OperationState) -> bool) -> i64 {
        let of_kind = self.operations.iter().filter(|o| o.kind == kind && counts(o.state));
        of_kind.map(|o| o.amount).sum()
    }

    /// What has arrived at the tutor's account and was not taken back.
    pub fn transferred(&self) -> i64 {
        let is_done = |state| state == OperationState::Done;
        self.sum(OperationKind::Transfer, is_done) - self.sum(OperationKind::Reversal, is_done)
    }

    /// What may lie in the tutor's account: the share of what is earned and not in dispute.
    fn entitled(&self) -> i64 {
        if !self.released {
            return 0;
        }
        let undisputed = (self.remaining() - self.frozen()).max(0);
        self.commission.split(self.money(undisputed)).earnings
    }

    /// What is still to be sent to the tutor's account, when everything is done that was decided.
    fn shortage(&self) -> i64 {
        let sent = self.sum(OperationKind::Transfer, |state| state != OperationState::Refused);
        // Nothing is sent for what is only being taken back: for a moment the tutor would have it twice.
        self.entitled() - sent + self.sum(OperationKind::Reversal, |state| state == OperationState::Done)
    }

    /// Takes back what has arrived at the tutor's account and may not stay there, each part from the transfer that
    /// brought it.
    pub(super) fn take_back_excess(&mut self, reference: &str, now: Timestamp) {
        let arrived = self.sum(OperationKind::Transfer, |state| state == OperationState::Done);
        let mut excess = arrived - self.sum(OperationKind::Reversal, |_| true) - self.entitled();
        let of_kind = |kind| self.operations.iter().filter(move |o| o.kind == kind);
        let mut reversals = Vec::new();
        for transfer in of_kind(OperationKind::Transfer).filter(|o| o.state == OperationState::Done) {
            let back = of_kind(OperationKind::Reversal).filter(|o| o.target == transfer.stripe_id);
            let amount = excess.min(transfer.amount - back.map(|o| o.amount).sum::<i64>());
            if amount > 0 {
                reversals.push((amount, transfer.stripe_id.clone()));
                excess -= amount;
            }
        }
        for (amount, target) in reversals {
            let name = self.unused(OperationKind::Reversal, reference);
            let mut reversal = Operation::new(OperationKind::Reversal, &name, amount, now);
            reversal.target = target;
            self.operations.push(reversal);
        }
    }

    /// The reference, with a number if there is an operation of that name.
    fn unused(&self, kind: OperationKind, reference: &str) -> String {
        let mut name = reference.to_owned();
        let mut number = 1;
        while self.operation(kind, &name).is_some() {
            number += 1;
            name = format!("{reference}~{number}");
        }
        name
    }

    /// Sends the tutor's share to the tutor's account, which must be ready; once, or again after Stripe refused, or
    /// when more has become the tutor's. Nothing is sent while a dispute is open.
    pub fn pay_out(&mut self, account: &str, now: Timestamp) {
        let amount = self.shortage();
        if amount <= 0 || self.is_frozen() {
            return;
        }
        let is_refused =
            |o: &&mut Operation| o.kind == OperationKind::Transfer && o.state == OperationState::Refused;
        if let Some(transfer) = self.operations.iter_mut().find(is_refused) {
            if transfer.is_allowed(now) {
                // Nothing was sent, so what was frozen is free: refunds may have made the share smaller.
                transfer.amount = amount;
                transfer.target = Some(account.to_owned());
                transfer.reopen(now);
            }
            return;
        }
        let is_first = self.operation(OperationKind::Transfer, "").is_none();
        let name = if is_first { String::new() } else { self.unused(OperationKind::Transfer, AGAIN) };
        let mut transfer = Operation::new(OperationKind::Transfer, &name, amount, now);
        transfer.target = Some(account.to_owned());
        self.operations.push(transfer);
    }

    /// Earned by the tutor, and not sent nor being sent.
    pub fn awaits_transfer(&self) -> bool {
        self.shortage() > 0 && !self.is_frozen()
    }

    /// Takes in hand what is to be sent to Stripe next, if anything is and nobody else has it. The payment must be
    /// saved before it is sent.
    pub fn lease_next(&mut self, now: Timestamp) -> Option<Call> {
        let (id, is_frozen) = (self.id, self.is_frozen());
        // While a dispute is open no money goes out.
        let is_due = |o: &&mut Operation| o.is_due(now) && !(is_frozen && o.kind == OperationKind::Refund);
        let due = self.operations.iter_mut().filter(is_due);
        let mut call = due.min_by_key(|o| o.kind).map(|operation| operation.lease(id, now))?;
        // A transfer that may have arrived is looked for, so that it is taken back; if it has not, it is not sent.
        call.stale |= is_frozen && call.kind == OperationKind::Transfer;
        Some(call)
    }

    /// Hears how a call ended. The same news again changes nothing, and old news doesn't undo new ones.
    pub fn settle(&mut self, call: &Call, outcome: &Outcome, now: Timestamp) -> Changes {
        let Some(operation) = self.operation_mut(call.kind, &call.reference) else {
            return Changes::default();
        };
        let is_present = operation.is_open() && operation.attempt == call.attempt;
        match outcome {
            Outcome::Done { .. } if call.attempt <= operation.undone => Changes::default(),
            Outcome::Done { stripe_id } if operation.state != OperationState::Done => {
                operation.amount = call.amount;
                operation.done(stripe_id.clone());
                self.settled(call, now)
            }
            Outcome::Refused { code } if is_present => {
                operation.refused(code, now);
                match call.kind {
                    // There is no intent that could be paid.
                    OperationKind::Create => self.go_on_closing(now),
                    OperationKind::Refund => self.void_refund(&call.reference),
                    _ => Changes::default(),
                }
            }
            Outcome::Unknown if is_present => {
                operation.not_before = None;
                Changes::default()
            }
            _ => Changes::default(),
        }
    }

    fn settled(&mut self, call: &Call, now: Timestamp) -> Changes {
        let mut changes = Changes::default();
        let connected = Account::TutorConnected(self.tutor_id);
        match call.kind {
            OperationKind::Create | OperationKind::Cancel => {}
            OperationKind::Refund => {
                let moves = [(Account::Refunds, Account::StripeBalance, call.amount)];
                let refund = self.operation(call.kind, &call.reference);
                // A refund that failed after all was settled once before.
                let name = match refund.map_or(0, |o| o.undone) {
                    0 => call.reference.clone(),
                    _ => format!("{}~{}", call.reference, call.attempt),
                };
                let reason = refund.and_then(|o| o.reason.clone());
                changes.post(PostingKind::RefundSettled, &name, &moves);
                let data = json!({
                    "refundId": call.reference, "amount": self.money(call.amount), "reason": reason,
                    "refunded": self.money(self.refunded), "remaining": self.money(self.remaining()),
                });
                changes.events.push(self.event("payment.refunded", data));
            }
            OperationKind::Transfer => {
                let moves = [(connected, Account::StripeBalance, call.amount)];
                changes.post(PostingKind::Transfer, &call.reference, &moves);
                self.take_back_excess(EXCESS, now);
            }
            OperationKind::Reversal => {
                let moves = [(Account::StripeBalance, connected, call.amount)];
                changes.post(PostingKind::Reversal, &call.reference, &moves);
            }
        }
        changes
    }
}
