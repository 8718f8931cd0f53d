//! Products: what is sold, apart from what it costs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// Something that is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/products/object")]
pub struct Product {
    pub id: String,
    pub active: bool,
    pub created: i64,
    pub description: Option<String>,
    pub metadata: Metadata,
    pub name: String,
    pub statement_descriptor: Option<String>,
    pub unit_label: Option<String>,
    pub updated: i64,
    pub url: Option<String>,
}

/// What may be given when one is made, and changed later.
const CHANGEABLE: [&str; 8] =
    ["active", "description", "metadata", "metadata[*]", "name", "statement_descriptor", "unit_label", "url"];

/// `POST /v1/products`
///
/// # Errors
/// Its parameters are not acceptable, or there is one of this id.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[&CHANGEABLE[..], &["id"]].concat())?;
    let name = params.required_text("name")?;
    let id = match params.text("id")? {
        Some(id) if unit.find::<Product>(&id).is_some() => {
            return Err(Failure::InvalidParameter {
                param: "id".to_owned(),
                code: Some("resource_already_exists"),
                message: "Product already exists.".to_owned(),
            });
        }
        Some(id) => id,
        None => unit.short_id("prod"),
    };
    let mut product = Product {
        id,
        active: true,
        created: unit.now,
        description: None,
        metadata: Metadata::new(),
        name,
        statement_descriptor: None,
        unit_label: None,
        updated: unit.now,
        url: None,
    };
    change(&mut product, params)?;
    unit.put(product.clone());
    unit.emit("product.created", product.clone());
    Ok(product.into())
}

fn change(product: &mut Product, params: &Params) -> Result<(), Failure> {
    product.active = params.boolean("active")?.unwrap_or(product.active);
    if let Some(name) = params.text("name")? {
        product.name = name;
    }
    for (name, field) in [
        ("description", &mut product.description),
        ("statement_descriptor", &mut product.statement_descriptor),
        ("unit_label", &mut product.unit_label),
        ("url", &mut product.url),
    ] {
        if let Some(value) = params.clearable(name) {
            *field = value;
        }
    }
    params.change_metadata(&mut product.metadata)
}

/// `GET /v1/products/{id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Product>(path).map(Reply::from)
}

/// `POST /v1/products/{id}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&CHANGEABLE)?;
    let before: Product = unit.named(path)?;
    let mut product = before.clone();
    change(&mut product, call.params)?;
    product.updated = unit.now;
    unit.put(product.clone());
    unit.emit_change("product.updated", before, product.clone());
    Ok(product.into())
}

/// `GET /v1/products`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["active", "ids[]"])?;
    let active = call.params.boolean("active")?;
    let ids = call.params.list("ids");
    page.list(unit, Kind::Product, "/v1/products", |object| {
        let Object::Product(product) = object else { return false };
        active.is_none_or(|active| product.active == active) && (ids.is_empty() || ids.contains(&product.id))
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "default_price": null,
        "images": [],
        "livemode": false,
        "marketing_features": [],
        "package_dimensions": null,
        "shippable": null,
        "tax_code": null,
        "type": "service",
    })
}
