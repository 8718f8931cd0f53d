//! Stripe's answers, the part of them that we read.

use std::collections::HashMap;

use jiff::Timestamp;
use lectern_domain::id::PaymentId;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{
    AccountSeen, DisputeSeen, DisputeStatus, IntentSeen, IntentState, RefundSeen,
};
use serde::Deserialize;

use super::StripeError;

/// A list; we never need a second page.
#[derive(Deserialize)]
pub(super) struct List<T> {
    pub data: Vec<T>,
}

/// Anything that has an id and our metadata.
#[derive(Deserialize)]
pub(super) struct Made {
    pub id: String,
    #[serde(default)]
    pub metadata: HashMap<String, String>,
    /// Of a refund: it can fail.
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
}

impl Made {
    /// As a refund.
    pub(super) fn seen(self) -> RefundSeen {
        let failure = match self.status.as_deref() {
            Some(status @ ("failed" | "canceled")) => {
                Some(self.failure_reason.unwrap_or_else(|| status.to_owned()))
            }
            _ => None,
        };
        RefundSeen { id: self.id, key: self.metadata.get("operation").cloned(), failure }
    }
}

/// A dispute, its charge expanded or not.
#[derive(Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: i64,
    #[serde(default)]
    balance_transactions: Vec<Movement>,
    charge: Expandable<ChargeOfDispute>,
    created: i64,
    currency: String,
    #[serde(default)]
    evidence_details: EvidenceDetails,
    #[serde(default)]
    payment_intent: Option<String>,
    reason: String,
    status: String,
}

#[derive(Deserialize)]
struct Movement {
    amount: i64,
    fee: i64,
}

