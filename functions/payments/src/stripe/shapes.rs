//! Stripe's answers, the part of them that we read.

use std::collections::HashMap;

use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{AccountSeen, IntentSeen, IntentState};
use serde::Deserialize;

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
enum Expandable<T> {
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
    capabilities: HashMap<String, String>,
    #[serde(default)]
    pub metadata: HashMap<String, String>,
}

impl From<Account> for AccountSeen {
    fn from(account: Account) -> Self {
        Self {
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
        let sum_of = |currency: Currency| {
            let ours = amounts.iter().filter(|a| a.currency.eq_ignore_ascii_case(currency.as_str()));
            Money::new(ours.map(|a| a.amount).sum(), currency)
        };
        Currency::ALL.iter().copied().map(sum_of).collect()
    }
}
