//! Refunds: money given back to the card, never more than was taken. A refund may make the platform's balance
//! negative, as Stripe's does: the fee of the charge isn't given back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::balance::{self, Movement};
use super::{Charge, Kind, Object, PaymentIntent, Reply, dispute};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// Money given back to a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/refunds/object")]
pub struct Refund {
    pub id: String,
    pub amount: i64,
    pub balance_transaction: Option<String>,
    pub charge: String,
    pub created: i64,
    pub currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_balance_transaction: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    pub metadata: Metadata,
    pub payment_intent: Option<String>,
    pub reason: Option<String>,
    pub status: String,
}

/// `POST /v1/refunds`
///
/// # Errors
/// Its parameters are not acceptable, or there is less to refund.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "amount",
        "charge",
        "metadata",
        "metadata[*]",
        "payment_intent",
        "reason",
        "refund_application_fee",
        "reverse_transfer",
    ])?;
    refuse_destination_charges(params)?;
    let amount = params.positive("amount")?;
    let reason = params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let before = refundable(unit, params)?;
    let amount = check_amount(unit, &before, amount)?;

    let id = unit.id("re");
    let movement = Movement {
        kind: "refund",
        reporting_category: "refund",
        amount: -amount,
        fee: 0,
        currency: &before.currency,
        description: Some("REFUND FOR CHARGE".to_owned()),
        source: &id,
    };
    let balance_transaction = Some(balance::record(unit, movement));
    let refund = Refund {
        id,
        amount,
        balance_transaction,
        charge: before.id.clone(),
        created: unit.now,
        currency: before.currency.clone(),
        failure_balance_transaction: None,
        failure_reason: None,
        metadata,
        payment_intent: before.payment_intent.clone(),
        reason,
        status: "succeeded".to_owned(),
    };
    let mut charge = before.clone();
    charge.amount_refunded += amount;
    charge.refunded = charge.unrefunded() == 0;
    unit.put(refund.clone());
    unit.put(charge.clone());
    unit.emit("refund.created", refund.clone());
    unit.emit_change("charge.refunded", before, charge);
    Ok(refund.into())
}

/// The payer's bank has sent a refund back, which can be long after it succeeded: the money is on the balance again.
///
/// # Errors
/// There is none, or it has failed already.
pub fn fail(unit: &mut Unit, id: &str, reason: &str) -> Result<Refund, Failure> {
    let before: Refund = unit.named(&[id])?;
    if before.status == "failed" {
        let message = format!("Refund {id} has failed already.");
        return Err(Failure::refused(None, message));
    }
    let movement = Movement {
        kind: "refund_failure",
        reporting_category: "refund_failure",
        amount: before.amount,
        fee: 0,
        currency: &before.currency,
        description: Some("REFUND FAILURE".to_owned()),
        source: &before.id,
    };
    let failure_balance_transaction = Some(balance::record(unit, movement));
    let refund = Refund {
        failure_balance_transaction,
        failure_reason: Some(reason.to_owned()),
        status: "failed".to_owned(),
        ..before.clone()
    };
    if let Some(mut charge) = unit.find::<Charge>(&refund.charge) {
        charge.amount_refunded -= refund.amount;
        charge.refunded = false;
        unit.put(charge);
    }
    unit.put(refund.clone());
    unit.emit_change("refund.updated", before.clone(), refund.clone());
    unit.emit_change("charge.refund.updated", before, refund.clone());
    unit.emit("refund.failed", refund.clone());
    Ok(refund)
}

/// Both parameters are for destination charges, which have a transfer or a fee of their own.
fn refuse_destination_charges(params: &Params) -> Result<(), Failure> {
    if params.boolean("reverse_transfer")? == Some(true) {
        let message = "Cannot reverse transfer on a charge that has no associated transfer.";
        return Err(Failure::invalid("reverse_transfer", message));
    }
    if params.boolean("refund_application_fee")? == Some(true) {
        let message = "Cannot refund the application fee of a charge that has no application fee.";
        return Err(Failure::invalid("refund_application_fee", message));
    }
    Ok(())
}

fn refundable(unit: &Unit, params: &Params) -> Result<Charge, Failure> {
    match (params.text("charge")?, params.text("payment_intent")?) {
        (Some(_), Some(_)) => Err(Failure::Malformed(
            "You may only specify one of these parameters: charge, payment_intent.".to_owned(),
        )),
        (None, None) => {
            let message =
                "One of the following params should be provided for this request: payment_intent or charge.";
            Err(Failure::Malformed(message.to_owned()))
        }
        (Some(id), None) => {
            let charge: Charge = unit.given(&id, "charge")?;
            if charge.captured {
                return Ok(charge);
            }
            let message = format!("Charge {id} is not refundable: it has a status of {}.", charge.status);
            Err(Failure::refused(Some("charge_not_refundable"), message))
        }
        (None, Some(id)) => {
            let intent: PaymentIntent = unit.given(&id, "payment_intent")?;
            let charge = intent.latest_charge.as_deref().and_then(|id| unit.find::<Charge>(id));
            charge.filter(|charge| charge.captured).ok_or_else(|| {
                intent.unexpected_state(format!(
                    "This PaymentIntent ({id}) does not have a successful charge to refund."
                ))
            })
        }
    }
}

/// What a bank has taken back, or may, can't be refunded besides.
fn check_amount(unit: &Unit, charge: &Charge, amount: Option<i64>) -> Result<i64, Failure> {
    let disputed = dispute::withdrawn_from(unit, &charge.id);
    let unrefunded = charge.unrefunded() - disputed;
    if disputed > 0 && unrefunded <= 0 {
        let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
        return Err(Failure::refused(Some("charge_disputed"), message));
    }
    if unrefunded == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(Failure::refused(Some("charge_already_refunded"), message));
    }
    let amount = amount.unwrap_or(unrefunded);
    if amount <= unrefunded {
        return Ok(amount);
    }
    let message = format!(
        "Refund amount ({}) is greater than unrefunded amount on charge ({})",
        money::written(amount, &charge.currency),
        money::written(unrefunded, &charge.currency)
    );
    Err(Failure::Refused { code: None, param: Some("amount"), message, payment_intent: None })
}

/// `GET /v1/refunds/{refund}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Refund>(path).map(Reply::from)
}

/// `POST /v1/refunds/{refund}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["metadata", "metadata[*]"])?;
    let before: Refund = unit.named(path)?;
    let mut refund = before.clone();
    call.params.change_metadata(&mut refund.metadata)?;
    unit.put(refund.clone());
    unit.emit_change("refund.updated", before, refund.clone());
    Ok(refund.into())
}

/// `GET /v1/refunds`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["charge", "payment_intent"])?;
    let charge = call.params.text("charge")?;
    let intent = call.params.text("payment_intent")?;
    page.list(unit, Kind::Refund, "/v1/refunds", |object| {
        let Object::Refund(refund) = object else { return false };
        charge.as_ref().is_none_or(|charge| refund.charge == *charge)
            && (intent.is_none() || refund.payment_intent == intent)
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "destination_details": {
            "card": { "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" },
            "type": "card",
        },
        "receipt_number": null,
        "source_transfer_reversal": null,
        "transfer_reversal": null,
    })
}
