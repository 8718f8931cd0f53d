//! Payment intents: create, read, change, cancel. Confirming is [`super::confirmation`].

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Customer, Kind, Object, Reply, capture, confirmation, saved_method, shipping};
use crate::error::Failure;
use crate::http::{Call, Caller};
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::{self, Page};
use crate::state::Unit;

/// A payment from intent to success.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/payment_intents/object")]
pub struct PaymentIntent {
    pub id: String,
    pub amount: i64,
    #[serde(default)]
    pub amount_capturable: i64,
    pub amount_received: i64,
    pub automatic_payment_methods: Option<AutomaticPaymentMethods>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
    pub capture_method: String,
    pub client_secret: String,
    #[serde(default = "automatic")]
    pub confirmation_method: String,
    pub created: i64,
    pub currency: String,
    pub description: Option<String>,
    pub last_payment_error: Option<Value>,
    pub latest_charge: Option<String>,
    pub metadata: Metadata,
    pub next_action: Option<Value>,
    pub payment_method: Option<String>,
    pub payment_method_types: Vec<String>,
    pub receipt_email: Option<String>,
    pub statement_descriptor: Option<String>,
    pub statement_descriptor_suffix: Option<String>,
    #[serde(default)]
    pub shipping: Option<Value>,
    pub status: Status,
    pub transfer_group: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub setup_future_usage: Option<String>,
}

/// Stripe's own choice of payment methods.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AutomaticPaymentMethods {
    /// `always` or `never`.
    pub allow_redirects: String,
    /// Always true.
    pub enabled: bool,
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing to pay with, or it was declined.
    RequiresPaymentMethod,
    /// A payment method, not yet confirmed.
    RequiresConfirmation,
    /// The payer must authenticate.
    RequiresAction,
    /// The card is authorized, and nothing is taken yet.
    RequiresCapture,
    /// Paid.
    Succeeded,
    /// Given up.
    Canceled,
}

impl Status {
    /// Stripe's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the payment is over, well or not.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Canceled)
    }
}

impl PaymentIntent {
    /// Refuses because of the status, with Stripe's words.
    #[must_use]
    pub fn unexpected_state(&self, message: String) -> Failure {
        Failure::Refused {
            code: Some("payment_intent_unexpected_state"),
            param: None,
            message,
            payment_intent: Some(Box::new(render::object(&self.clone().into()))),
        }
    }
}

const TEXTS: [&str; 5] =
    ["description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"];

const CREATE: [&str; 20] = [
    "amount",
    "automatic_payment_methods[enabled]",
    "automatic_payment_methods[allow_redirects]",
    "capture_method",
    "confirm",
    "confirmation_method",
    "currency",
    "customer",
    "description",
    "metadata",
    "metadata[*]",
    "off_session",
    "payment_method",
    "allowed_payment_method_types[]",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// `POST /v1/payment_intents`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[&CREATE[..], &shipping::PARAMS].concat())?;
    let mut intent = parse(unit, params)?;
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    if !confirm && params.has("return_url") {
        let message = "`return_url` can only be set when `confirm` is true.";
        return Err(Failure::invalid("return_url", message));
    }
    if !confirm && params.has("off_session") {
        let message = "`off_session` can only be set when `confirm` is true.";
        return Err(Failure::invalid("off_session", message));
    }
    if let Some(given) = params.text("payment_method")? {
        let customer = intent.customer.as_deref();
        intent.payment_method = Some(saved_method::usable(unit, &given, customer)?.id);
        intent.status = Status::RequiresConfirmation;
    }
    unit.put(intent.clone());
    unit.emit("payment_intent.created", intent.clone());
    if confirm { confirmation::confirm_now(unit, intent, params) } else { Ok(intent.into()) }
}

fn automatic() -> String {
    "automatic".to_owned()
}

