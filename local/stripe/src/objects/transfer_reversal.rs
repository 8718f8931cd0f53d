//! Reversals: money taken back from a connected account, never more than its transfer brought.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::balance::{self, Movement};
use super::{Kind, Object, Reply, Resource as _, Transfer};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::Metadata;
use crate::render::Page;
use crate::state::Unit;

/// Money taken back from a connected account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/transfer_reversals/object")]
pub struct TransferReversal {
    pub id: String,
    pub amount: i64,
    pub balance_transaction: Option<String>,
    pub created: i64,
    pub currency: String,
    pub destination_payment_refund: Option<String>,
    pub metadata: Metadata,
    pub transfer: String,
}

/// `POST /v1/transfers/{transfer}/reversals`
///
/// # Errors
/// Its parameters are not acceptable, or there is less to reverse.
pub fn create(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["amount", "description", "metadata", "metadata[*]", "refund_application_fee"])?;
    let before: Transfer = unit.named(path)?;
    let amount = check_amount(&before, params.positive("amount")?)?;
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;

    let id = unit.id("trr");
    let movement = Movement {
        kind: "transfer_refund",
        reporting_category: "transfer_reversal",
        amount,
        fee: 0,
        currency: &before.currency,
        description: params.clearable("description").flatten(),
        source: &id,
    };
    let balance_transaction = Some(balance::record(unit, movement));
    // The account's balance may go below nothing by it: the platform answers for what its accounts lack.
    let destination_payment_refund = unit.id("pyr");
    let taken = Movement {
        kind: "payment_refund",
        reporting_category: "refund",
        amount: -amount,
        fee: 0,
        currency: &before.currency,
        description: None,
        source: &destination_payment_refund,
    };
    balance::record_for(unit, Some(&before.destination), taken);
    let reversal = TransferReversal {
        balance_transaction,
        id,
        amount,
        created: unit.now,
        currency: before.currency.clone(),
        destination_payment_refund: Some(destination_payment_refund),
        metadata,
        transfer: before.id.clone(),
    };
    let mut transfer = before.clone();
    transfer.amount_reversed += amount;
    transfer.reversed = transfer.amount_reversed == transfer.amount;
    unit.put(reversal.clone());
    unit.put(transfer.clone());
    unit.emit_change("transfer.reversed", before, transfer);
    Ok(reversal.into())
}

fn check_amount(transfer: &Transfer, amount: Option<i64>) -> Result<i64, Failure> {
    let unreversed = transfer.amount - transfer.amount_reversed;
    let amount = amount.unwrap_or(unreversed);
    if unreversed > 0 && amount <= unreversed {
        return Ok(amount);
    }
    let message = if unreversed == 0 {
        format!("Transfer {} is already fully reversed.", transfer.id)
    } else {
        format!(
            "Transfer reversal amount ({}) is greater than unreversed amount on transfer ({})",
            money::written(amount, &transfer.currency),
            money::written(unreversed, &transfer.currency)
        )
    };
    Err(Failure::Refused { code: None, param: Some("amount"), message, payment_intent: None })
}

/// `GET /v1/transfers/{transfer}/reversals/{id}`
///
/// # Errors
/// There is none, or it belongs to another transfer.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    of_path(unit, path).map(Reply::from)
}

/// `POST /v1/transfers/{transfer}/reversals/{id}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["metadata", "metadata[*]"])?;
    let mut reversal = of_path(unit, path)?;
    call.params.change_metadata(&mut reversal.metadata)?;
    unit.put(reversal.clone());
    Ok(reversal.into())
}

fn of_path(unit: &Unit, path: &[&str]) -> Result<TransferReversal, Failure> {
    let transfer: Transfer = unit.named(path)?;
    let id = path.get(1).copied().unwrap_or_default();
    unit.find::<TransferReversal>(id).filter(|reversal| reversal.transfer == transfer.id).ok_or_else(|| {
        Failure::NoSuch { what: TransferReversal::WORD, id: id.to_owned(), param: "id", in_path: true }
    })
}

/// `GET /v1/transfers/{transfer}/reversals`
///
/// # Errors
/// There is no such transfer, or its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let transfer: Transfer = unit.named(path)?;
    let page = Page::read(call.params, &[])?;
    let url = format!("/v1/transfers/{}/reversals", transfer.id);
    page.list(
        unit,
        Kind::TransferReversal,
        &url,
        |object| matches!(object, Object::TransferReversal(reversal) if reversal.transfer == transfer.id),
    )
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "source_refund": null })
}
