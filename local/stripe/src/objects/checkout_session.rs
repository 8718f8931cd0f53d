//! Checkout sessions: a page of Stripe's on which a customer pays, subscribes or leaves a card, so that no card data
//! reaches the merchant. What the page does is [`super::checkout`].

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Price, Product, Reply, customer, price};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

const MINUTE: i64 = 60;
const LIFE_MIN: i64 = 30 * MINUTE;
const LIFE_MAX: i64 = 24 * 60 * MINUTE;
const URL_CHARACTERS_MAX: usize = 5000;

/// A page on which somebody pays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/checkout/sessions/object")]
pub struct CheckoutSession {
    pub id: String,
    pub amount_subtotal: Option<i64>,
    pub amount_total: Option<i64>,
    pub cancel_url: Option<String>,
    pub client_reference_id: Option<String>,
    pub created: i64,
    pub currency: Option<String>,
    pub customer: Option<String>,
    pub expires_at: i64,
    pub invoice: Option<String>,
    pub locale: Option<String>,
    pub metadata: Metadata,
    pub mode: String,
    pub payment_intent: Option<String>,
    pub payment_method_collection: Option<String>,
    pub payment_status: String,
    pub setup_intent: Option<String>,
    pub status: String,
    pub subscription: Option<String>,
    pub success_url: String,
    pub url: Option<String>,
    /// What is sold; a page of its own in Stripe's API.
    #[serde(rename = "_sold")]
    pub sold: Option<Sold>,
    /// What the subscription, the payment or the saved card will carry.
    #[serde(rename = "_data")]
    pub data: Metadata,
}

/// What is sold on a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sold {
    /// The price, where it was made before.
    pub price: Option<String>,
    /// In words.
    pub name: String,
    /// Of all of it.
    pub amount: i64,
    /// How many.
    pub quantity: i64,
}

/// `POST /v1/checkout/sessions`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "cancel_url",
        "client_reference_id",
        "currency",
        "customer",
        "expires_at",
        "line_items[][price]",
        "line_items[][price_data][currency]",
        "line_items[][price_data][product_data][name]",
        "line_items[][price_data][unit_amount]",
        "line_items[][quantity]",
        "locale",
        "metadata",
        "metadata[*]",
        "mode",
        "payment_intent_data[metadata][*]",
        "payment_intent_data[transfer_group]",
        "allowed_payment_method_types[]",
        "setup_intent_data[metadata][*]",
        "subscription_data[metadata][*]",
        "success_url",
        "ui_mode",
    ])?;
    let mode = params.choice("mode", &["payment", "setup", "subscription"])?;
    let mode = mode.ok_or_else(|| Failure::MissingParameter("mode".to_owned()))?;
    params.choice("ui_mode", &["hosted_page"])?;
    for other in ["payment", "setup", "subscription"].into_iter().filter(|other| *other != mode) {
        let data = if other == "subscription" { "subscription_data" } else { other };
        let data = if other == "subscription" { data.to_owned() } else { format!("{data}_intent_data") };
        if params.has(&data) {
            let message = format!("You can not pass `{data}` in `{mode}` mode.");
            return Err(Failure::invalid(&data, message));
        }
    }
    let (sold, currency) = match mode.as_str() {
        "setup" => (None, currency(params)?),
        _ => sold(unit, params, &mode).map(|(sold, currency)| (Some(sold), Some(currency)))?,
    };
    let mut session = blank(unit, params, mode)?;
    session.amount_subtotal = sold.as_ref().map(|sold| sold.amount);
    session.amount_total = session.amount_subtotal;
    session.currency = currency;
    session.sold = sold;
    unit.put(session.clone());
    Ok(session.into())
}

