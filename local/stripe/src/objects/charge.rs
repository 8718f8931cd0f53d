//! Charges: one attempt to take money from a card.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::payment_method::{Decline, PaymentMethod};
use super::{Kind, Object, PaymentIntent, Reply, confirmation};
use crate::error::Failure;
use crate::http::Call;
use crate::params::Metadata;
use crate::render::Page;
use crate::state::Unit;

/// An attempt to take money from a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/charges/object")]
pub struct Charge {
    pub id: String,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub balance_transaction: Option<String>,
    pub captured: bool,
    pub created: i64,
    pub currency: String,
    pub description: Option<String>,
    #[serde(default)]
    pub disputed: bool,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    pub metadata: Metadata,
    pub outcome: Value,
    pub paid: bool,
    pub payment_intent: Option<String>,
    pub payment_method: Option<String>,
    pub payment_method_details: Value,
    pub receipt_email: Option<String>,
    pub refunded: bool,
    pub statement_descriptor: Option<String>,
    pub statement_descriptor_suffix: Option<String>,
    #[serde(default)]
    pub shipping: Option<Value>,
    pub status: String,
    pub transfer_group: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
}

impl Charge {
    /// A card was charged.
    #[must_use]
    pub fn succeeded(unit: &mut Unit, intent: &PaymentIntent, method: &PaymentMethod) -> Self {
        Self {
            amount_captured: intent.amount,
            captured: true,
            paid: true,
            status: "succeeded".to_owned(),
            ..Self::attempt(unit.id("ch"), unit.now, intent, method, None)
        }
    }

    /// A card was authorized: nothing is taken yet.
    #[must_use]
    pub fn authorized(unit: &mut Unit, intent: &PaymentIntent, method: &PaymentMethod) -> Self {
        Self { amount_captured: 0, captured: false, ..Self::succeeded(unit, intent, method) }
    }

    /// A card was declined.
    #[must_use]
    pub fn failed(unit: &mut Unit, intent: &PaymentIntent, method: &PaymentMethod, decline: Decline) -> Self {
        Self {
            failure_code: Some(decline.code.to_owned()),
            failure_message: Some(decline.message.to_owned()),
            ..Self::attempt(unit.id("ch"), unit.now, intent, method, Some(decline))
        }
    }

    fn attempt(
        id: String,
        now: i64,
        intent: &PaymentIntent,
        method: &PaymentMethod,
        decline: Option<Decline>,
    ) -> Self {
        Self {
            id,
            amount: intent.amount,
            amount_captured: 0,
            amount_refunded: 0,
            balance_transaction: None,
            captured: false,
            created: now,
            currency: intent.currency.clone(),
            description: intent.description.clone(),
            disputed: false,
            failure_code: None,
            failure_message: None,
            metadata: intent.metadata.clone(),
            outcome: confirmation::outcome(decline),
            paid: false,
            payment_intent: Some(intent.id.clone()),
            payment_method: Some(method.id.clone()),
            payment_method_details: details(intent, method),
            receipt_email: intent.receipt_email.clone(),
            refunded: false,
            statement_descriptor: intent.statement_descriptor.clone(),
            statement_descriptor_suffix: intent.statement_descriptor_suffix.clone(),
            shipping: intent.shipping.clone(),
            status: "failed".to_owned(),
            transfer_group: intent.transfer_group.clone(),
            customer: intent.customer.clone(),
        }
    }

    /// What may still be refunded, or transferred onwards. What an authorization had and its capture left counts as
    /// refunded, as it does at Stripe.
    #[must_use]
    pub fn unrefunded(&self) -> i64 {
        if self.captured { self.amount - self.amount_refunded } else { 0 }
    }
}

fn details(intent: &PaymentIntent, method: &PaymentMethod) -> Value {
    let mut card = method.card.clone();
    if let Value::Object(card) = &mut card {
        for name in ["display_brand", "generated_from", "networks", "three_d_secure_usage"] {
            card.remove(name);
        }
        card.insert("amount_authorized".to_owned(), intent.amount.into());
        card.insert("installments".to_owned(), Value::Null);
        card.insert("mandate".to_owned(), Value::Null);
        card.insert("network".to_owned(), method.card["brand"].clone());
        card.insert("three_d_secure".to_owned(), Value::Null);
    }
    json!({ "card": card, "type": "card" })
}

/// Stripe's outcome hash.
#[must_use]
pub fn outcome(network_status: &str, reason: Option<&str>, seller_message: &str, kind: &str) -> Value {
    json!({
        "network_status": network_status,
        "reason": reason,
        "risk_level": if kind == "blocked" { "highest" } else { "normal" },
        "risk_score": if kind == "blocked" { 99 } else { 20 },
        "seller_message": seller_message,
        "type": kind,
    })
}

/// `GET /v1/charges/{charge}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Charge>(path).map(Reply::from)
}

/// `POST /v1/charges/{charge}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["description", "metadata", "metadata[*]"])?;
    let before: Charge = unit.named(path)?;
    let mut charge = before.clone();
    if let Some(description) = call.params.clearable("description") {
        charge.description = description;
    }
    call.params.change_metadata(&mut charge.metadata)?;
    unit.put(charge.clone());
    unit.emit_change("charge.updated", before, charge.clone());
    Ok(charge.into())
}

/// `GET /v1/charges`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["customer", "payment_intent", "transfer_group"])?;
    let customer = call.params.text("customer")?;
    let intent = call.params.text("payment_intent")?;
    let group = call.params.text("transfer_group")?;
    page.list(unit, Kind::Charge, "/v1/charges", |object| {
        let Object::Charge(charge) = object else { return false };
        (intent.is_none() || charge.payment_intent == intent)
            && (group.is_none() || charge.transfer_group == group)
            && (customer.is_none() || charge.customer == customer)
    })
}

/// Nobody's billing details.
#[must_use]
pub fn no_billing_details() -> Value {
    json!({
        "address": { "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null },
        "email": null,
        "name": null,
        "phone": null,
        "tax_id": null,
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "billing_details": no_billing_details(),
        "calculated_statement_descriptor": "LECTERN",
        "failure_balance_transaction": null,
        "fraud_details": {},
        "livemode": false,
        "on_behalf_of": null,
        "presentment_details": null,
        "radar_options": {},
        "receipt_number": null,
        "receipt_url": null,
        "review": null,
        "source": null,
        "source_transfer": null,
        "transfer_data": null,
    })
}
