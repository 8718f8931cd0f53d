//! A payer's complaint to their bank about a payment, and what follows from it for the payment.
//!
//! A dispute freezes the payment: nothing is released, transferred or refunded while it is open, and the tutor's part
//! of what was transferred is taken back. A won one undoes that; a lost one takes its amount from whoever had it. An
//! inquiry (the bank only asks) takes no money and freezes nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::id::{DisputeId, PaymentId};
use crate::money::Currency;
use crate::time::Instant;

use super::ledger::{Account, PostingKind};
use super::operation::{OperationKind, OperationState};
use super::payment::{Changes, Payment, PaymentError};

crate::words! {
    /// How a dispute stands, in Stripe's words (docs.stripe.com/api/disputes/object). In the order in which it may go on:
    /// what is read late never brings it back.
    pub enum DisputeStatus {
        /// The bank asks, and waits for an answer.
        WarningNeedsResponse = "warning_needs_response",
        /// The bank asks, and reads the answer.
        WarningUnderReview = "warning_under_review",
        /// The bank has asked, and nothing came of it.
        WarningClosed = "warning_closed",
        /// The bank has taken the money, and waits for evidence.
        NeedsResponse = "needs_response",
        /// The bank reads the evidence.
        UnderReview = "under_review",
        /// The charge was refunded instead.
        ChargeRefunded = "charge_refunded",
        /// The money is the payer's.
        Lost = "lost",
        /// The money is back.
        Won = "won",
    }
}

impl DisputeStatus {
    /// Whether the bank only asks.
    pub const fn is_inquiry(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::WarningUnderReview | Self::WarningClosed)
    }

    /// Whether evidence can be given.
    pub const fn awaits_evidence(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::NeedsResponse)
    }
}

crate::words! {
    /// What came of a dispute for the payment.
    pub enum DisputeOutcome {
        /// The money came back.
        Won = "won",
        /// It did not, or not all of it.
        Lost = "lost",
        /// It was an inquiry, and no money has moved.
        Dropped = "dropped",
    }
}

/// One complaint. Amounts are minor units of the payment's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Our id.
    pub id: DisputeId,
    /// Stripe's.
    pub stripe_id: String,
    /// What the payer wants back.
    pub amount: i64,
    /// How it stands.
    pub status: DisputeStatus,
    /// Why, in Stripe's word.
    pub reason: String,
    /// Until when evidence is taken.
    pub due_by: Option<Instant>,
    /// When it was opened.
    pub opened_at: Instant,
    /// What the bank has taken.
    pub withdrawn: i64,
    /// What it has given back.
    pub reinstated: i64,
    /// What Stripe took for its work, less what it gave back.
    pub fee: i64,
    /// How often money has moved: what was read before is known by fewer moves.
    pub moves: i32,
    /// What was booked as lost so far.
    pub lost: i64,
    /// What came of it; none while it is open.
    pub outcome: Option<DisputeOutcome>,
}

/// A dispute as read from Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeSeen {
    /// Stripe's id.
    pub id: String,
    /// The payment that our metadata on the charge names.
    pub payment: Option<PaymentId>,
    /// The charge that it is about.
    pub charge: String,
    /// The intent of that charge.
    pub intent: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// Currency; `None` when it is none of ours.
    pub currency: Option<Currency>,
    /// How it stands.
    pub status: DisputeStatus,
    /// Why, in Stripe's word.
    pub reason: String,
    /// Until when evidence is taken.
    pub due_by: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What the bank has taken, in all.
    pub withdrawn: i64,
    /// What it has given back, in all.
    pub reinstated: i64,
    /// What Stripe took, less what it gave back.
    pub fee: i64,
    /// How often money has moved.
    pub moves: i32,
}

impl Dispute {
    fn new(id: DisputeId, seen: &DisputeSeen) -> Self {
        Self {
            id,
            stripe_id: seen.id.clone(),
            amount: seen.amount,
            status: seen.status,
            reason: seen.reason.clone(),
            due_by: None,
            opened_at: seen.opened_at.into(),
            withdrawn: 0,
            reinstated: 0,
            fee: 0,
            moves: 0,
            lost: 0,
            outcome: None,
        }
    }

