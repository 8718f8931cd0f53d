//! Where something is sent to: a part of a payment intent, and of its charges.

use serde_json::{Map, Value};

use crate::error::Failure;
use crate::params::Params;

const ADDRESS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];
const REST: [&str; 4] = ["carrier", "name", "phone", "tracking_number"];

/// All that may be given, as patterns of [`Params::only`].
pub const PARAMS: [&str; 11] = [
    "shipping",
    "shipping[address][city]",
    "shipping[address][country]",
    "shipping[address][line1]",
    "shipping[address][line2]",
    "shipping[address][postal_code]",
    "shipping[address][state]",
    "shipping[carrier]",
    "shipping[name]",
    "shipping[phone]",
    "shipping[tracking_number]",
];

/// What was given. Some(None) unsets it.
///
/// # Errors
/// A part that is always needed is missing.
pub fn read(params: &Params) -> Result<Option<Option<Value>>, Failure> {
    if params.clearable("shipping") == Some(None) {
        return Ok(Some(None));
    }
    if !params.has("shipping") {
        return Ok(None);
    }
    if !params.tree()["shipping"]["address"].is_object() {
        return Err(Failure::MissingParameter("shipping[address]".to_owned()));
    }
    params.required_text("shipping[name]")?;
    let part = |name: &str| params.clearable(name).flatten().map_or(Value::Null, Value::String);
    let address: Map<_, _> = ADDRESS
        .iter()
        .map(|name| ((*name).to_owned(), part(&format!("shipping[address][{name}]"))))
        .collect();
    let mut shipping: Map<_, _> =
        REST.iter().map(|name| ((*name).to_owned(), part(&format!("shipping[{name}]")))).collect();
    shipping.insert("address".to_owned(), Value::Object(address));
    Ok(Some(Some(Value::Object(shipping))))
}