fn parse(unit: &mut Unit, params: &Params) -> Result<PaymentIntent, Failure> {
    let amount = params.positive("amount")?.ok_or_else(|| Failure::MissingParameter("amount".to_owned()))?;
    let currency = currency(params)?.ok_or_else(|| Failure::MissingParameter("currency".to_owned()))?;
    check_amount(amount, &currency)?;
    let capture_method = params
        .choice("capture_method", &["automatic", "automatic_async", "manual"])?
        .unwrap_or("automatic_async".to_owned());
    let confirmation_method = params.choice("confirmation_method", &["automatic", "manual"])?;
    let id = unit.id("pi");
    let client_secret = format!("{id}_secret_{}", unit.random(25));
    let mut intent = PaymentIntent {
        id,
        amount,
        amount_capturable: 0,
        amount_received: 0,
        automatic_payment_methods: automatic_payment_methods(params)?,
        canceled_at: None,
        cancellation_reason: None,
        capture_method,
        client_secret,
        confirmation_method: confirmation_method.unwrap_or_else(automatic),
        created: unit.now,
        currency,
        description: None,
        last_payment_error: None,
        latest_charge: None,
        metadata: Metadata::new(),
        next_action: None,
        payment_method: None,
        payment_method_types: vec!["card".to_owned()],
        receipt_email: None,
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        shipping: shipping::read(params)?.flatten(),
        status: Status::RequiresPaymentMethod,
        transfer_group: None,
        customer: customer(unit, params)?,
        setup_future_usage: setup_future_usage(params)?,
    };
    change_texts(&mut intent, params);
    params.change_metadata(&mut intent.metadata)?;
    Ok(intent)
}

fn customer(unit: &Unit, params: &Params) -> Result<Option<String>, Failure> {
    let Some(given) = params.text("customer")? else { return Ok(None) };
    super::customer::given(unit, &given).map(|customer: Customer| Some(customer.id))
}

/// Whether the card is to be saved: for payments with the payer, or without.
///
/// # Errors
/// Another word.
pub fn setup_future_usage(params: &Params) -> Result<Option<String>, Failure> {
    params.choice("setup_future_usage", &["on_session", "off_session"])
}

/// Without a word about payment methods Stripe chooses them itself; this account has cards only.
pub(super) fn automatic_payment_methods(params: &Params) -> Result<Option<AutomaticPaymentMethods>, Failure> {
    let types = params.list("allowed_payment_method_types");
    if let Some(other) = types.iter().find(|kind| *kind != "card") {
        let message = format!(
            "The payment method type \"{other}\" is invalid. Please ensure the provided type is activated in your \
             dashboard (https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any \
             preview features that you are trying to use."
        );
        return Err(Failure::invalid("allowed_payment_method_types", message));
    }
    let enabled = params.boolean("automatic_payment_methods[enabled]")?;
    if params.has("automatic_payment_methods") && enabled.is_none() {
        return Err(Failure::MissingParameter("automatic_payment_methods[enabled]".to_owned()));
    }
    let allow_redirects =
        params.choice("automatic_payment_methods[allow_redirects]", &["always", "never"])?;
    match (types.is_empty(), enabled) {
        (false, Some(true)) => Err(Failure::Malformed(
            "You may only specify one of these parameters: automatic_payment_methods, allowed_payment_method_types."
                .to_owned(),
        )),
        (false, _) | (true, Some(false)) => Ok(None),
        (true, _) => Ok(Some(AutomaticPaymentMethods {
            allow_redirects: allow_redirects.unwrap_or("always".to_owned()),
            enabled: true,
        })),
    }
}

fn currency(params: &Params) -> Result<Option<String>, Failure> {
    let Some(given) = params.text("currency")? else { return Ok(None) };
    money::currency(&given).map(Some).map_err(|message| Failure::invalid("currency", message))
}

fn check_amount(amount: i64, currency: &str) -> Result<(), Failure> {
    let amount_min = money::amount_min(currency);
    let (code, message) = if amount < amount_min {
        ("amount_too_small", format!("Amount must be at least {}", money::written(amount_min, currency)))
    } else if amount > money::AMOUNT_MAX {
        let most = money::written(money::AMOUNT_MAX, currency);
        ("amount_too_large", format!("Amount must be no more than {most}"))
    } else {
        return Ok(());
    };
    Err(Failure::InvalidParameter { param: "amount".to_owned(), code: Some(code), message })
}

fn change_texts(intent: &mut PaymentIntent, params: &Params) {
    let fields = [
        &mut intent.description,
        &mut intent.receipt_email,
        &mut intent.statement_descriptor,
        &mut intent.statement_descriptor_suffix,
        &mut intent.transfer_group,
    ];
    for (name, field) in TEXTS.into_iter().zip(fields) {
        if let Some(value) = params.clearable(name) {
            *field = value;
        }
    }
}

/// `GET /v1/payment_intents/{intent}`
///
/// # Errors
/// There is none, or the publishable key comes without its client secret.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["client_secret"])?;
    let intent = find_for(unit, call, path)?;
    Ok(reply_for(call, intent))
}