    /// Whether it holds the payment's money.
    pub const fn freezes(&self) -> bool {
        self.outcome.is_none() && !self.status.is_inquiry()
    }

    /// What can't be used as long as it is open.
    fn held(&self) -> i64 {
        let taken = self.withdrawn - self.reinstated;
        if self.withdrawn > 0 { taken } else { self.amount }
    }

    /// What came of it, if it is over and all its money has moved.
    fn verdict(&self) -> Option<DisputeOutcome> {
        match self.status {
            DisputeStatus::WarningClosed => Some(DisputeOutcome::Dropped),
            DisputeStatus::ChargeRefunded if self.withdrawn == 0 => Some(DisputeOutcome::Dropped),
            // The bank's money may be on its way still.
            DisputeStatus::Won if self.withdrawn > 0 && self.reinstated == 0 => None,
            DisputeStatus::Won => Some(DisputeOutcome::Won),
            DisputeStatus::Lost => Some(DisputeOutcome::Lost),
            DisputeStatus::ChargeRefunded if self.reinstated < self.withdrawn => Some(DisputeOutcome::Lost),
            DisputeStatus::ChargeRefunded => Some(DisputeOutcome::Won),
            _ => None,
        }
    }

    /// Takes over what was read, and gives what that moves.
    fn follow(&mut self, seen: &DisputeSeen) -> Changes {
        let mut changes = Changes::default();
        self.status = self.status.max(seen.status);
        if seen.moves < self.moves {
            return changes;
        }
        self.amount = seen.amount;
        self.reason.clone_from(&seen.reason);
        self.due_by = seen.due_by.map(Into::into);
        // A number tells a second move of a kind from the first.
        let name = if self.moves == 0 {
            self.stripe_id.clone()
        } else {
            format!("{}~{}", self.stripe_id, seen.moves)
        };
        let (balance, disputes) = (Account::StripeBalance, Account::Disputes);
        let taken = [(disputes, balance, seen.withdrawn - self.withdrawn)];
        changes.post(PostingKind::Dispute, &name, &taken);
        let fee = [(Account::StripeFees, balance, seen.fee - self.fee)];
        changes.post(PostingKind::DisputeFee, &name, &fee);
        let back = [(balance, disputes, seen.reinstated - self.reinstated)];
        changes.post(PostingKind::DisputeWon, &name, &back);
        self.withdrawn = seen.withdrawn;
        self.reinstated = seen.reinstated;
        self.fee = seen.fee;
        self.moves = seen.moves;
        changes
    }
}

impl Payment {
    /// Whether a dispute is open, so that no money may go out.
    pub fn is_frozen(&self) -> bool {
        self.disputes.iter().any(Dispute::freezes)
    }

    /// How much of the payment open disputes hold.
    pub(super) fn frozen(&self) -> i64 {
        self.disputes.iter().filter(|d| d.freezes()).map(Dispute::held).sum()
    }

    /// Follows what Stripe says about a dispute of this payment's charge. `fresh` is its id here, if it is new.
    pub fn observe_dispute(
        &mut self,
        seen: &DisputeSeen,
        fresh: DisputeId,
        now: Timestamp,
    ) -> Result<Changes, PaymentError> {
        if self.charge_id.as_ref() != Some(&seen.charge) {
            return Err(PaymentError::AnotherIntent);
        }
        if seen.currency != Some(self.currency) {
            return Err(PaymentError::AnotherCurrency);
        }
        let before = self.disputes.iter().position(|d| d.stripe_id == seen.id);
        let at = match before {
            Some(at) => at,
            None => {
                self.disputes.push(Dispute::new(fresh, seen));
                self.disputes.len() - 1
            }
        };
        // Here to be changed by itself, and put back at the end of each step that asks the payment.
        let Some(mut dispute) = self.disputes.get(at).cloned() else { return Ok(Changes::default()) };
        let had_begun = before.is_some() && !dispute.status.is_inquiry();
        let mut changes = dispute.follow(seen);
        let begins = !had_begun && !matches!(dispute.verdict(), Some(DisputeOutcome::Dropped));
        let begins = begins && !dispute.status.is_inquiry();
        let verdict = dispute.verdict().filter(|verdict| dispute.outcome != Some(*verdict));
        self.put_dispute(at, dispute.clone());
        if begins {
            let data = json!({
                "disputeId": dispute.id, "amount": self.money(dispute.amount), "reason": dispute.reason,
                "dueBy": dispute.due_by,
            });
            changes.events.push(self.event("payment.disputed", data));
        }
        // What was closed can be open again: an inquiry becomes a dispute, what was lost is looked at once more.
        dispute.outcome = dispute.verdict();
        let lost = if dispute.outcome.is_some() { dispute.withdrawn - dispute.reinstated } else { 0 };
        let more = lost - dispute.lost;
        dispute.lost = lost;
        self.put_dispute(at, dispute.clone());
        if more != 0 {
            let name = format!("{}~{}~{lost}", dispute.stripe_id, dispute.moves);
            changes.extend(self.bear(&name, more));
        }
        self.restate();
        if let Some(verdict @ (DisputeOutcome::Won | DisputeOutcome::Lost)) = verdict {
            let data = json!({
                "disputeId": dispute.id, "outcome": verdict, "amount": self.money(dispute.amount),
                "lost": self.money(dispute.lost),
            });
            changes.events.push(self.event("payment.dispute_closed", data));
        }
        changes.extend(self.go_on_after_dispute()?);
        self.take_back_excess(&format!("~dispute:{}", dispute.stripe_id), now);
        Ok(changes)
    }