fn blank(unit: &mut Unit, params: &Params, mode: String) -> Result<CheckoutSession, Failure> {
    let id = format!("cs_test_{}", unit.random(58));
    let customer = match params.text("customer")? {
        Some(given) => Some(customer::given(unit, &given)?.id),
        None => None,
    };
    let data = match mode.as_str() {
        "subscription" => params.nested_map("subscription_data", "metadata"),
        "payment" => params.nested_map("payment_intent_data", "metadata"),
        _ => params.nested_map("setup_intent_data", "metadata"),
    };
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let subscribes = mode == "subscription";
    let success_url = url_given(params, "success_url")?;
    Ok(CheckoutSession {
        url: Some(format!("{}/_stand_in/checkout/{id}", unit.site)),
        id,
        amount_subtotal: None,
        amount_total: None,
        cancel_url: url_given(params, "cancel_url")?,
        client_reference_id: params.text("client_reference_id")?,
        created: unit.now,
        currency: None,
        customer,
        expires_at: expiry(unit, params)?,
        invoice: None,
        locale: params.text("locale")?,
        metadata,
        payment_intent: None,
        payment_method_collection: subscribes.then(|| "always".to_owned()),
        payment_status: if mode == "setup" { "no_payment_required" } else { "unpaid" }.to_owned(),
        mode,
        setup_intent: None,
        status: "open".to_owned(),
        subscription: None,
        success_url: success_url.ok_or_else(|| Failure::MissingParameter("success_url".to_owned()))?,
        sold: None,
        data,
    })
}

fn expiry(unit: &Unit, params: &Params) -> Result<i64, Failure> {
    let Some(at) = params.positive("expires_at")? else { return Ok(unit.now + LIFE_MAX) };
    // A request takes its time: the bounds are a little wider than they are called.
    if at < unit.now + LIFE_MIN - MINUTE {
        let message =
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.";
        return Err(Failure::invalid("expires_at", message));
    }
    if at > unit.now + LIFE_MAX + MINUTE {
        let message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.";
        return Err(Failure::invalid("expires_at", message));
    }
    Ok(at)
}

fn url_given(params: &Params, name: &str) -> Result<Option<String>, Failure> {
    let Some(given) = params.text(name)? else { return Ok(None) };
    let web = given.starts_with("http://") || given.starts_with("https://");
    if web && given.len() <= URL_CHARACTERS_MAX && url::Url::parse(&given).is_ok() {
        return Ok(Some(given));
    }
    let message = "Invalid URL: An explicit scheme (such as https) must be provided.".to_owned();
    Err(Failure::InvalidParameter { param: name.to_owned(), code: Some("url_invalid"), message })
}

fn currency(params: &Params) -> Result<Option<String>, Failure> {
    let Some(given) = params.text("currency")? else { return Ok(None) };
    money::currency(&given).map(Some).map_err(|message| Failure::invalid("currency", message))
}

fn sold(unit: &Unit, params: &Params, mode: &str) -> Result<(Sold, String), Failure> {
    if !params.has("line_items") {
        return Err(Failure::MissingParameter("line_items".to_owned()));
    }
    let quantity = params.positive("line_items[0][quantity]")?.unwrap_or(1);
    let wanted = currency(params)?;
    if params.text("line_items[0][price]")?.is_none() {
        return sold_at_once(params, mode, quantity);
    }
    let (price, currency, amount) = price::given(unit, params, "line_items[0][price]", wanted.as_deref())?;
    let mismatch = match (mode, price.recurring.is_some()) {
        ("payment", true) => Some(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use \
             only one-time prices.",
        ),
        ("subscription", false) => {
            Some("You must provide at least one recurring price in `subscription` mode when using prices.")
        }
        _ => None,
    };
    if let Some(message) = mismatch {
        return Err(Failure::Malformed(message.to_owned()));
    }
    let amount = amount.saturating_mul(quantity);
    Ok((Sold { name: name_of(unit, &price), price: Some(price.id), amount, quantity }, currency))
}

fn name_of(unit: &Unit, price: &Price) -> String {
    let name = unit.find::<Product>(&price.product).map(|product| product.name);
    name.unwrap_or_else(|| price.product.clone())
}

