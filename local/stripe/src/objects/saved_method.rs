//! Payment methods of customers: made, attached, used, detached.

use serde_json::{Value, json};

use super::payment_method::{self, Decline, PaymentMethod};
use super::{Customer, Kind, Object, Reply, customer};
use crate::error::Failure;
use crate::http::Call;
use crate::params::Params;
use crate::render::Page;
use crate::state::Unit;

const SPENT: &str = "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, \
                     shared with a connected account without Customer attachment, or was detached from a Customer. It \
                     may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer \
                     first.";

/// The payment method that an intent is to be paid or set up with.
///
/// # Errors
/// There is none, it is somebody else's, or it was used up.
pub fn usable(unit: &mut Unit, given: &str, customer: Option<&str>) -> Result<PaymentMethod, Failure> {
    let method = payment_method::resolve(unit, given)?;
    match (method.customer.as_deref(), customer) {
        (Some(owner), Some(customer)) if owner == customer => Ok(method),
        (Some(_), Some(_)) => {
            let message = format!(
                "The customer does not have a payment method with the ID {}. The payment method must be attached to \
                 the customer.",
                method.id
            );
            Err(Failure::invalid("payment_method", message))
        }
        (Some(_), None) => {
            let message = "The payment method you provided is attached to a customer so for security purposes you \
                           must provide the customer in the request.";
            Err(Failure::invalid("payment_method", message))
        }
        (None, _) if method.spent => Err(Failure::invalid("payment_method", SPENT)),
        (None, _) => Ok(method),
    }
}

/// The card was paid with: it is saved if that was wanted, and used up if it is nobody's.
pub fn paid_with(unit: &mut Unit, method: &PaymentMethod, customer: Option<&str>, saves: bool) {
    let mut method = method.clone();
    match customer {
        _ if method.customer.is_some() => {}
        Some(customer) if saves => {
            method.set_up = true;
            attach_to(unit, method, customer);
        }
        _ => {
            method.spent = true;
            unit.put(method);
        }
    }
}

/// A payment method that can be attached.
///
/// # Errors
/// There is none, it belongs to a customer, was used up, or the bank refuses the card.
pub fn to_attach(unit: &mut Unit, given: &str) -> Result<PaymentMethod, Failure> {
    let method = payment_method::resolve(unit, given)?;
    if method.customer.is_some() {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(Failure::refused(None, message.to_owned()));
    }
    if method.spent {
        return Err(Failure::refused(None, SPENT.to_owned()));
    }
    match method.unsavable() {
        Some(decline) => Err(Failure::CardDeclined(Box::new(error_of(decline)))),
        None => Ok(method),
    }
}

/// The error that Stripe shows of a card that was declined while nothing was charged.
#[must_use]
pub fn error_of(decline: Decline) -> Value {
    let mut error = json!({
        "code": decline.code,
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", decline.code.replace('_', "-")),
        "message": decline.message,
        "type": "card_error",
    });
    if let Some(reason) = decline.reason {
        error["decline_code"] = Value::from(reason);
    }
    if decline.code.contains("cvc") {
        error["param"] = Value::from("cvc");
    }
    error
}

/// It is the customer's from now on.
pub fn attach_to(unit: &mut Unit, mut method: PaymentMethod, customer: &str) -> PaymentMethod {
    method.customer = Some(customer.to_owned());
    unit.put(method.clone());
    unit.emit("payment_method.attached", method.clone());
    method
}

/// It is nobody's from now on, for ever.
pub fn detach_from(unit: &mut Unit, before: PaymentMethod) -> PaymentMethod {
    let owner = before.customer.as_deref().and_then(|id| unit.find::<Customer>(id));
    if let Some(mut owner) = owner
        && owner.invoice_settings.default_payment_method.as_deref() == Some(before.id.as_str())
    {
        owner.invoice_settings.default_payment_method = None;
        unit.put(owner);
    }
    let mut method = before.clone();
    method.customer = None;
    method.spent = true;
    unit.put(method.clone());
    unit.emit_change("payment_method.detached", before, method.clone());
    method
}

/// The customer's payment method of this id.
///
/// # Errors
/// The customer has none such.
pub fn of_customer(unit: &Unit, given: &str, customer: &str) -> Result<PaymentMethod, Failure> {
    let method = unit.find::<PaymentMethod>(given);
    method.filter(|method| method.customer.as_deref() == Some(customer)).ok_or_else(|| {
        let message = format!(
            "The customer does not have a payment method with the ID {given}. The payment method must be attached to \
             the customer."
        );
        Failure::refused(Some("resource_missing"), message)
    })
}

/// All payment methods of a customer.
#[must_use]
pub fn all_of(unit: &Unit, customer: &str) -> Vec<PaymentMethod> {
    let of = |method: &&PaymentMethod| method.customer.as_deref() == Some(customer);
    unit.all::<PaymentMethod>().filter(of).cloned().collect()
}

