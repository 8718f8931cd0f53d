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

impl Payment {
    /// The lesson was given and nobody complains: what was not refunded is earned. A second time nothing happens.
    pub fn release(&mut self) -> Result<Changes, PaymentError> {
        match self.status {
            PaymentStatus::Held | PaymentStatus::PartiallyRefunded if !self.released => {}
            PaymentStatus::Released | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
                return Ok(Changes::default());
            }
            status => return Err(PaymentError::WrongState(status)),
        }
        self.released = true;
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
        let sent = self.operation(OperationKind::Transfer, "").filter(|o| o.state == OperationState::Done);
        if let Some(transfer) = sent.and_then(|o| o.stripe_id.clone()) {
            self.take_back(id.as_str(), from_tutor, transfer, now);
        }
        changes
    }

    fn take_back(&mut self, reference: &str, amount: i64, transfer: String, now: Timestamp) {
        if amount > 0 {
            let mut reversal = Operation::new(OperationKind::Reversal, reference, amount, now);
            reversal.target = Some(transfer);
            self.operations.push(reversal);
        }
    }

    /// Sends the tutor's share to the tutor's account, which must be ready; once, or again after Stripe refused.
    pub fn pay_out(&mut self, account: &str, now: Timestamp) {
        let amount = self.share().earnings;
        if !self.released || amount == 0 {
            return;
        }
        match self.operation_mut(OperationKind::Transfer, "") {
            Some(transfer) => {
                if transfer.state == OperationState::Refused && transfer.is_allowed(now) {
                    // Nothing was sent, so what was frozen is free: refunds may have made the share smaller.
                    transfer.amount = amount;
                    transfer.target = Some(account.to_owned());
                    transfer.reopen(now);
                }
            }
            None => {
                let mut transfer = Operation::new(OperationKind::Transfer, "", amount, now);
                transfer.target = Some(account.to_owned());
                self.operations.push(transfer);
            }
        }
    }

    /// Earned by the tutor, and not sent nor being sent.
    pub fn awaits_transfer(&self) -> bool {
        let transfer = self.operation(OperationKind::Transfer, "");
        self.released
            && self.share().earnings > 0
            && transfer.is_none_or(|transfer| transfer.state == OperationState::Refused)
    }

    /// Takes in hand what is to be sent to Stripe next, if anything is and nobody else has it. The payment must be
    /// saved before it is sent.
    pub fn lease_next(&mut self, now: Timestamp) -> Option<Call> {
        let id = self.id;
        let due = self.operations.iter_mut().filter(|o| o.is_due(now));
        due.min_by_key(|o| o.kind).map(|operation| operation.lease(id, now))
    }

    /// Hears how a call ended. The same news again changes nothing, and old news doesn't undo new ones.
    pub fn settle(&mut self, call: &Call, outcome: &Outcome, now: Timestamp) -> Changes {
        let Some(operation) = self.operation_mut(call.kind, &call.reference) else {
            return Changes::default();
        };
        let is_present = operation.is_open() && operation.attempt == call.attempt;
        match outcome {
            Outcome::Done { stripe_id } if operation.state != OperationState::Done => {
                operation.amount = call.amount;
                operation.done(stripe_id.clone());
                self.settled(call, stripe_id, now)
            }
            Outcome::Refused { code } if is_present => {
                operation.refused(code, now);
                match call.kind {
                    // There is no intent that could be paid.
                    OperationKind::Create => self.go_on_closing(now),
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

    fn settled(&mut self, call: &Call, stripe_id: &str, now: Timestamp) -> Changes {
        let mut changes = Changes::default();
        let connected = Account::TutorConnected(self.tutor_id);
        match call.kind {
            OperationKind::Create | OperationKind::Cancel => {}
            OperationKind::Refund => {
                let moves = [(Account::Refunds, Account::StripeBalance, call.amount)];
                changes.post(PostingKind::RefundSettled, &call.reference, &moves);
                let reason = self.operation(call.kind, &call.reference).and_then(|o| o.reason.clone());
                let data = json!({
                    "refundId": call.reference, "amount": self.money(call.amount), "reason": reason,
                    "refunded": self.money(self.refunded), "remaining": self.money(self.remaining()),
                });
                changes.events.push(self.event("payment.refunded", data));
            }
            OperationKind::Transfer => {
                changes.post(PostingKind::Transfer, "", &[(connected, Account::StripeBalance, call.amount)]);
                let excess = call.amount - self.share().earnings;
                self.take_back(EXCESS, excess, stripe_id.to_owned(), now);
            }
            OperationKind::Reversal => {
                let moves = [(Account::StripeBalance, connected, call.amount)];
                changes.post(PostingKind::Reversal, &call.reference, &moves);
            }
        }
        changes
    }
}
