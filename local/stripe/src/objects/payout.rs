//! Payouts: money that goes from a connected account's balance to its owner's bank.
//!
//! ```text
//! pending -> in_transit -> paid        a bank may give it back even then: failed
//!    |            `-----> failed
//!    `-> canceled
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::balance::{self, Movement};
use super::{Account, Kind, Object, Reply, bank_account};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// Banks take two days; a local stand-in can't.
const IN_TRANSIT_AFTER_SECONDS: i64 = 1;
const ARRIVES_AFTER_SECONDS: i64 = 2;
/// What Stripe announces.
const ARRIVAL_SECONDS: i64 = 2 * 24 * 60 * 60;

/// Money on its way to a bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/payouts/object")]
pub struct Payout {
    pub id: String,
    pub amount: i64,
    pub arrival_date: i64,
    pub balance_transaction: Option<String>,
    pub created: i64,
    pub currency: String,
    pub description: Option<String>,
    pub destination: Option<String>,
    pub failure_balance_transaction: Option<String>,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    pub metadata: Metadata,
    pub method: String,
    pub statement_descriptor: Option<String>,
    pub status: String,
    /// Whose balance it leaves.
    #[serde(rename = "_account")]
    pub account: Option<String>,
}

/// `POST /v1/payouts`
///
/// # Errors
/// Its parameters are not acceptable, the account can't be paid out, or has less.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "amount",
        "currency",
        "description",
        "destination",
        "metadata",
        "metadata[*]",
        "method",
        "source_type",
        "statement_descriptor",
    ])?;
    let amount = params.positive("amount")?.ok_or_else(|| Failure::MissingParameter("amount".to_owned()))?;
    let currency = money::currency(&params.required_text("currency")?)
        .map_err(|message| Failure::invalid("currency", message))?;
    params.choice("source_type", &["bank_account", "card", "fpx"])?;
    if params.choice("method", &["instant", "standard"])?.as_deref() == Some("instant") {
        let message = "The bank account or debit card is not eligible for Instant Payouts.".to_owned();
        return Err(Failure::refused(Some("instant_payouts_unsupported"), message));
    }
    let destination = destination(unit, params, &currency)?;
    let available = unit.balances_of(unit.account.as_deref()).get(&currency).copied().unwrap_or_default();
    if amount > available {
        let message = "You have insufficient funds in your Stripe account for this transfer. Your card balance is \
                       too low. You can use the /v1/balance endpoint to view your Stripe balance (for more details, \
                       see stripe.com/docs/api#balance).";
        return Err(Failure::Refused {
            code: Some("balance_insufficient"),
            param: Some("amount"),
            message: message.to_owned(),
            payment_intent: None,
        });
    }
    Ok(make(unit, params, amount, currency, destination)?.into())
}

/// Where it goes: the bank account for the currency, or the one that is named.
fn destination(unit: &Unit, params: &Params, currency: &str) -> Result<String, Failure> {
    let account = unit.account.as_deref().and_then(|id| unit.find::<Account>(id));
    if account.as_ref().is_some_and(|account| !account.payouts_enabled) {
        let message = "Payouts have been disabled on the connected account. Check the account's status to see if \
                       any additional information needs to be provided, or if payouts have been disabled for \
                       another reason.";
        return Err(Failure::refused(Some("payouts_not_allowed"), message.to_owned()));
    }
    let named = params.text("destination")?;
    let found = account
        .as_ref()
        .and_then(|account| bank_account::for_payout(account, currency, named.as_deref()))
        .and_then(|bank| bank["id"].as_str().map(str::to_owned));
    match (found, named) {
        (Some(found), _) => Ok(found),
        (None, Some(id)) => {
            Err(Failure::NoSuch { what: "external account", id, param: "destination", in_path: false })
        }
        (None, None) => {
            let message =
                format!("Sorry, you don't have any external accounts in that currency ({currency}).");
            Err(Failure::Refused { code: None, param: Some("currency"), message, payment_intent: None })
        }
    }
}

fn make(
    unit: &mut Unit,
    params: &Params,
    amount: i64,
    currency: String,
    destination: String,
) -> Result<Payout, Failure> {
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let id = unit.id("po");
    let mut payout = Payout {
        amount,
        arrival_date: unit.now + ARRIVAL_SECONDS,
        balance_transaction: None,
        created: unit.now,
        currency,
        description: params.clearable("description").flatten(),
        destination: Some(destination),
        failure_balance_transaction: None,
        failure_code: None,
        failure_message: None,
        metadata,
        method: "standard".to_owned(),
        statement_descriptor: params.clearable("statement_descriptor").flatten(),
        status: "pending".to_owned(),
        account: unit.account.clone(),
        id,
    };
    payout.balance_transaction = Some(moved(unit, &payout, "payout", "payout", -amount));
    unit.put(payout.clone());
    unit.emit("payout.created", payout.clone());
    Ok(payout)
}

fn moved(
    unit: &mut Unit,
    payout: &Payout,
    kind: &'static str,
    category: &'static str,
    amount: i64,
) -> String {
    let movement = Movement {
        kind,
        reporting_category: category,
        amount,
        fee: 0,
        currency: &payout.currency,
        description: Some("STRIPE PAYOUT".to_owned()),
        source: &payout.id,
    };
    balance::record_for(unit, payout.account.as_deref(), movement)
}

/// `GET /v1/payouts/{payout}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Payout>(path).map(Reply::from)
}

