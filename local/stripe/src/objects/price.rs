//! Prices: what a product costs, once or again and again, in one currency or several. An amount never changes: who
//! wants another makes another price, and may move the lookup key to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Product, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// What a product costs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/prices/object")]
pub struct Price {
    pub id: String,
    pub active: bool,
    pub created: i64,
    pub currency: String,
    pub lookup_key: Option<String>,
    pub metadata: Metadata,
    pub nickname: Option<String>,
    pub product: String,
    pub recurring: Option<Recurring>,
    #[serde(rename = "type")]
    pub kind: String,
    pub unit_amount: i64,
    pub unit_amount_decimal: String,
    /// In other currencies; shown only when it is asked for.
    #[serde(default, rename = "_currency_options")]
    pub options: BTreeMap<String, i64>,
}

/// How often it is paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/prices/object")]
pub struct Recurring {
    pub interval: String,
    pub interval_count: i64,
    pub meter: Option<String>,
    pub trial_period_days: Option<i64>,
    pub usage_type: String,
}

impl Price {
    /// What it costs in a currency, if it is sold in it.
    #[must_use]
    pub fn amount_in(&self, currency: &str) -> Option<i64> {
        if currency == self.currency { Some(self.unit_amount) } else { self.options.get(currency).copied() }
    }

    /// The price as an item or a line in this currency shows it.
    #[must_use]
    pub fn shown_in(&self, currency: &str) -> Value {
        let mut shown = crate::render::object(&self.clone().into());
        if let Some(amount) = self.amount_in(currency) {
            shown["currency"] = currency.into();
            shown["unit_amount"] = amount.into();
            shown["unit_amount_decimal"] = amount.to_string().into();
        }
        shown
    }

    /// The member `currency_options`, which Stripe shows only to those who expand it.
    #[must_use]
    pub fn currency_options(&self) -> Value {
        let option = |amount: i64| {
            json!({ "custom_unit_amount": null, "tax_behavior": "unspecified", "unit_amount": amount,
                    "unit_amount_decimal": amount.to_string() })
        };
        let own = (self.currency.clone(), option(self.unit_amount));
        let others = self.options.iter().map(|(currency, amount)| (currency.clone(), option(*amount)));
        Value::Object(std::iter::once(own).chain(others).collect())
    }
}

/// `POST /v1/prices`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "active",
        "billing_scheme",
        "currency",
        "currency_options[**]",
        "lookup_key",
        "metadata",
        "metadata[*]",
        "nickname",
        "product",
        "recurring[interval]",
        "recurring[interval_count]",
        "recurring[usage_type]",
        "tax_behavior",
        "transfer_lookup_key",
        "unit_amount",
    ])?;
    params.choice("billing_scheme", &["per_unit"])?;
    params.choice("tax_behavior", &["unspecified"])?;
    let product: Product = unit.given(&params.required_text("product")?, "product")?;
    let currency = params.required_text("currency")?;
    let currency = money::currency(&currency).map_err(|message| Failure::invalid("currency", message))?;
    let unit_amount = amount(params, "unit_amount")?;
    let recurring = recurring(params)?;
    let lookup_key = params.text("lookup_key")?;
    if let Some(key) = &lookup_key {
        take_lookup_key(unit, key, params.boolean("transfer_lookup_key")?.unwrap_or(false))?;
    }
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let price = Price {
        id: unit.id("price"),
        active: params.boolean("active")?.unwrap_or(true),
        created: unit.now,
        currency,
        lookup_key,
        metadata,
        nickname: params.text("nickname")?,
        product: product.id,
        kind: if recurring.is_some() { "recurring" } else { "one_time" }.to_owned(),
        recurring,
        unit_amount,
        unit_amount_decimal: unit_amount.to_string(),
        options: options(params)?,
    };
    unit.put(price.clone());
    unit.emit("price.created", price.clone());
    Ok(price.into())
}

fn amount(params: &Params, name: &str) -> Result<i64, Failure> {
    let amount = params.integer(name)?.ok_or_else(|| Failure::MissingParameter(name.to_owned()))?;
    if amount >= 0 {
        return Ok(amount);
    }
    let code = Some("parameter_invalid_integer");
    let message = "This value must be greater than or equal to 0.".to_owned();
    Err(Failure::InvalidParameter { param: name.to_owned(), code, message })
}

