//! A tutor's account and payouts as their owner sees them.

use jiff::Timestamp;
use lectern_domain::id::{LessonId, PaymentId, PayoutId};
use lectern_domain::money::Money;
use lectern_domain::payments::{
    AccountStatus, PayoutAccount, PayoutSchedule, PayoutStatus, failure_in_words,
};
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;

use crate::statement::{LineKind, Statement};
use crate::store::payouts::Recorded;

/// A tutor's account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutAccountView {
    status: AccountStatus,
    schedule: PayoutSchedule,
    /// When the next payout is due, if there is something to pay out by then.
    next_payout_at: Instant,
    /// What Stripe still wants, in Stripe's words (`external_account`, `individual.verification.document`, …).
    missing: Vec<String>,
    /// Why Stripe has stopped payouts, in Stripe's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
}

impl PayoutAccountView {
    /// At this moment.
    pub fn of(account: &PayoutAccount, now: Timestamp) -> Self {
        Self {
            status: account.status(),
            schedule: account.schedule,
            next_payout_at: account.schedule.next(now).into(),
            missing: account.due.clone(),
            disabled_reason: account.disabled_reason.clone(),
        }
    }
}

/// A payout.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutView {
    /// Its id.
    pub payout_id: PayoutId,
    status: PayoutStatus,
    amount: Money,
    /// What was earned before this moment is in it.
    earned_before: Instant,
    /// When it was decided.
    pub created_at: Instant,
    /// When it is expected at the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrives_at: Option<Instant>,
    /// When it has arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Instant>,
    /// Why it has failed; the money is payable again.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    /// How often it was tried.
    attempt: i32,
}

/// Why a payout has failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// Stripe's code.
    code: String,
    /// A sentence.
    reason: String,
}

impl From<&Recorded> for PayoutView {
    fn from(recorded: &Recorded) -> Self {
        let payout = &recorded.payout;
        let failure = payout
            .failure_code
            .as_ref()
            .map(|code| FailureView { code: code.clone(), reason: failure_in_words(code).to_owned() });
        Self {
            payout_id: payout.id,
            status: payout.status,
            amount: payout.money(),
            earned_before: payout.cutoff,
            created_at: recorded.created_at,
            arrives_at: payout.arrives_at,
            paid_at: payout.paid_at,
            failure,
            attempt: payout.attempt,
        }
    }
}

/// A payout with what led to it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPayoutView {
    payout: PayoutView,
    /// Since when; the moment of the payout before, absent on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Instant>,
    /// What was owed then.
    opening: Money,
    /// What came and went since, until the payout's moment.
    lines: Vec<LineView>,
    /// What was owed at the payout's moment: the sum of all that.
    closing: Money,
    /// What of it is left for the next payout.
    carried_over: Money,
}

/// A movement.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineView {
    at: Instant,
    kind: LineKind,
    /// What it adds to what is owed; below nothing when it takes.
    amount: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lesson_id: Option<LessonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payout_id: Option<PayoutId>,
}

impl From<&Statement> for ExplainedPayoutView {
    fn from(statement: &Statement) -> Self {
        let line = |line: &crate::statement::Line| LineView {
            at: line.at,
            kind: line.kind,
            amount: line.amount,
            payment_id: line.payment_id,
            lesson_id: line.lesson_id,
            payout_id: line.payout_id,
        };
        Self {
            payout: PayoutView::from(&statement.recorded),
            from: statement.from,
            opening: statement.opening,
            lines: statement.lines.iter().map(line).collect(),
            closing: statement.closing,
            carried_over: statement.carried_over(),
        }
    }
}
