//! Invoices of subscriptions: one for each period. They are made, finalised, tried and paid by [`super::billing`].

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::subscription::Subscription;
use super::{Customer, Kind, Object, Reply, billing, saved_method};
use crate::error::Failure;
use crate::http::Call;
use crate::params::Metadata;
use crate::render::{self, Page};
use crate::state::Unit;

/// What one period costs, and whether it is paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/invoices/object")]
pub struct Invoice {
    pub id: String,
    pub amount_due: i64,
    pub amount_paid: i64,
    pub amount_remaining: i64,
    pub attempt_count: i64,
    pub attempted: bool,
    pub auto_advance: bool,
    pub automatically_finalizes_at: Option<i64>,
    pub billing_reason: String,
    pub created: i64,
    pub currency: String,
    pub customer: String,
    pub customer_email: Option<String>,
    pub customer_name: Option<String>,
    pub effective_at: Option<i64>,
    pub ending_balance: Option<i64>,
    pub hosted_invoice_url: Option<String>,
    pub lines: Value,
    pub metadata: Metadata,
    pub next_payment_attempt: Option<i64>,
    pub number: Option<String>,
    pub parent: Value,
    pub period_end: i64,
    pub period_start: i64,
    pub status: Status,
    pub status_transitions: Value,
    pub subtotal: i64,
    pub subtotal_excluding_tax: i64,
    pub test_clock: Option<String>,
    pub total: i64,
    pub total_excluding_tax: i64,
    #[serde(rename = "_subscription")]
    pub subscription: String,
}

/// How an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Can still be changed.
    Draft,
    /// To be paid.
    Open,
    /// Paid.
    Paid,
    /// Nobody has to pay it any more.
    Void,
}

impl Status {
    /// Stripe's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
        }
    }
}

impl Invoice {
    /// Of the present period of a subscription, as a draft.
    pub fn draft(unit: &mut Unit, subscription: &Subscription, reason: &str, now: i64) -> Self {
        let id = unit.id("in");
        let customer = unit.find::<Customer>(&subscription.customer);
        let amount = subscription.terms.amount;
        let (start, end) = subscription.period();
        let is_first = reason == "subscription_create";
        Self {
            lines: lines(unit, subscription, &id),
            amount_due: amount,
            amount_paid: 0,
            amount_remaining: amount,
            attempt_count: 0,
            attempted: false,
            auto_advance: true,
            automatically_finalizes_at: None,
            billing_reason: reason.to_owned(),
            created: now,
            currency: subscription.currency.clone(),
            customer: subscription.customer.clone(),
            customer_email: customer.as_ref().and_then(|customer| customer.email.clone()),
            customer_name: customer.as_ref().and_then(|customer| customer.name.clone()),
            effective_at: None,
            ending_balance: None,
            hosted_invoice_url: None,
            metadata: Metadata::new(),
            next_payment_attempt: None,
            number: None,
            parent: json!({
                "quote_details": null,
                "subscription_details": {
                    "metadata": subscription.metadata, "subscription": subscription.id,
                },
                "type": "subscription_details",
            }),
            // What was used in: at Stripe the period before the invoice, while its line is of the coming one.
            period_end: if is_first { start } else { now },
            period_start: if is_first { start } else { start - (end - start) },
            status: Status::Draft,
            status_transitions: json!({
                "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null,
            }),
            subtotal: amount,
            subtotal_excluding_tax: amount,
            test_clock: subscription.test_clock.clone(),
            total: amount,
            total_excluding_tax: amount,
            subscription: subscription.id.clone(),
            id,
        }
    }

    /// It has to be paid from now on.
    pub fn finalize(&mut self, unit: &Unit, now: i64) {
        let number = unit
            .every::<Self>()
            .iter()
            .filter(|other| other.customer == self.customer && other.number.is_some())
            .count();
        let prefix = unit.find::<Customer>(&self.customer).map(|customer| customer.invoice_prefix);
        self.status = Status::Open;
        self.automatically_finalizes_at = None;
        self.effective_at = Some(now);
        self.ending_balance = Some(0);
        self.number = Some(format!("{}-{:04}", prefix.unwrap_or_default(), number + 1));
        self.hosted_invoice_url = Some(format!("{}/_stand_in/invoices/{}", unit.site, self.id));
        self.status_transitions["finalized_at"] = now.into();
    }
}

