//! Recomputes everything from the ledger's entries, and compares it with the payments, with each movement of Stripe's
//! balance, and with what Stripe holds.

use lectern_domain::money::{Currency, Money};
use lectern_postgres::{Database, DbError};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Serialize;
use serde_json::Value;

use crate::movements::walk;
use crate::services::{Payments, STRIPE};
use crate::store::ledger::{self, Balance};
use crate::store::{payouts, reconciliation, subscriptions};

/// Tutors' accounts that Stripe is asked about: those that changed last. Each is a call.
const ACCOUNTS_MAX: i64 = 50;

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
    read_stripe(&cx).await?;
    let at_stripe = cx.stripe.balances().await?;
    let accounts = ledger::balances(db).await?;
    let moved = reconciliation::moved(db).await?;
    let mut differences = contradictions(db).await?;
    differences.extend(not_there(&cx).await?);
    differences.extend(uneven(&accounts));
    for Money { amount, currency } in at_stripe {
        let ours = accounts.iter().find(|b| b.account == "stripe_balance" && b.currency == currency);
        let ours = ours.map_or(0, |balance| balance.balance);
        if ours != amount {
            differences.push(format!("Stripe holds {amount} {currency}, the ledger says {ours}"));
        }
        let sum = moved.iter().find(|(of, _)| of == currency.as_str()).map_or(0, |(_, sum)| *sum);
        if sum != amount {
            differences.push(format!("Stripe holds {amount} {currency}, its movements add up to {sum}"));
        }
    }
    Ok(Verified { ok: differences.is_empty(), differences, accounts })
}

/// Accounts of tutors in which Stripe has another sum than our books.
async fn not_there(cx: &Cx<Payments>) -> Result<Vec<String>, Fault> {
    let mut differences = Vec::new();
    for there in payouts::there(&cx.base.db, ACCOUNTS_MAX).await? {
        let account = &there.stripe_account;
        for Money { amount, currency } in cx.connect.account_balance(account).await?.whole {
            let ours = there.amounts.iter().find(|money| money.currency == currency);
            let ours = ours.map_or(0, |money| money.amount);
            if ours != amount {
                differences
                    .push(format!("Stripe has {amount} {currency} in {account}, the ledger says {ours}"));
            }
        }
    }
    Ok(differences)
}

/// Everything that the tables contradict each other in; each part knows one kind of thing.
async fn contradictions(db: &Database) -> Result<Vec<String>, DbError> {
    let mut differences = ledger::unbalanced(db).await?;
    differences.extend(ledger::contradictions(db).await?);
    differences.extend(ledger::parked(db).await?);
    differences.extend(reconciliation::contradictions(db).await?);
    differences.extend(payouts::contradictions(db).await?);
    differences.extend(subscriptions::contradictions(db).await?);
    Ok(differences)
}

/// Brings our copy of Stripe's movements up to this moment.
async fn read_stripe(cx: &Cx<Payments>) -> Result<(), Fault> {
    // A walk that somebody else had begun ends at the moment of its beginning: another one brings the rest.
    for _ in 0..2 {
        let walked = walk(cx).await?;
        if !walked.complete {
            return Err(Fault::transient("there is more at Stripe than one run can read"));
        }
        reconciliation::finish(&cx.base.db, &walked.run, walked.at).await?;
        if !walked.resumed {
            break;
        }
    }
    Ok(())
}

fn uneven(accounts: &[Balance]) -> Vec<String> {
    let sum_of = |currency: Currency| -> i64 {
        accounts.iter().filter(|b| b.currency == currency).map(|b| b.balance).sum()
    };
    let uneven = Currency::ALL.iter().filter(|currency| sum_of(**currency) != 0);
    uneven.map(|currency| format!("the accounts in {currency} don't sum to zero")).collect()
}