/// `POST /v1/payouts/{payout}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["metadata", "metadata[*]"])?;
    let before: Payout = unit.named(path)?;
    let mut payout = before.clone();
    call.params.change_metadata(&mut payout.metadata)?;
    unit.put(payout.clone());
    unit.emit_change("payout.updated", before, payout.clone());
    Ok(payout.into())
}

/// `POST /v1/payouts/{payout}/cancel`
///
/// # Errors
/// There is none, or it has gone too far.
pub fn cancel(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let before: Payout = unit.named(path)?;
    if before.status != "pending" {
        let message =
            format!("Payouts can only be canceled while they are pending. This one is {}.", before.status);
        return Err(Failure::refused(None, message));
    }
    let mut payout = before.clone();
    "canceled".clone_into(&mut payout.status);
    let back = moved(unit, &payout, "payout_cancel", "payout_reversal", payout.amount);
    payout.failure_balance_transaction = Some(back);
    unit.put(payout.clone());
    unit.emit_change("payout.canceled", before, payout.clone());
    Ok(payout.into())
}

/// `GET /v1/payouts`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["arrival_date", "arrival_date[*]", "destination", "status"])?;
    let destination = call.params.text("destination")?;
    let status = call.params.choice("status", &["pending", "in_transit", "paid", "failed", "canceled"])?;
    page.list(unit, Kind::Payout, "/v1/payouts", |object| {
        let Object::Payout(payout) = object else { return false };
        (destination.is_none() || payout.destination == destination)
            && status.as_ref().is_none_or(|status| payout.status == *status)
    })
}

/// The bank has it on its way.
///
/// # Errors
/// It is no longer pending.
pub fn send(unit: &mut Unit, before: Payout) -> Result<Payout, Failure> {
    if before.status != "pending" {
        return Err(Failure::refused(None, format!("This payout is {}.", before.status)));
    }
    let mut payout = before.clone();
    "in_transit".clone_into(&mut payout.status);
    unit.put(payout.clone());
    unit.emit_change("payout.updated", before, payout.clone());
    Ok(payout)
}

/// It arrives, or, at one of the test numbers that say so, doesn't.
///
/// # Errors
/// It has come to its end already.
pub fn pay(unit: &mut Unit, mut before: Payout) -> Result<Payout, Failure> {
    if before.status == "pending" {
        before = send(unit, before)?;
    }
    if before.status != "in_transit" {
        return Err(Failure::refused(None, format!("This payout is {}.", before.status)));
    }
    let account = before.account.as_deref().and_then(|id| unit.find::<Account>(id));
    let bank = before.destination.as_deref().unwrap_or_default();
    if let Some(code) = account.as_ref().and_then(|account| bank_account::failure(account, bank)) {
        return fail(unit, before, code);
    }
    let mut payout = before.clone();
    "paid".clone_into(&mut payout.status);
    unit.put(payout.clone());
    unit.emit_change("payout.paid", before, payout.clone());
    Ok(payout)
}

/// The bank gives it back, which it may do even after it was paid.
///
/// # Errors
/// It has come to another end already.
pub fn fail(unit: &mut Unit, before: Payout, code: &str) -> Result<Payout, Failure> {
    if ["failed", "canceled"].contains(&before.status.as_str()) {
        return Err(Failure::refused(None, format!("This payout is {}.", before.status)));
    }
    let mut payout = before.clone();
    "failed".clone_into(&mut payout.status);
    payout.failure_code = Some(code.to_owned());
    payout.failure_message = Some(words(code).to_owned());
    let back = moved(unit, &payout, "payout_failure", "payout_reversal", payout.amount);
    payout.failure_balance_transaction = Some(back);
    unit.put(payout.clone());
    unit.emit_change("payout.failed", before, payout.clone());
    Ok(payout)
}

/// Stripe's words for a code (docs.stripe.com/api/payouts/failures).
fn words(code: &str) -> &'static str {
    match code {
        "account_closed" => "The bank account has been closed.",
        "account_frozen" => "The bank account has been frozen.",
        "debit_not_authorized" => {
            "Debit transactions are not approved on your bank account. (Stripe requires bank accounts to be set up \
             for both credit and debit payouts.)"
        }
        "insufficient_funds" => "Your Stripe account has insufficient funds to cover the payout.",
        "invalid_currency" => {
            "The bank was unable to process this payout because of its currency. This is probably because the bank \
             account cannot accept payments in that currency."
        }
        "no_account" => {
            "The bank account details on file are probably incorrect. No bank account could be located with those \
             details."
        }
        _ => "The bank could not process this payout.",
    }
}

/// Moves on what is due, as banks do by themselves.
pub fn move_on(unit: &mut Unit) {
    let open = |payout: &&Payout| ["pending", "in_transit"].contains(&payout.status.as_str());
    let all: Vec<Payout> = unit.all::<Payout>().filter(open).cloned().collect();
    for payout in all {
        let age = unit.now - payout.created;
        let moved = match payout.status.as_str() {
            "pending" if age >= IN_TRANSIT_AFTER_SECONDS => send(unit, payout),
            "in_transit" if age >= ARRIVES_AFTER_SECONDS => pay(unit, payout),
            _ => continue,
        };
        if let Err(failure) = moved {
            tracing::warn!(?failure, "a payout could not be moved on");
        }
    }
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "automatic": false,
        "livemode": false,
        "original_payout": null,
        "reconciliation_status": "not_applicable",
        "reversed_by": null,
        "source_type": "card",
        "type": "bank_account",
    })
}
