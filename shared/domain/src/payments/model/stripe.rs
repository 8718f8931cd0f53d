//! Stripe and a payer's bank as arithmetic.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::*;
use crate::money::Currency;

/// What each key did, once, and what came of it.
#[derive(Default)]
pub struct Stripe {
    answers: HashMap<String, Outcome>,
    pub intent: Option<IntentState>,
    pub refunded: i64,
    pub transferred: i64,
    pub reversed: i64,
    pub fee: i64,
    charged: i64,
    refunds: Vec<(RefundSeen, i64)>,
    disputes: Vec<DisputeSeen>,
}

impl Stripe {
    const FEE: i64 = 161;
    const DISPUTE_FEE: i64 = 1_500;

    /// What banks hold or have kept.
    pub fn held(&self) -> i64 {
        self.disputes.iter().map(|d| d.withdrawn - d.reinstated).sum()
    }

    pub fn balance(&self, amount: i64) -> i64 {
        let charged = if matches!(self.intent, Some(IntentState::Succeeded { .. })) { amount } else { 0 };
        let fees = self.fee + self.disputes.iter().map(|d| d.fee).sum::<i64>();
        charged - fees - self.refunded - self.transferred + self.reversed - self.held()
    }

    pub fn send(&mut self, call: &Call, refuse: bool) -> Outcome {
        if let Some(first) = self.answers.get(&call.key) {
            return first.clone();
        }
        let answer = if refuse || !self.can(call) {
            Outcome::Refused { code: "refused".to_owned() }
        } else {
            self.perform(call)
        };
        self.answers.insert(call.key.clone(), answer.clone());
        answer
    }

    /// What a key has done, if it has done something; if not, it never will.
    pub fn find(&mut self, call: &Call) -> Outcome {
        let nothing = Outcome::Refused { code: "not_done".to_owned() };
        match self.answers.get(&call.key) {
            Some(done @ Outcome::Done { .. }) => done.clone(),
            _ => nothing,
        }
    }

    fn can(&self, call: &Call) -> bool {
        match call.kind {
            OperationKind::Cancel => !matches!(self.intent, Some(IntentState::Succeeded { .. })),
            OperationKind::Refund => self.refunded + self.held() + call.amount <= self.charged,
            _ => true,
        }
    }

    fn perform(&mut self, call: &Call) -> Outcome {
        match call.kind {
            // A second intent would be an orphan whose secret nobody knows; the first is the one.
            OperationKind::Create => {
                self.intent.get_or_insert(IntentState::Waiting);
                return Outcome::Done { stripe_id: "stripe_create".to_owned() };
            }
            OperationKind::Cancel => self.intent = Some(IntentState::Canceled),
            OperationKind::Refund => {
                self.refunded += call.amount;
                let (id, key) = (format!("stripe_{}", call.key), Some(call.key.clone()));
                self.refunds.push((RefundSeen { id, key, failure: None }, call.amount));
            }
            OperationKind::Transfer => self.transferred += call.amount,
            OperationKind::Reversal => self.reversed += call.amount,
        }
        Outcome::Done { stripe_id: format!("stripe_{}", call.key) }
    }

    pub fn pay(&mut self, amount: i64) {
        if matches!(self.intent, Some(IntentState::Waiting | IntentState::Declined { .. })) {
            self.intent = Some(IntentState::Succeeded { charge: "ch_1".to_owned(), fee: None });
            self.fee = Self::FEE.min(amount);
            self.charged = amount;
        }
    }

    /// The payer complains: never of more than was charged, but refunded or not.
    pub fn complain(&mut self, amount: i64, only_asks: bool) {
        let amount = amount.min(self.charged - self.held());
        if amount <= 0 || self.disputes.len() >= 4 {
            return;
        }
        self.disputes.push(DisputeSeen {
            id: format!("du_{}", self.disputes.len()),
            payment: None,
            charge: "ch_1".to_owned(),
            intent: None,
            amount,
            currency: Some(Currency::Usd),
            status: DisputeStatus::WarningNeedsResponse,
            reason: "fraudulent".to_owned(),
            due_by: None,
            opened_at: Timestamp::UNIX_EPOCH,
            withdrawn: 0,
            reinstated: 0,
            fee: 0,
            moves: 0,
        });
        if !only_asks {
            self.escalate();
        }
    }

    fn escalate(&mut self) {
        let most = self.charged - self.held();
        let Some(dispute) = self.disputes.last_mut() else { return };
        dispute.amount = dispute.amount.min(most);
        dispute.status = DisputeStatus::NeedsResponse;
        dispute.withdrawn = dispute.amount;
        dispute.fee = Self::DISPUTE_FEE;
        dispute.moves = 1;
    }

    /// The bank decides all that it has open.
    pub fn decide(&mut self, won: bool) {
        for dispute in &mut self.disputes {
            match dispute.status {
                DisputeStatus::WarningNeedsResponse => dispute.status = DisputeStatus::WarningClosed,
                DisputeStatus::NeedsResponse if won => Self::win(dispute),
                DisputeStatus::NeedsResponse => dispute.status = DisputeStatus::Lost,
                _ => {}
            }
        }
    }

    fn win(dispute: &mut DisputeSeen) {
        dispute.status = DisputeStatus::Won;
        dispute.reinstated = dispute.withdrawn;
        dispute.moves += 1;
    }

    /// What was lost is won after all.
    pub fn change_mind(&mut self) {
        self.disputes.iter_mut().filter(|d| d.status == DisputeStatus::Lost).for_each(Self::win);
    }

    pub fn dispute(&self, which: u8) -> Option<DisputeSeen> {
        self.disputes.get(usize::from(which) % self.disputes.len().max(1)).cloned()
    }

    pub fn refund(&self, which: u8) -> Option<RefundSeen> {
        let at = usize::from(which) % self.refunds.len().max(1);
        self.refunds.get(at).map(|(refund, _)| refund.clone())
    }

    /// The payer's bank sends a refund back.
    pub fn fail_refund(&mut self, which: u8) {
        let at = usize::from(which) % self.refunds.len().max(1);
        if let Some((refund, amount)) = self.refunds.get_mut(at)
            && refund.failure.is_none()
        {
            refund.failure = Some("expired_or_canceled_card".to_owned());
            self.refunded -= *amount;
        }
    }
}