/// The intent of the path, if the caller may have it: whoever holds no secret key must know the client secret.
///
/// # Errors
/// There is none, or not for this caller.
pub fn find_for(unit: &Unit, call: &Call, path: &[&str]) -> Result<PaymentIntent, Failure> {
    let intent: PaymentIntent = unit.named(path)?;
    match call.params.text("client_secret")? {
        Some(given) if given != intent.client_secret => {
            let message = "The client_secret provided does not match the client_secret associated with the \
                           PaymentIntent.";
            Err(Failure::invalid("client_secret", message))
        }
        None if call.caller == Caller::Publishable => {
            Err(Failure::MissingParameter("client_secret".to_owned()))
        }
        _ => Ok(intent),
    }
}

/// The whole intent for the secret key, what the payer may see for the publishable one.
#[must_use]
pub fn reply_for(call: &Call, intent: PaymentIntent) -> Reply {
    match call.caller {
        Caller::Secret => intent.into(),
        Caller::Publishable => Reply::Public(intent.into()),
    }
}

/// `GET /v1/payment_intents`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["customer"])?;
    let customer = call.params.text("customer")?;
    page.list(unit, Kind::PaymentIntent, "/v1/payment_intents", |object| {
        let Object::PaymentIntent(intent) = object else { return false };
        customer.is_none() || intent.customer == customer
    })
}

const UPDATE: [&str; 12] = [
    "amount",
    "currency",
    "customer",
    "description",
    "metadata",
    "metadata[*]",
    "payment_method",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// `POST /v1/payment_intents/{intent}`
///
/// # Errors
/// Its parameters are not acceptable, or the payment is too far for the change.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[&UPDATE[..], &shipping::PARAMS].concat())?;
    let mut intent: PaymentIntent = unit.named(path)?;
    for name in ["amount", "currency", "customer", "payment_method", "setup_future_usage"] {
        if params.has(name) && (intent.status.is_final() || intent.status == Status::RequiresCapture) {
            return Err(intent.unexpected_state(format!(
                "This PaymentIntent's {name} could not be updated because it has a status of {}. You may only update \
                 the {name} of a PaymentIntent with one of the following statuses: requires_payment_method, \
                 requires_confirmation, requires_action.",
                intent.status.word()
            )));
        }
    }
    if let Some(given) = shipping::read(params)? {
        intent.shipping = given;
    }
    intent.amount = params.positive("amount")?.unwrap_or(intent.amount);
    intent.currency = currency(params)?.unwrap_or(intent.currency);
    check_amount(intent.amount, &intent.currency)?;
    intent.customer = customer(unit, params)?.or(intent.customer);
    intent.setup_future_usage = setup_future_usage(params)?.or(intent.setup_future_usage);
    if let Some(given) = params.text("payment_method")? {
        let customer = intent.customer.as_deref();
        intent.payment_method = Some(saved_method::usable(unit, &given, customer)?.id);
        intent.status = Status::RequiresConfirmation;
        intent.next_action = None;
    }
    change_texts(&mut intent, params);
    params.change_metadata(&mut intent.metadata)?;
    unit.put(intent.clone());
    Ok(intent.into())
}

/// `POST /v1/payment_intents/{intent}/cancel`
///
/// # Errors
/// The payment is over already.
pub fn cancel(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["cancellation_reason"])?;
    let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    let mut intent: PaymentIntent = unit.named(path)?;
    if intent.status.is_final() {
        return Err(intent.unexpected_state(format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the \
             following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, \
             requires_action, processing.",
            intent.status.word()
        )));
    }
    if intent.status == Status::RequiresCapture {
        capture::release(unit, &intent);
        intent.amount_capturable = 0;
    }
    intent.status = Status::Canceled;
    intent.canceled_at = Some(unit.now);
    intent.cancellation_reason = reason;
    intent.next_action = None;
    unit.put(intent.clone());
    unit.emit("payment_intent.canceled", intent.clone());
    Ok(intent.into())
}

/// What a publishable key sees of an intent.
pub const PUBLIC_FIELDS: [&str; 24] = [
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
];

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "amount_details": { "tip": {} },
        "application": null,
        "application_fee_amount": null,
        "excluded_payment_method_types": null,
        "livemode": false,
        "on_behalf_of": null,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": { "installments": null, "mandate_options": null, "network": null,
                      "request_three_d_secure": "automatic" }
        },
        "processing": null,
        "review": null,
        "source": null,
        "transfer_data": null,
    })
}