/// A price that is made for this one page.
fn sold_at_once(params: &Params, mode: &str, quantity: i64) -> Result<(Sold, String), Failure> {
    if mode != "payment" {
        return Err(Failure::MissingParameter("line_items[0][price]".to_owned()));
    }
    let data = "line_items[0][price_data]";
    let currency = params.required_text(&format!("{data}[currency]"))?;
    let currency = money::currency(&currency)
        .map_err(|message| Failure::invalid(&format!("{data}[currency]"), message))?;
    let name = params.required_text(&format!("{data}[product_data][name]"))?;
    let param = format!("{data}[unit_amount]");
    let amount = params.positive(&param)?.ok_or(Failure::MissingParameter(param))?;
    Ok((Sold { price: None, name, amount: amount.saturating_mul(quantity), quantity }, currency))
}

/// `GET /v1/checkout/sessions/{session}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<CheckoutSession>(path).map(Reply::from)
}

/// `POST /v1/checkout/sessions/{session}/expire`
///
/// # Errors
/// There is none, or it isn't open.
pub fn expire(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let session: CheckoutSession = unit.named(path)?;
    if session.status != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status \
             of `{}`.",
            session.status
        );
        return Err(Failure::refused(None, message));
    }
    Ok(expire_now(unit, session).into())
}

/// Nobody can pay on it any more.
pub fn expire_now(unit: &mut Unit, mut session: CheckoutSession) -> CheckoutSession {
    session.status = "expired".to_owned();
    session.url = None;
    unit.put(session.clone());
    unit.emit("checkout.session.expired", session.clone());
    session
}

/// `GET /v1/checkout/sessions`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    let page = Page::read(params, &["customer", "payment_intent", "status", "subscription"])?;
    let customer = params.text("customer")?;
    let intent = params.text("payment_intent")?;
    let subscription = params.text("subscription")?;
    let status = params.choice("status", &["complete", "expired", "open"])?;
    page.list(unit, Kind::CheckoutSession, "/v1/checkout/sessions", |object| {
        let Object::CheckoutSession(session) = object else { return false };
        (customer.is_none() || session.customer == customer)
            && (intent.is_none() || session.payment_intent == intent)
            && (subscription.is_none() || session.subscription == subscription)
            && status.as_ref().is_none_or(|status| session.status == *status)
    })
}

/// The member `line_items`, which Stripe shows only to those who expand it.
#[must_use]
pub fn line_items(unit: &Unit, session: &str) -> Value {
    let found = unit.find::<CheckoutSession>(session);
    let line = found.and_then(|session| session.sold.zip(session.currency)).map(|(sold, currency)| {
        let price = sold.price.as_deref().and_then(|id| unit.find::<Price>(id));
        json!({
            "id": format!("li_{}", session.trim_start_matches("cs_test_")), "object": "item", "amount_discount": 0,
            "amount_subtotal": sold.amount, "amount_tax": 0, "amount_total": sold.amount, "currency": currency,
            "description": sold.name, "price": price.map(|price| price.shown_in(&currency)),
            "quantity": sold.quantity,
        })
    });
    let data: Vec<_> = line.into_iter().collect();
    json!({ "object": "list", "data": data, "has_more": false,
            "url": format!("/v1/checkout/sessions/{session}/line_items") })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "adaptive_pricing": null,
        "after_expiration": null,
        "allow_promotion_codes": null,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": null,
        "client_secret": null,
        "collected_information": null,
        "consent": null,
        "consent_collection": null,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null,
                         "terms_of_service_acceptance": null },
        "customer_account": null,
        "customer_creation": null,
        "customer_details": null,
        "customer_email": null,
        "discounts": [],
        "invoice_creation": null,
        "livemode": false,
        "origin_context": null,
        "payment_link": null,
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "payment_method_types": ["card"],
        "permissions": null,
        "phone_number_collection": { "enabled": false },
        "recovered_from": null,
        "saved_payment_method_options": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "submit_type": null,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page",
        "wallet_options": null,
    })
}