#[derive(Deserialize)]
struct ChargeOfDispute {
    id: String,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
struct EvidenceDetails {
    #[serde(default)]
    due_by: Option<i64>,
}

impl Dispute {
    /// As the domain sees it. A status that Stripe has added since is nothing that we could follow.
    pub(super) fn seen(self) -> Result<DisputeSeen, StripeError> {
        let status = DisputeStatus::ALL.iter().copied().find(|status| status.as_str() == self.status);
        let status = status.ok_or_else(|| StripeError::unknown(format!("a dispute is {}", self.status)))?;
        let (charge, metadata) = match self.charge {
            Expandable::Id(id) => (id, HashMap::new()),
            Expandable::Object(charge) => (charge.id, charge.metadata),
        };
        let moved = |counts: fn(i64) -> bool| -> i64 {
            let of_sign =
                self.balance_transactions.iter().map(|it| it.amount).filter(|amount| counts(*amount));
            of_sign.sum::<i64>().abs()
        };
        Ok(DisputeSeen {
            payment: metadata.get("payment_id").and_then(|id| PaymentId::parse(id).ok()),
            charge,
            intent: self.payment_intent,
            amount: self.amount,
            currency: Currency::parse(&self.currency).ok(),
            status,
            reason: self.reason,
            due_by: self.evidence_details.due_by.and_then(|at| Timestamp::from_second(at).ok()),
            opened_at: Timestamp::from_second(self.created).unwrap_or(Timestamp::UNIX_EPOCH),
            withdrawn: moved(|amount| amount < 0),
            reinstated: moved(|amount| amount > 0),
            fee: self.balance_transactions.iter().map(|it| it.fee).sum(),
            moves: i32::try_from(self.balance_transactions.len()).unwrap_or(i32::MAX),
            id: self.id,
        })
    }
}

/// A payment intent, its latest charge expanded or not.
#[derive(Deserialize)]
pub(super) struct Intent {
    id: String,
    client_secret: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    last_payment_error: Option<PaymentErrorMembers>,
    #[serde(default)]
    latest_charge: Option<Expandable<Charge>>,
    #[serde(default)]
    pub metadata: HashMap<String, String>,
}

#[derive(Deserialize)]
struct PaymentErrorMembers {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct Charge {
    id: String,
    #[serde(default)]
    balance_transaction: Option<Expandable<BalanceTransaction>>,
}

#[derive(Deserialize)]
struct BalanceTransaction {
    fee: i64,
}

/// An id, or the object itself where it was asked for.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Id(String),
    Object(T),
}

impl From<Intent> for IntentSeen {
    fn from(intent: Intent) -> Self {
        let declined = intent.last_payment_error;
        let state = match (intent.status.as_str(), intent.latest_charge) {
            ("succeeded", Some(Expandable::Object(charge))) => {
                let fee = match charge.balance_transaction {
                    Some(Expandable::Object(transaction)) => Some(transaction.fee),
                    _ => None,
                };
                IntentState::Succeeded { charge: charge.id, fee }
            }
            ("succeeded", Some(Expandable::Id(charge))) => IntentState::Succeeded { charge, fee: None },
            ("canceled", _) => IntentState::Canceled,
            ("processing", _) => IntentState::Processing,
            ("requires_payment_method", _) => match declined {
                Some(error) => IntentState::Declined {
                    code: error.decline_code.or(error.code).unwrap_or_else(|| "declined".to_owned()),
                },
                None => IntentState::Waiting,
            },
            _ => IntentState::Waiting,
        };
        Self {
            id: intent.id,
            client_secret: intent.client_secret,
            amount: intent.amount,
            currency: Currency::parse(&intent.currency).ok(),
            state,
        }
    }
}

/// A connected account.
#[derive(Deserialize)]
pub(super) struct Account {
    id: String,
    #[serde(default)]
    payouts_enabled: bool,
    #[serde(default)]
    details_submitted: bool,
    #[serde(default)]
    requirements: Option<Requirements>,
    #[serde(default)]
    settings: Option<Settings>,
    #[serde(default)]
    capabilities: HashMap<String, String>,
    #[serde(default)]
    pub metadata: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Requirements {
    #[serde(default)]
    currently_due: Vec<String>,
    #[serde(default)]
    past_due: Vec<String>,
    #[serde(default)]
    disabled_reason: Option<String>,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    payouts: Option<PayoutSettings>,
}

#[derive(Deserialize)]
struct PayoutSettings {
    #[serde(default)]
    schedule: Option<Schedule>,
}

#[derive(Deserialize)]
struct Schedule {
    #[serde(default)]
    interval: String,
}

impl From<Account> for AccountSeen {
    fn from(account: Account) -> Self {
        let requirements = account.requirements.unwrap_or_default();
        let mut due = requirements.past_due;
        due.extend(requirements.currently_due);
        due.sort();
        due.dedup();
        let schedule = account.settings.and_then(|settings| settings.payouts?.schedule);
        Self {
            details_submitted: account.details_submitted,
            due,
            disabled_reason: requirements.disabled_reason,
            is_manual: schedule.is_some_and(|schedule| schedule.interval == "manual"),
            transfers_active: account.capabilities.get("transfers").is_some_and(|status| status == "active"),
            payouts_enabled: account.payouts_enabled,
            id: account.id,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Balance {
    available: Vec<Amount>,
    pending: Vec<Amount>,
}

#[derive(Deserialize)]
struct Amount {
    amount: i64,
    currency: String,
}

impl Balance {
    /// Available and pending together, in our currencies.
    pub(super) fn sums(self) -> Vec<Money> {
        let amounts: Vec<_> = self.available.into_iter().chain(self.pending).collect();
        sums(&amounts)
    }

    /// What is available, in our currencies.
    pub(super) fn available(&self) -> Vec<Money> {
        sums(&self.available)
    }
}

fn sums(amounts: &[Amount]) -> Vec<Money> {
    let sum_of = |currency: Currency| {
        let ours = amounts.iter().filter(|a| a.currency.eq_ignore_ascii_case(currency.as_str()));
        Money::new(ours.map(|a| a.amount).sum(), currency)
    };
    Currency::ALL.iter().copied().map(sum_of).collect()
}