fn recurring(params: &Params) -> Result<Option<Recurring>, Failure> {
    if !params.has("recurring") {
        return Ok(None);
    }
    let interval = params.choice("recurring[interval]", &["day", "week", "month", "year"])?;
    let interval = interval.ok_or_else(|| Failure::MissingParameter("recurring[interval]".to_owned()))?;
    params.choice("recurring[usage_type]", &["licensed"])?;
    Ok(Some(Recurring {
        interval,
        interval_count: params.positive("recurring[interval_count]")?.unwrap_or(1),
        meter: None,
        trial_period_days: None,
        usage_type: "licensed".to_owned(),
    }))
}

fn options(params: &Params) -> Result<BTreeMap<String, i64>, Failure> {
    let mut options = BTreeMap::new();
    for (given, _) in params.nested("currency_options", "unit_amount") {
        let currency =
            money::currency(&given).map_err(|message| Failure::invalid("currency_options", message))?;
        options.insert(currency, amount(params, &format!("currency_options[{given}][unit_amount]"))?);
    }
    Ok(options)
}

/// A lookup key belongs to one active price.
fn take_lookup_key(unit: &mut Unit, key: &str, transfers: bool) -> Result<(), Failure> {
    let holder = unit.every::<Price>().into_iter().find(|price| price.lookup_key.as_deref() == Some(key));
    let Some(before) = holder else { return Ok(()) };
    if !transfers {
        return Err(Failure::invalid(
            "lookup_key",
            format!(
                "A price (`{}`) already uses that lookup key. Set `transfer_lookup_key` to `true` to transfer it.",
                before.id
            ),
        ));
    }
    let mut price = before.clone();
    price.lookup_key = None;
    unit.put(price.clone());
    unit.emit_change("price.updated", before, price);
    Ok(())
}

/// `GET /v1/prices/{price}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Price>(path).map(Reply::from)
}

/// `POST /v1/prices/{price}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["active", "lookup_key", "metadata", "metadata[*]", "nickname", "transfer_lookup_key"])?;
    let before: Price = unit.named(path)?;
    let mut price = before.clone();
    price.active = params.boolean("active")?.unwrap_or(price.active);
    if let Some(key) = params.clearable("lookup_key") {
        if let Some(key) = key.as_ref().filter(|key| price.lookup_key.as_ref() != Some(key)) {
            take_lookup_key(unit, key, params.boolean("transfer_lookup_key")?.unwrap_or(false))?;
        }
        price.lookup_key = key;
    }
    if let Some(nickname) = params.clearable("nickname") {
        price.nickname = nickname;
    }
    params.change_metadata(&mut price.metadata)?;
    unit.put(price.clone());
    unit.emit_change("price.updated", before, price.clone());
    Ok(price.into())
}

/// `GET /v1/prices`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    let page = Page::read(params, &["active", "currency", "lookup_keys[]", "product", "type"])?;
    let active = params.boolean("active")?;
    let currency = params.text("currency")?;
    let product = params.text("product")?;
    let kind = params.choice("type", &["one_time", "recurring"])?;
    let keys = params.list("lookup_keys");
    page.list(unit, Kind::Price, "/v1/prices", |object| {
        let Object::Price(price) = object else { return false };
        active.is_none_or(|active| price.active == active)
            && currency.as_ref().is_none_or(|currency| price.currency == *currency)
            && product.as_ref().is_none_or(|product| price.product == *product)
            && kind.as_ref().is_none_or(|kind| price.kind == *kind)
            && (keys.is_empty() || price.lookup_key.as_ref().is_some_and(|key| keys.contains(key)))
    })
}

/// The recurring price that a parameter names, and what it costs in a currency (its own, where none is named).
///
/// # Errors
/// There is none, it isn't active, or it isn't sold in that currency.
pub fn given(
    unit: &Unit,
    params: &Params,
    param: &'static str,
    currency: Option<&str>,
) -> Result<(Price, String, i64), Failure> {
    let price: Price = unit.given(&params.required_text(param)?, param)?;
    if !price.active {
        let message = "The price specified is inactive. This field only accepts active prices.";
        return Err(Failure::invalid(param, message));
    }
    let currency = currency.unwrap_or(&price.currency).to_owned();
    let Some(amount) = price.amount_in(&currency) else {
        let message = format!(
            "The price specified only supports `{}`. This doesn't match the expected currency: `{currency}`.",
            price.currency
        );
        return Err(Failure::invalid(param, message));
    };
    Ok((price, currency, amount))
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "billing_scheme": "per_unit",
        "custom_unit_amount": null,
        "livemode": false,
        "tax_behavior": "unspecified",
        "tiers_mode": null,
        "transform_quantity": null,
    })
}
