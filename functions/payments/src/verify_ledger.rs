//! Recomputes everything from the ledger's entries, and compares it with the payments and with Stripe.

use lectern_domain::money::{Currency, Money};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Serialize;
use serde_json::Value;

use crate::services::{Payments, STRIPE};
use crate::store::ledger::{self, Balance};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::invoke("verify-ledger", verify_ledger)
        .summary("Recompute the ledger and print each difference, from the payments and from Stripe")
        .needs(&[Need::Database, STRIPE])
}

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    ok: bool,
    /// Each a sentence. While payments are under way, what Stripe has done and not yet answered is one too.
    differences: Vec<String>,
    accounts: Vec<Balance>,
}

async fn verify_ledger(cx: Cx<Payments>, _event: Value) -> Result<Verified, Fault> {
    let db = &cx.base.db;
    // Stripe first: what happens meanwhile is then in the ledger already rather than missing from it.
    let at_stripe = cx.stripe.balances().await?;
    let accounts = ledger::balances(db).await?;
    let mut differences = ledger::unbalanced(db).await?;
    differences.extend(ledger::contradictions(db).await?);
    differences.extend(ledger::parked(db).await?);
    differences.extend(uneven(&accounts));
    for Money { amount, currency } in at_stripe {
        let ours = accounts.iter().find(|b| b.account == "stripe_balance" && b.currency == currency);
        let ours = ours.map_or(0, |balance| balance.balance);
        if ours != amount {
            differences.push(format!("Stripe holds {amount} {currency}, the ledger says {ours}"));
        }
    }
    Ok(Verified { ok: differences.is_empty(), differences, accounts })
}

fn uneven(accounts: &[Balance]) -> Vec<String> {
    let sum_of = |currency: Currency| -> i64 {
        accounts.iter().filter(|b| b.currency == currency).map(|b| b.balance).sum()
    };
    let uneven = Currency::ALL.iter().filter(|currency| sum_of(**currency) != 0);
    uneven.map(|currency| format!("the accounts in {currency} don't sum to zero")).collect()
}
