//! Customers: payers whose cards are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, PaymentMethod, Reply, saved_method};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::{self, Page};
use crate::state::Unit;

/// A payer with saved cards.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/customers/object")]
pub struct Customer {
    pub id: String,
    pub created: i64,
    pub description: Option<String>,
    pub email: Option<String>,
    pub invoice_prefix: String,
    pub invoice_settings: InvoiceSettings,
    pub metadata: Metadata,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub test_clock: Option<String>,
    #[serde(rename = "_deleted", default)]
    pub deleted: bool,
}

const DEFAULT_METHOD: &str = "invoice_settings[default_payment_method]";

/// How a customer's invoices are paid.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's")]
pub struct InvoiceSettings {
    pub custom_fields: Option<Value>,
    pub default_payment_method: Option<String>,
    pub footer: Option<String>,
    pub rendering_options: Option<Value>,
}

const PREFIX_LENGTH: usize = 8;
const EMAIL_CHARACTERS_MAX: usize = 512;
const SEARCH_LIMIT_DEFAULT: i64 = 10;
const SEARCH_LIMIT_MAX: i64 = 100;

impl Customer {
    /// What Stripe still shows of one that was deleted.
    #[must_use]
    pub fn gone(&self) -> Value {
        json!({ "id": self.id, "object": "customer", "deleted": true })
    }

    fn change(&mut self, unit: &Unit, params: &Params) -> Result<(), Failure> {
        let fields = [&mut self.description, &mut self.name, &mut self.phone];
        for (name, field) in ["description", "name", "phone"].into_iter().zip(fields) {
            if let Some(value) = params.clearable(name) {
                *field = value;
            }
        }
        if let Some(email) = params.clearable("email") {
            check_email(email.as_deref())?;
            self.email = email;
        }
        if let Some(given) = params.clearable(DEFAULT_METHOD) {
            let method = match given {
                Some(given) => Some(saved_method::of_customer(unit, &given, &self.id)?.id),
                None => None,
            };
            self.invoice_settings.default_payment_method = method;
        }
        params.change_metadata(&mut self.metadata)
    }
}

fn check_email(email: Option<&str>) -> Result<(), Failure> {
    match email {
        Some(email) if !email.contains('@') || email.chars().count() > EMAIL_CHARACTERS_MAX => {
            Err(Failure::InvalidParameter {
                param: "email".to_owned(),
                code: Some("email_invalid"),
                message: format!("Invalid email address: {email}"),
            })
        }
        _ => Ok(()),
    }
}

/// `POST /v1/customers`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "description",
        "email",
        "invoice_settings[default_payment_method]",
        "metadata",
        "metadata[*]",
        "name",
        "payment_method",
        "phone",
        "test_clock",
    ])?;
    let mut customer = Customer {
        id: customer_id(unit),
        created: unit.now,
        description: None,
        email: None,
        invoice_prefix: unit.random(PREFIX_LENGTH).to_ascii_uppercase(),
        invoice_settings: InvoiceSettings::default(),
        metadata: Metadata::new(),
        name: None,
        phone: None,
        test_clock: clock(unit, params)?,
        deleted: false,
    };
    // A card can come with its customer, and be the default at once.
    let method = match params.text("payment_method")? {
        Some(given) => Some(saved_method::to_attach(unit, &given)?),
        None => None,
    };
    let method = method.map(|method| saved_method::attach_to(unit, method, &customer.id));
    let mut changes = params.clone();
    // A test card named twice is one card.
    if let Some(method) = method
        && params.text(DEFAULT_METHOD)? == params.text("payment_method")?
    {
        changes.take(DEFAULT_METHOD);
        changes.add(DEFAULT_METHOD, &method.id);
    }
    customer.change(unit, &changes)?;
    unit.put(customer.clone());
    unit.emit("customer.created", customer.clone());
    Ok(customer.into())
}

fn clock(unit: &Unit, params: &Params) -> Result<Option<String>, Failure> {
    let Some(given) = params.text("test_clock")? else { return Ok(None) };
    let clock: super::TestClock = unit.given(&given, "test_clock")?;
    Ok(Some(clock.id))
}

/// Stripe's customers have shorter ids than most.
fn customer_id(unit: &mut Unit) -> String {
    format!("cus_{}", unit.random(14))
}

/// The customer of this id that was not deleted.
fn living(unit: &Unit, id: &str) -> Option<Customer> {
    unit.find::<Customer>(id).filter(|customer| !customer.deleted)
}

/// The customer that a parameter names.
///
/// # Errors
/// There is none, or none any more.
pub fn given(unit: &Unit, id: &str) -> Result<Customer, Failure> {
    living(unit, id).ok_or_else(|| no_such(id, false))
}

