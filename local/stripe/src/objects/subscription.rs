//! Subscriptions: a price that is paid again and again. What happens by itself (renewals, retries, ends) is
//! [`super::billing`].

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Customer, Kind, Object, Price, Reply, billing, customer, price, saved_method};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// A price that a customer pays again and again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/subscriptions/object")]
pub struct Subscription {
    pub id: String,
    pub billing_cycle_anchor: i64,
    pub cancel_at: Option<i64>,
    pub cancel_at_period_end: bool,
    pub canceled_at: Option<i64>,
    pub cancellation_details: Value,
    pub created: i64,
    pub currency: String,
    pub customer: String,
    pub default_payment_method: Option<String>,
    pub description: Option<String>,
    pub ended_at: Option<i64>,
    pub items: Value,
    pub latest_invoice: Option<String>,
    pub metadata: Metadata,
    pub payment_settings: Value,
    pub start_date: i64,
    pub status: Status,
    pub test_clock: Option<String>,
    /// What it costs, from the price.
    #[serde(rename = "_terms")]
    pub terms: Terms,
    /// Periods that have begun, the first included.
    #[serde(rename = "_periods")]
    pub periods: i64,
    /// What becomes of it after the last retry: Stripe keeps this among the account's settings.
    #[serde(rename = "_after_retries")]
    pub after_retries: AfterRetries,
}

/// What a subscription costs and how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// The price's id.
    pub price: String,
    /// The product's id.
    pub product: String,
    /// Of one period, in the subscription's currency.
    pub amount: i64,
    /// `day`, `week`, `month` or `year`.
    pub interval: String,
    /// How many of those a period has.
    pub interval_count: i64,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its first invoice is not paid.
    Incomplete,
    /// Its first invoice was not paid in time.
    IncompleteExpired,
    /// Paid.
    Active,
    /// A renewal is not paid, and is tried again.
    PastDue,
    /// A renewal is not paid, and not tried again.
    Unpaid,
    /// Over.
    Canceled,
}

impl Status {
    /// Stripe's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing will happen to it any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

/// What becomes of a subscription whose last retry has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRetries {
    /// It is cancelled: Stripe's default.
    #[default]
    Cancel,
    /// It is `unpaid`.
    MarkUnpaid,
    /// It stays `past_due`.
    LeavePastDue,
}

impl Subscription {
    /// First and last moment of the present period.
    #[must_use]
    pub fn period(&self) -> (i64, i64) {
        let item = &self.items["data"][0];
        let moment = |name: &str| item[name].as_i64().unwrap_or_default();
        (moment("current_period_start"), moment("current_period_end"))
    }

    /// From now on the present period is this.
    pub fn set_period(&mut self, (start, end): (i64, i64)) {
        let item = &mut self.items["data"][0];
        item["current_period_start"] = start.into();
        item["current_period_end"] = end.into();
    }

    /// What its invoices are paid with.
    #[must_use]
    pub fn method(&self, unit: &Unit) -> Option<String> {
        let default = || unit.find::<Customer>(&self.customer)?.invoice_settings.default_payment_method;
        self.default_payment_method.clone().or_else(default)
    }
}

/// What a subscription is made of.
pub struct New {
    /// Whose.
    pub customer: Customer,
    /// What is paid.
    pub price: Price,
    /// In which currency.
    pub currency: String,
    /// How much for one period.
    pub amount: i64,
    /// Free words.
    pub metadata: Metadata,
    /// What it is paid with, where that isn't the customer's default.
    pub method: Option<String>,
    /// Whether what pays the first invoice pays the later ones.
    pub saves_method: bool,
}

const STARTS: [&str; 3] = ["allow_incomplete", "default_incomplete", "error_if_incomplete"];

