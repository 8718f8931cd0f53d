//! The platform's balance: one balance transaction for each movement, and their sum.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::render::Page;
use crate::state::Unit;

/// A movement on the platform's balance.
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

/// Records a movement and gives the id of its balance transaction. The money is available at once.
pub fn record(unit: &mut Unit, movement: Movement) -> String {
    let id = unit.id("txn");
    let fee_details = if movement.fee == 0 {
        json!([])
    } else {
        json!([{
            "amount": movement.fee,
            "application": null,
            "currency": movement.currency,
            "description": "Stripe processing fees",
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
    });
    id
}

/// `GET /v1/balance`
///
/// # Errors
/// It has parameters.
pub fn retrieve_balance(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let balances = unit.balances();
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
    let page = Page::read(call.params, &["currency", "source", "type"])?;
    let currency = call.params.text("currency")?;
    let source = call.params.text("source")?;
    let kind = call.params.text("type")?;
    page.list(unit, Kind::BalanceTransaction, "/v1/balance_transactions", |object| {
        let Object::BalanceTransaction(it) = object else { return false };
        currency.as_ref().is_none_or(|currency| it.currency == *currency)
            && (source.is_none() || it.source == source)
            && kind.as_ref().is_none_or(|kind| it.kind == *kind)
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "balance_type": "payments", "exchange_rate": null })
}