/// The customer that the path names.
///
/// # Errors
/// There is none, or none any more.
pub fn named(unit: &Unit, path: &[&str]) -> Result<Customer, Failure> {
    let id = path.first().copied().unwrap_or_default();
    living(unit, id).ok_or_else(|| no_such(id, true))
}

fn no_such(id: &str, in_path: bool) -> Failure {
    let param = if in_path { "id" } else { "customer" };
    Failure::NoSuch { what: "customer", id: id.to_owned(), param, in_path }
}

/// `GET /v1/customers/{customer}`: of one that was deleted only that.
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let id = path.first().copied().unwrap_or_default();
    unit.find::<Customer>(id).map(Reply::from).ok_or_else(|| no_such(id, true))
}

/// `POST /v1/customers/{customer}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "description",
        "email",
        "invoice_settings[default_payment_method]",
        "metadata",
        "metadata[*]",
        "name",
        "phone",
    ])?;
    let before = named(unit, path)?;
    let mut customer = before.clone();
    customer.change(unit, params)?;
    unit.put(customer.clone());
    unit.emit_change("customer.updated", before, customer.clone());
    Ok(customer.into())
}

/// `DELETE /v1/customers/{customer}`: the saved cards are detached with it.
///
/// # Errors
/// There is none.
pub fn delete(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let customer = named(unit, path)?;
    Ok(remove(unit, customer).into())
}

/// What is deleted with a test clock: all its customers.
pub fn delete_those_of_clock(unit: &mut Unit, clock: &str) {
    let of = |it: &Customer| it.test_clock.as_deref() == Some(clock) && !it.deleted;
    for customer in unit.every::<Customer>().into_iter().filter(of) {
        remove(unit, customer);
    }
}

fn remove(unit: &mut Unit, mut customer: Customer) -> Customer {
    super::billing::end_all_of(unit, &customer.id);
    let methods: Vec<PaymentMethod> = saved_method::all_of(unit, &customer.id);
    for method in methods {
        saved_method::detach_from(unit, method);
    }
    unit.emit("customer.deleted", customer.clone());
    customer.deleted = true;
    unit.put(customer.clone());
    customer
}

/// `GET /v1/customers`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["email", "test_clock"])?;
    let email = call.params.text("email")?;
    let clock = call.params.text("test_clock")?;
    page.list(unit, Kind::Customer, "/v1/customers", |object| {
        let Object::Customer(customer) = object else { return false };
        // Customers of a clock are listed only with their clock.
        !customer.deleted && (email.is_none() || customer.email == email) && customer.test_clock == clock
    })
}

/// `GET /v1/customers/search`: the clauses `metadata['key']:'value'` and `email:'value'`, with `AND`.
///
/// # Errors
/// Its parameters are not acceptable.
pub fn search(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["limit", "page", "query"])?;
    let query = call.params.required_text("query")?;
    let limit = call.params.positive("limit")?.unwrap_or(SEARCH_LIMIT_DEFAULT).min(SEARCH_LIMIT_MAX);
    let clauses: Option<Vec<_>> = query.split(" AND ").map(clause).collect();
    let Some(clauses) = clauses else {
        let message = format!(
            "We were unable to parse your search query. The query was: {query}. Please see \
             https://stripe.com/docs/search#search-query-language for the syntax."
        );
        return Err(Failure::invalid("query", message));
    };
    let limit = usize::try_from(limit).unwrap_or_default();
    let fits = |customer: &&Customer| {
        !customer.deleted
            && clauses.iter().all(|(field, key, value)| match *field {
                "metadata" => customer.metadata.get(*key).is_some_and(|has| has == value),
                _ => customer.email.as_deref() == Some(*value),
            })
    };
    let mut found: Vec<_> = unit.all::<Customer>().rev().filter(fits).take(limit + 1).cloned().collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let data: Vec<_> = found.into_iter().map(|customer| render::object(&customer.into())).collect();
    Ok(Reply::Json(json!({
        "object": "search_result", "data": data, "has_more": has_more, "next_page": null,
        "url": "/v1/customers/search",
    })))
}

/// `metadata['a']:'b'` is `("metadata", "a", "b")`.
fn clause(text: &str) -> Option<(&str, &str, &str)> {
    let (name, value) = text.trim().split_once(':')?;
    let quoted = |text: &str, quote: char| -> Option<usize> {
        (text.len() >= 2 && text.starts_with(quote) && text.ends_with(quote)).then_some(text.len() - 1)
    };
    let value = &value[1..quoted(value, '\'').or_else(|| quoted(value, '"'))?];
    if name == "email" {
        return Some(("email", "", value));
    }
    let key = name.strip_prefix("metadata[")?.strip_suffix(']')?;
    let key = &key[1..quoted(key, '\'').or_else(|| quoted(key, '"'))?];
    Some(("metadata", key, value))
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "address": null,
        "balance": 0,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "discount": null,
        "livemode": false,
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
    })
}