/// `POST /v1/subscriptions`
///
/// # Errors
/// Its parameters are not acceptable, or there is nothing to pay with.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "cancel_at_period_end",
        "collection_method",
        "currency",
        "customer",
        "default_payment_method",
        "description",
        "items[][price]",
        "items[][quantity]",
        "metadata",
        "metadata[*]",
        "off_session",
        "payment_behavior",
        "payment_settings[payment_method_types][]",
        "payment_settings[save_default_payment_method]",
    ])?;
    params.choice("collection_method", &["charge_automatically"])?;
    let customer = customer::given(unit, &params.required_text("customer")?)?;
    let currency = params.text("currency")?.map(|currency| currency.to_lowercase());
    let (price, currency, amount) = price::given(unit, params, "items[0][price]", currency.as_deref())?;
    if price.recurring.is_none() {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with \
                       `type=recurring`.";
        return Err(Failure::invalid("items[0][price]", message));
    }
    let quantity = params.positive("items[0][quantity]")?.unwrap_or(1);
    let method = match params.text("default_payment_method")? {
        Some(given) => Some(saved_method::of_customer(unit, &given, &customer.id)?.id),
        None => None,
    };
    let save = "payment_settings[save_default_payment_method]";
    let saves_method =
        params.choice(save, &["off", "on_subscription"])?.as_deref() == Some("on_subscription");
    let start = params.choice("payment_behavior", &STARTS)?.unwrap_or_else(|| STARTS[0].to_owned());
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let amount = amount.saturating_mul(quantity);
    let new = New { customer, price, currency, amount, metadata, method, saves_method };
    let mut subscription = begin(unit, new, quantity);
    subscription.cancel_at_period_end = params.boolean("cancel_at_period_end")?.unwrap_or(false);
    subscription.description = params.text("description")?;
    if subscription.cancel_at_period_end {
        let now = billing::time_of(unit, &subscription);
        plan_end(&mut subscription, now);
    }
    if start != "default_incomplete" && subscription.method(unit).is_none() {
        let message = "This customer has no attached payment source or default payment method. Please consider adding \
                       a default payment method. For more information, visit \
                       https://stripe.com/docs/billing/subscriptions/payment-methods-setting.";
        return Err(Failure::refused(Some("resource_missing"), message.to_owned()));
    }
    unit.put(subscription.clone());
    unit.emit("customer.subscription.created", subscription.clone());
    let invoice = billing::first_invoice(unit, &subscription);
    if start == "default_incomplete" {
        return unit.named::<Subscription>(&[&subscription.id]).map(Reply::from);
    }
    let off_session = params.boolean("off_session")?.unwrap_or(false);
    match billing::collect(unit, &invoice, None, off_session) {
        Err(declined) if start == "error_if_incomplete" => Err(declined),
        _ => unit.named::<Subscription>(&[&subscription.id]).map(Reply::from),
    }
}

/// A subscription without an invoice: neither kept nor told of yet.
pub fn begin(unit: &mut Unit, new: New, quantity: i64) -> Subscription {
    let now = billing::clock_time(unit, new.customer.test_clock.as_deref());
    let id = unit.id("sub");
    let recurring = new.price.recurring.clone();
    let (interval, interval_count) =
        recurring.map_or(("month".to_owned(), 1), |recurring| (recurring.interval, recurring.interval_count));
    let item = json!({
        "id": unit.short_id("si"),
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": now,
        "current_period_end": billing::after(now, &interval, interval_count),
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        "price": new.price.shown_in(&new.currency),
        "quantity": quantity,
        "subscription": id,
        "tax_rates": [],
    });
    Subscription {
        items: json!({ "object": "list", "data": [item], "has_more": false,
                       "url": format!("/v1/subscription_items?subscription={id}") }),
        id,
        billing_cycle_anchor: now,
        cancel_at: None,
        cancel_at_period_end: false,
        canceled_at: None,
        cancellation_details: json!({ "comment": null, "feedback": null, "reason": null }),
        created: now,
        currency: new.currency,
        customer: new.customer.id,
        default_payment_method: new.method,
        description: None,
        ended_at: None,
        latest_invoice: None,
        metadata: new.metadata,
        payment_settings: json!({
            "payment_method_options": null,
            "payment_method_types": null,
            "save_default_payment_method": if new.saves_method { "on_subscription" } else { "off" },
        }),
        start_date: now,
        status: Status::Incomplete,
        test_clock: new.customer.test_clock,
        terms: Terms {
            price: new.price.id,
            product: new.price.product,
            amount: new.amount,
            interval,
            interval_count,
        },
        periods: 1,
        after_retries: AfterRetries::default(),
    }
}

/// `GET /v1/subscriptions/{subscription_exposed_id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Subscription>(path).map(Reply::from)
}

