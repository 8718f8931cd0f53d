//! Bank accounts of connected accounts: what a payout goes to. They are kept inside their account, as Stripe shows
//! them, and their number only by its last four digits, which are enough to know Stripe's test numbers by.

use serde_json::{Value, json};

use super::{Account, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::Params;
use crate::state::Unit;

/// Stripe's test number whose payouts arrive.
pub const NUMBER_DEFAULT: &str = "000123456789";
const ROUTING_NUMBER_DEFAULT: &str = "110000000";

/// Stripe's test numbers whose payouts fail, by their last four digits, with the code
/// (docs.stripe.com/connect/testing, "Payouts").
const FAILURES: [(&str, &str); 5] = [
    ("1116", "no_account"),
    ("1113", "account_closed"),
    ("2227", "insufficient_funds"),
    ("3335", "debit_not_authorized"),
    ("4440", "invalid_currency"),
];

/// A bank account as it is asked for.
pub struct NewBankAccount {
    /// Two letters.
    pub country: String,
    /// Lower case.
    pub currency: String,
    /// All of its digits.
    pub number: String,
    /// Where it has one.
    pub routing_number: Option<String>,
}

impl NewBankAccount {
    /// What onboarding gives: one in the account's own currency.
    #[must_use]
    pub fn of_onboarding(account: &Account, number: Option<&str>) -> Self {
        Self {
            country: account.country.clone(),
            currency: account.default_currency.clone(),
            number: number.filter(|given| !given.is_empty()).unwrap_or(NUMBER_DEFAULT).to_owned(),
            routing_number: Some(ROUTING_NUMBER_DEFAULT.to_owned()),
        }
    }

    fn read(params: &Params) -> Result<Self, Failure> {
        let name = |leaf: &str| format!("external_account[{leaf}]");
        let text = |leaf: &str| params.required_text(&name(leaf));
        if text("object")? != "bank_account" {
            let message = "Only bank accounts can be given as external accounts here.";
            return Err(Failure::invalid(&name("object"), message));
        }
        let currency = money::currency(&text("currency")?)
            .map_err(|message| Failure::invalid(&name("currency"), message))?;
        let number = text("account_number")?;
        if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) || number.len() < 4 {
            return Err(Failure::InvalidParameter {
                param: name("account_number"),
                code: Some("account_number_invalid"),
                message: "Invalid account number".to_owned(),
            });
        }
        let routing_number = params.text(&name("routing_number"))?;
        Ok(Self { country: text("country")?, currency, number, routing_number })
    }
}

/// Adds a bank account to an account; it becomes the one for its currency.
pub fn add(unit: &mut Unit, account: &mut Account, new: NewBankAccount) -> Value {
    let digits: Vec<char> = new.number.chars().collect();
    let last4: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    let none_due = json!({ "currently_due": [], "errors": [], "past_due": [], "pending_verification": [] });
    let bank_account = json!({
        "id": unit.id("ba"),
        "object": "bank_account",
        "account": account.id,
        "account_holder_name": null,
        "account_holder_type": null,
        "account_type": null,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": new.country,
        "currency": new.currency,
        "default_for_currency": true,
        "fingerprint": unit.random(16),
        "future_requirements": none_due.clone(),
        "last4": last4,
        "metadata": {},
        "requirements": none_due,
        "routing_number": new.routing_number,
        "status": "new",
    });
    if let Some(Value::Array(all)) = account.external_accounts.get_mut("data") {
        for earlier in all.iter_mut().filter(|earlier| earlier["currency"] == bank_account["currency"]) {
            earlier["default_for_currency"] = false.into();
        }
        all.push(bank_account.clone());
    }
    bank_account
}

fn all_of(account: &Account) -> &[Value] {
    account.external_accounts["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The bank account for a currency, or the one that is named.
#[must_use]
pub fn for_payout<'a>(account: &'a Account, currency: &str, named: Option<&str>) -> Option<&'a Value> {
    all_of(account).iter().find(|it| match named {
        Some(id) => it["id"] == id,
        None => it["currency"] == currency && it["default_for_currency"] == true,
    })
}

/// Stripe's code of the failure of every payout to it, if it is one of those.
#[must_use]
pub fn failure(account: &Account, id: &str) -> Option<&'static str> {
    let found = all_of(account).iter().find(|it| it["id"] == id)?;
    FAILURES.iter().find(|(last4, _)| found["last4"] == *last4).map(|(_, code)| *code)
}

/// `POST /v1/accounts/{account}/external_accounts`
///
/// # Errors
/// There is no such account, or its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[
        "external_account[object]",
        "external_account[country]",
        "external_account[currency]",
        "external_account[account_number]",
        "external_account[routing_number]",
        "external_account[account_holder_name]",
        "external_account[account_holder_type]",
    ])?;
    let before = super::account::find(unit, path)?;
    let new = NewBankAccount::read(call.params)?;
    let mut account = before.clone();
    let added = add(unit, &mut account, new);
    unit.put(account.clone());
    unit.emit_change("account.updated", before, account);
    Ok(Reply::Json(added))
}

/// `GET /v1/accounts/{account}/external_accounts`
///
/// # Errors
/// There is no such account.
pub fn list(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["limit", "object"])?;
    let account = super::account::find(unit, path)?;
    Ok(Reply::Json(account.external_accounts))
}
