//! Balances, the platform's and each connected account's: one balance transaction for each movement, and their sum.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Charge, Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::render::Page;
use crate::state::Unit;

/// A movement on a balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the fields are Stripe's, see docs.stripe.com/api/balance_transactions/object"
)]
pub struct BalanceTransaction {
    pub id: String,
    pub amount: i64,
    pub available_on: i64,
    pub created: i64,
    pub currency: String,
    pub description: Option<String>,
    pub fee: i64,
    pub fee_details: Value,
    pub net: i64,
    pub reporting_category: String,
    pub source: Option<String>,
    pub status: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose balance: a connected account's, or the platform's.
    #[serde(rename = "_account", default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What a balance transaction is made of.
pub struct Movement<'a> {
    /// Stripe's type: `charge`, `refund`, `transfer`…
    pub kind: &'static str,
    /// Stripe's coarser type.
    pub reporting_category: &'static str,
    /// What comes (positive) or goes, before the fee.
    pub amount: i64,
    /// What Stripe keeps.
    pub fee: i64,
    /// The currency.
    pub currency: &'a str,
    /// Words of the source.
    pub description: Option<String>,
    /// The id of what moved the money.
    pub source: &'a str,
}

/// Records a movement on the platform's balance and gives the id of its balance transaction. The money is available
/// at once.
pub fn record(unit: &mut Unit, movement: Movement) -> String {
    record_for(unit, None, movement)
}

/// Records a movement on the balance of a connected account, or of the platform.
pub fn record_for(unit: &mut Unit, account: Option<&str>, movement: Movement) -> String {
    let id = unit.id("txn");
    let fee_details = if movement.fee == 0 {
        json!([])
    } else {
        json!([{
            "amount": movement.fee,
            "application": null,
            "currency": movement.currency,
            "description": if movement.kind == "adjustment" { "Dispute fee" } else { "Stripe processing fees" },
            "type": "stripe_fee",
        }])
    };
    unit.put(BalanceTransaction {
        id: id.clone(),
        amount: movement.amount,
        available_on: unit.now,
        created: unit.now,
        currency: movement.currency.to_owned(),
        description: movement.description,
        fee: movement.fee,
        fee_details,
        net: movement.amount - movement.fee,
        reporting_category: movement.reporting_category.to_owned(),
        source: Some(movement.source.to_owned()),
        status: "available".to_owned(),
        kind: movement.kind.to_owned(),
        account: account.map(str::to_owned),
    });
    id
}

/// Records what a charge brings, with Stripe's fee on it.
pub fn record_charge(unit: &mut Unit, charge: &Charge, amount: i64) -> String {
    let movement = Movement {
        kind: "charge",
        reporting_category: "charge",
        amount,
        fee: money::card_fee(amount),
        currency: &charge.currency,
        description: charge.description.clone(),
        source: &charge.id,
    };
    record(unit, movement)
}

/// What moves the platform's balance without any call of ours, at Stripe itself or by hand on its pages: its type,
/// its coarser type, and what the id of its source begins with.
const PAST_US: [(&str, &str, &str); 5] = [
    ("adjustment", "other_adjustment", "adj"),
    ("payout", "payout", "po"),
    ("reserve_transaction", "risk_reserved_funds", "rt"),
    ("stripe_fee", "fee", "fee"),
    ("topup", "topup", "tu"),
];

/// A movement that nobody asked for through the API, for those who compare their books with Stripe's.
///
/// # Errors
/// The type isn't one of such movements, the currency isn't one of Stripe's, or nothing moves.
pub fn move_past_the_api(
    unit: &mut Unit,
    kind: &str,
    amount: i64,
    currency: &str,
    description: Option<String>,
) -> Result<BalanceTransaction, Failure> {
    let known = PAST_US.iter().find(|(it, ..)| *it == kind);
    let Some((kind, reporting_category, prefix)) = known else {
        let words: Vec<_> = PAST_US.iter().map(|(it, ..)| *it).collect();
        return Err(Failure::invalid("type", format!("Invalid type: must be one of {}", words.join(", "))));
    };
    let currency = money::currency(currency).map_err(|message| Failure::invalid("currency", message))?;
    if amount == 0 {
        return Err(Failure::invalid("amount", "Invalid amount: must not be 0"));
    }
    let source = unit.id(prefix);
    let fee = 0;
    let id = record(
        unit,
        Movement { kind, reporting_category, amount, fee, currency: &currency, description, source: &source },
    );
    unit.find(&id).ok_or(Failure::Internal)
}

/// `GET /v1/balance`
///
/// # Errors
/// It has parameters.
pub fn retrieve_balance(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let balances = unit.balances_of(unit.account.as_deref());
    let amounts = |of: &dyn Fn(i64) -> i64| -> Vec<Value> {
        // Stripe shows the account's own currency even when there is nothing.
        let nothing = balances.is_empty().then_some(("usd", 0));
        let each = balances.iter().map(|(currency, amount)| (currency.as_str(), *amount)).chain(nothing);
        each.map(|(currency, amount)| {
            json!({ "amount": of(amount), "currency": currency, "source_types": { "card": of(amount) } })
        })
        .collect()
    };
    Ok(Reply::Json(json!({
        "object": "balance",
        "available": amounts(&|amount| amount),
        "livemode": false,
        "pending": amounts(&|_| 0),
        "refund_and_dispute_prefunding": { "available": [], "pending": [] },
    })))
}

/// `GET /v1/balance_transactions/{id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<BalanceTransaction>(path).map(Reply::from)
}

/// `GET /v1/balance_transactions`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["currency", "payout", "source", "type"])?;
    let currency = match call.params.text("currency")? {
        Some(given) => {
            Some(money::currency(&given).map_err(|message| Failure::invalid("currency", message))?)
        }
        None => None,
    };
    refuse_payout(unit, call)?;
    let source = call.params.text("source")?;
    let kind = call.params.text("type")?;
    page.list(unit, Kind::BalanceTransaction, "/v1/balance_transactions", |object| {
        let Object::BalanceTransaction(it) = object else { return false };
        currency.as_ref().is_none_or(|currency| it.currency == *currency)
            && (source.is_none() || it.source == source)
            && kind.as_ref().is_none_or(|kind| it.kind == *kind)
    })
}

/// The platform's payouts are none of Stripe's automatic ones here, and only of those Stripe knows the parts.
fn refuse_payout(unit: &Unit, call: &Call) -> Result<(), Failure> {
    let Some(id) = call.params.text("payout")? else { return Ok(()) };
    if unit.get(&id).is_some() {
        let message = "Balance transaction history can only be filtered on automatic transfers, not manual.";
        return Err(Failure::refused(None, message.to_owned()));
    }
    Err(Failure::NoSuch { what: "payout", id, param: "payout", in_path: false })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "balance_type": "payments", "exchange_rate": null })
}
