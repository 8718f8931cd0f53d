//! Invoice payments: which payment intent pays which invoice.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::render::Page;
use crate::state::Unit;

/// That a payment intent is to pay, or has paid, an invoice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/invoice-payment/object")]
pub struct InvoicePayment {
    pub id: String,
    pub amount_paid: Option<i64>,
    pub amount_requested: i64,
    pub created: i64,
    pub currency: String,
    pub invoice: String,
    pub payment: Value,
    pub status: String,
    pub status_transitions: Value,
}

impl InvoicePayment {
    /// Of an invoice that is still to be paid.
    #[must_use]
    pub fn open(id: String, now: i64, invoice: &super::Invoice, intent: &str) -> Self {
        Self {
            id,
            amount_paid: None,
            amount_requested: invoice.amount_due,
            created: now,
            currency: invoice.currency.clone(),
            invoice: invoice.id.clone(),
            payment: json!({ "payment_intent": intent, "type": "payment_intent" }),
            status: "open".to_owned(),
            status_transitions: json!({ "canceled_at": null, "paid_at": null }),
        }
    }

    /// The payment intent.
    #[must_use]
    pub fn intent(&self) -> &str {
        self.payment["payment_intent"].as_str().unwrap_or_default()
    }
}

/// The payment of an invoice, if it has one.
#[must_use]
pub fn of_invoice(unit: &Unit, invoice: &str) -> Option<InvoicePayment> {
    unit.every::<InvoicePayment>().into_iter().rev().find(|payment| payment.invoice == invoice)
}

/// The invoice payment that an intent is for, if it is for one.
#[must_use]
pub fn of_intent(unit: &Unit, intent: &str) -> Option<InvoicePayment> {
    unit.every::<InvoicePayment>().into_iter().rev().find(|payment| payment.intent() == intent)
}

/// `GET /v1/invoice_payments/{invoice_payment}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<InvoicePayment>(path).map(Reply::from)
}

/// `GET /v1/invoice_payments`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    let page = Page::read(params, &["invoice", "payment[payment_intent]", "payment[type]", "status"])?;
    let invoice = params.text("invoice")?;
    let kind = params.choice("payment[type]", &["payment_intent"])?;
    let intent = params.text("payment[payment_intent]")?;
    if intent.is_some() && kind.is_none() {
        return Err(Failure::MissingParameter("payment[type]".to_owned()));
    }
    let status = params.choice("status", &["canceled", "open", "paid"])?;
    page.list(unit, Kind::InvoicePayment, "/v1/invoice_payments", |object| {
        let Object::InvoicePayment(payment) = object else { return false };
        invoice.as_ref().is_none_or(|invoice| payment.invoice == *invoice)
            && intent.as_ref().is_none_or(|intent| payment.intent() == intent)
            && status.as_ref().is_none_or(|status| payment.status == *status)
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "is_default": true, "livemode": false })
}