/// `POST /v1/payment_methods` of a test token: numbers are refused, as by Stripe without its leave.
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    if params.text("card[number]")?.is_some() {
        let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use \
                       test tokens that map to the test card you are using, see \
                       https://stripe.com/docs/testing. To enable testing raw card data APIs, see \
                       https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.";
        return Err(Failure::Malformed(message.to_owned()));
    }
    params.only(&["card[token]", "metadata", "metadata[*]", "type"])?;
    let kind = params.choice("type", &["card"])?;
    kind.ok_or_else(|| Failure::MissingParameter("type".to_owned()))?;
    let token = params.required_text("card[token]")?;
    let name = token.strip_prefix("tok_").map(|card| format!("pm_card_{card}"));
    let known = name.filter(|name| payment_method::is_test_card(name));
    let Some(name) = known else {
        return Err(Failure::NoSuch { what: "token", id: token, param: "card[token]", in_path: false });
    };
    let mut method = payment_method::resolve(unit, &name)?;
    params.change_metadata(&mut method.metadata)?;
    unit.put(method.clone());
    Ok(method.into())
}

/// `POST /v1/payment_methods/{payment_method}`
///
/// # Errors
/// There is none, it is nobody's, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["card[exp_month]", "card[exp_year]", "metadata", "metadata[*]"])?;
    let before: PaymentMethod = unit.named(path)?;
    if before.customer.is_none() {
        let message = "You must save this PaymentMethod to a customer before you can update it.";
        return Err(Failure::refused(None, message.to_owned()));
    }
    let mut method = before.clone();
    for name in ["exp_month", "exp_year"] {
        if let Some(value) = call.params.positive(&format!("card[{name}]"))? {
            method.card[name] = Value::from(value);
        }
    }
    call.params.change_metadata(&mut method.metadata)?;
    unit.put(method.clone());
    unit.emit_change("payment_method.updated", before, method.clone());
    Ok(method.into())
}

/// `POST /v1/payment_methods/{payment_method}/attach`
///
/// # Errors
/// There is none, no such customer, or the card can't be saved.
pub fn attach(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["customer"])?;
    let wanted = customer::given(unit, &call.params.required_text("customer")?)?;
    let id = path.first().copied().unwrap_or_default();
    // Again to the same customer changes nothing.
    if let Some(method) = unit.find::<PaymentMethod>(id).filter(|it| it.customer.as_ref() == Some(&wanted.id))
    {
        return Ok(method.into());
    }
    let method = to_attach(unit, id)?;
    Ok(attach_to(unit, method, &wanted.id).into())
}

/// `POST /v1/payment_methods/{payment_method}/detach`
///
/// # Errors
/// There is none, or it is nobody's.
pub fn detach(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let method: PaymentMethod = unit.named(path)?;
    if method.customer.is_none() {
        let message =
            "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(Failure::refused(None, message.to_owned()));
    }
    Ok(detach_from(unit, method).into())
}

/// `GET /v1/payment_methods`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["customer", "type"])?;
    let owner = match call.params.text("customer")? {
        Some(given) => customer::given(unit, &given)?.id,
        // Without a customer Stripe lists those of the account itself, which has none.
        None => String::new(),
    };
    page_of(unit, call.params, &page, &owner, "/v1/payment_methods")
}

/// `GET /v1/customers/{customer}/payment_methods`
///
/// # Errors
/// There is no such customer, or its parameters are not acceptable.
pub fn list_of_customer(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["type"])?;
    let owner = customer::named(unit, path)?.id;
    page_of(unit, call.params, &page, &owner, &format!("/v1/customers/{owner}/payment_methods"))
}

fn page_of(unit: &Unit, params: &Params, page: &Page, owner: &str, url: &str) -> Result<Reply, Failure> {
    let kind = params.text("type")?;
    page.list(unit, Kind::PaymentMethod, url, |object| {
        let Object::PaymentMethod(method) = object else { return false };
        method.customer.as_deref() == Some(owner) && kind.as_deref().is_none_or(|kind| kind == "card")
    })
}

/// `GET /v1/customers/{customer}/payment_methods/{payment_method}`
///
/// # Errors
/// There is no such customer, or it has no such payment method.
pub fn retrieve_of_customer(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let owner = customer::named(unit, path)?.id;
    let id = path.get(1).copied().unwrap_or_default();
    let method = unit.find::<PaymentMethod>(id).filter(|it| it.customer.as_ref() == Some(&owner));
    method.map(Reply::from).ok_or_else(|| Failure::NoSuch {
        what: "PaymentMethod",
        id: id.to_owned(),
        param: "payment_method",
        in_path: true,
    })
}