fn lines(unit: &mut Unit, subscription: &Subscription, invoice: &str) -> Value {
    let item = &subscription.items["data"][0];
    let (start, end) = subscription.period();
    let terms = &subscription.terms;
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let product = unit.find::<super::Product>(&terms.product).map(|product| product.name);
    let unit_amount = &item["price"]["unit_amount_decimal"];
    let line = json!({
        "id": unit.id("il"),
        "object": "line_item",
        "amount": terms.amount,
        "currency": subscription.currency,
        "description": format!("{quantity} × {} (every {})", product.unwrap_or_default(), terms.interval),
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": invoice,
        "livemode": false,
        "metadata": subscription.metadata,
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null, "proration": false, "proration_details": { "credited_items": null },
                "subscription": subscription.id, "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": { "end": end, "start": start },
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": { "price": terms.price, "product": terms.product }, "type": "price_details",
            "unit_amount_decimal": unit_amount,
        },
        "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
        "subtotal": terms.amount,
        "taxes": [],
    });
    json!({ "object": "list", "data": [line], "has_more": false,
            "url": format!("/v1/invoices/{invoice}/lines") })
}

/// `GET /v1/invoices/{invoice}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Invoice>(path).map(Reply::from)
}

/// `POST /v1/invoices/{invoice}/pay`
///
/// # Errors
/// There is none, it isn't to be paid, or there is nothing to pay with. A declined card is a reply.
pub fn pay(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["off_session", "payment_method"])?;
    let mut invoice: Invoice = unit.named(path)?;
    let off_session = params.boolean("off_session")?.unwrap_or(true);
    let method = match params.text("payment_method")? {
        Some(given) => Some(saved_method::of_customer(unit, &given, &invoice.customer)?.id),
        None => None,
    };
    match invoice.status {
        Status::Paid => return Err(Failure::refused(None, "Invoice is already paid".to_owned())),
        Status::Void => {
            let message = "You can only pay open invoices: this one is void.".to_owned();
            return Err(Failure::refused(None, message));
        }
        Status::Draft => billing::finalize(unit, &mut invoice),
        Status::Open => {}
    }
    match billing::collect(unit, &invoice, method.as_deref(), off_session) {
        Ok(()) => unit.named::<Invoice>(&[&invoice.id]).map(Reply::from),
        Err(declined @ Failure::CardDeclined(_)) => Ok(Reply::Declined(declined)),
        Err(failure) => Err(failure),
    }
}

/// `GET /v1/invoices`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    let page = Page::read(params, &["customer", "status", "subscription"])?;
    let customer = params.text("customer")?;
    let subscription = params.text("subscription")?;
    let status = params.choice("status", &["draft", "open", "paid", "uncollectible", "void"])?;
    page.list(unit, Kind::Invoice, "/v1/invoices", |object| {
        let Object::Invoice(invoice) = object else { return false };
        customer.as_ref().is_none_or(|customer| invoice.customer == *customer)
            && subscription.as_ref().is_none_or(|subscription| invoice.subscription == *subscription)
            && status.as_ref().is_none_or(|status| invoice.status.word() == status)
    })
}

/// The member `payments`, which Stripe shows only to those who expand it.
#[must_use]
pub fn payments(unit: &Unit, invoice: &str) -> Value {
    let all = unit.every::<super::InvoicePayment>().into_iter().rev();
    let of_invoice = all.filter(|payment| payment.invoice == invoice);
    let data: Vec<_> = of_invoice.map(|payment| render::object(&payment.into())).collect();
    json!({ "object": "list", "data": data, "has_more": false,
            "url": format!("/v1/invoice_payments?invoice={invoice}") })
}

/// The member `confirmation_secret`, which Stripe shows only to those who expand it: what the payer's client confirms
/// the invoice's payment with.
#[must_use]
pub fn confirmation_secret(unit: &Unit, invoice: &str) -> Value {
    let open = unit.find::<Invoice>(invoice).is_some_and(|invoice| invoice.status == Status::Open);
    let payment = super::invoice_payment::of_invoice(unit, invoice).filter(|_| open);
    let intent = payment.and_then(|payment| unit.find::<super::PaymentIntent>(payment.intent()));
    match intent {
        Some(intent) => json!({ "client_secret": intent.client_secret, "type": "payment_intent" }),
        None => Value::Null,
    }
}

/// What an invoice of ours never has.
const NOTHING: [&str; 23] = [
    "account_tax_ids",
    "application",
    "custom_fields",
    "customer_account",
    "customer_address",
    "customer_phone",
    "customer_shipping",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "footer",
    "from_invoice",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "webhooks_delivered_at",
];

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    let mut fixed = json!({
        "account_country": "US",
        "account_name": "Lectern",
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null, "provider": null,
                           "status": null },
        "collection_method": "charge_automatically",
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": { "type": "self" },
        "livemode": false,
        "payment_settings": { "default_mandate": null, "payment_method_options": null, "payment_method_types": null },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    });
    for name in NOTHING {
        fixed[name] = Value::Null;
    }
    fixed
}