    fn put_dispute(&mut self, at: usize, dispute: Dispute) {
        if let Some(place) = self.disputes.get_mut(at) {
            *place = dispute;
        }
    }

    /// What was asked while the dispute was open.
    fn go_on_after_dispute(&mut self) -> Result<Changes, PaymentError> {
        if !self.release_asked || self.is_frozen() || self.remaining() == 0 {
            return Ok(Changes::default());
        }
        self.release()
    }

    /// Takes what a bank keeps for good from whoever has it, or gives it back if the amount is negative: first what is
    /// held or earned, then the platform's own.
    fn bear(&mut self, reference: &str, amount: i64) -> Changes {
        let (before, overdrawn, charged_back) = (self.share(), self.overdrawn, self.charged_back);
        let all = charged_back + overdrawn + amount;
        self.charged_back = all.min(self.amount - self.refunded);
        self.overdrawn = all - self.charged_back;
        let after = self.share();
        let (disputes, revenue) = (Account::Disputes, Account::PlatformRevenue);
        let own = (revenue, disputes, self.overdrawn - overdrawn);
        let mut changes = Changes::default();
        if self.released {
            let tutor = Account::TutorPayable(self.tutor_id);
            let moves = [
                (tutor, disputes, before.earnings - after.earnings),
                (revenue, disputes, before.fee - after.fee),
                own,
            ];
            changes.post(PostingKind::DisputeLost, reference, &moves);
        } else {
            let moves = [(Account::Escrow(self.id), disputes, self.charged_back - charged_back), own];
            changes.post(PostingKind::DisputeLost, reference, &moves);
        }
        let is_stuck = |kind, state| kind == OperationKind::Refund && state == OperationState::Refused;
        let stuck = self.operations.iter().filter(|o| is_stuck(o.kind, o.state));
        let stuck: Vec<_> = stuck.map(|o| o.reference.clone()).collect();
        for name in stuck {
            changes.extend(self.void_refund(&name));
        }
        changes
    }

    /// A refund that Stripe has refused is not owed as far as the payer's bank has taken the same money back.
    pub(super) fn void_refund(&mut self, reference: &str) -> Changes {
        let overdrawn = self.overdrawn;
        let mut changes = Changes::default();
        let Some(refund) = self.operation_mut(OperationKind::Refund, reference) else { return changes };
        let void = refund.amount.min(overdrawn);
        if void <= 0 {
            return changes;
        }
        refund.amount -= void;
        if refund.amount == 0 {
            refund.state = OperationState::Refused;
            refund.not_before = None;
        }
        let left = refund.amount;
        self.refunded -= void;
        self.charged_back += void;
        self.overdrawn -= void;
        self.restate();
        let moves = [(Account::Refunds, Account::PlatformRevenue, void)];
        changes.post(PostingKind::RefundFailed, &format!("{reference}~void~{left}"), &moves);
        changes
    }
}