/// `POST /v1/subscriptions/{subscription_exposed_id}`
///
/// # Errors
/// There is none, it is over, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "cancel_at_period_end",
        "cancellation_details[comment]",
        "cancellation_details[feedback]",
        "default_payment_method",
        "description",
        "metadata",
        "metadata[*]",
    ])?;
    let before: Subscription = unit.named(path)?;
    let only_words = !params.has("cancel_at_period_end") && !params.has("default_payment_method");
    if before.status.is_over() && !only_words {
        return Err(over());
    }
    let mut subscription = before.clone();
    if let Some(ends) = params.boolean("cancel_at_period_end")? {
        set_end(unit, &mut subscription, ends);
    }
    if let Some(given) = params.text("default_payment_method")? {
        let method = saved_method::of_customer(unit, &given, &subscription.customer)?;
        subscription.default_payment_method = Some(method.id);
    }
    if let Some(description) = params.clearable("description") {
        subscription.description = description;
    }
    change_details(&mut subscription, params)?;
    params.change_metadata(&mut subscription.metadata)?;
    unit.put(subscription.clone());
    unit.emit_change("customer.subscription.updated", before, subscription.clone());
    Ok(subscription.into())
}

fn over() -> Failure {
    let message = "A canceled subscription can only update its cancellation_details and metadata.";
    Failure::refused(None, message.to_owned())
}

/// It ends with its period, or goes on after all.
pub fn set_end(unit: &Unit, subscription: &mut Subscription, ends: bool) {
    if ends == subscription.cancel_at_period_end {
        return;
    }
    subscription.cancel_at_period_end = ends;
    if ends {
        plan_end(subscription, billing::time_of(unit, subscription));
    } else {
        subscription.cancel_at = None;
        subscription.canceled_at = None;
        subscription.cancellation_details["reason"] = Value::Null;
    }
}

fn plan_end(subscription: &mut Subscription, now: i64) {
    subscription.cancel_at = Some(subscription.period().1);
    subscription.canceled_at = Some(now);
    subscription.cancellation_details["reason"] = "cancellation_requested".into();
}

const FEEDBACK: [&str; 8] = [
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
];

fn change_details(subscription: &mut Subscription, params: &Params) -> Result<(), Failure> {
    if let Some(comment) = params.clearable("cancellation_details[comment]") {
        subscription.cancellation_details["comment"] = comment.into();
    }
    if let Some(feedback) = params.choice("cancellation_details[feedback]", &FEEDBACK)? {
        subscription.cancellation_details["feedback"] = feedback.into();
    }
    Ok(())
}

/// `DELETE /v1/subscriptions/{subscription_exposed_id}`: over at once, without giving anything back.
///
/// # Errors
/// There is none, or it is over already.
pub fn cancel(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "cancellation_details[comment]",
        "cancellation_details[feedback]",
        "invoice_now",
        "prorate",
    ])?;
    for name in ["invoice_now", "prorate"] {
        if params.boolean(name)? == Some(true) {
            return Err(Failure::invalid(name, format!("{name} is not supported by this stand-in.")));
        }
    }
    let mut subscription: Subscription = unit.named(path)?;
    if subscription.status.is_over() {
        let id = subscription.id;
        return Err(Failure::NoSuch { what: "subscription", id, param: "id", in_path: true });
    }
    change_details(&mut subscription, params)?;
    Ok(billing::end(unit, subscription, "cancellation_requested").into())
}

/// `GET /v1/subscriptions`: without those that are over, unless they are asked for.
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    let page = Page::read(params, &["customer", "price", "status", "test_clock"])?;
    let customer = params.text("customer")?;
    let price = params.text("price")?;
    let clock = params.text("test_clock")?;
    let words =
        ["active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "unpaid"];
    let status = params.choice("status", &words)?;
    page.list(unit, Kind::Subscription, "/v1/subscriptions", |object| {
        let Object::Subscription(it) = object else { return false };
        let by_status = match status.as_deref() {
            None => it.status != Status::Canceled,
            Some("all") => true,
            Some("ended") => it.status.is_over(),
            Some(word) => it.status.word() == word,
        };
        by_status
            && customer.as_ref().is_none_or(|customer| it.customer == *customer)
            && price.as_ref().is_none_or(|price| it.terms.price == *price)
            // Those of a clock are listed with their clock or their customer.
            && (it.test_clock == clock || (clock.is_none() && customer.is_some()))
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
        "billing_cycle_anchor_config": null,
        "billing_mode": { "flexible": null, "type": "classic" },
        "billing_thresholds": null,
        "collection_method": "charge_automatically",
        "customer_account": null,
        "days_until_due": null,
        "default_source": null,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": { "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null,
                              "issuer": { "type": "self" } },
        "livemode": false,
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "transfer_data": null,
        "trial_end": null,
        "trial_settings": { "end_behavior": { "missing_payment_method": "create_invoice" } },
        "trial_start": null,
    })
}
