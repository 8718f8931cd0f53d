//! Setup intents: a card is saved for later, with the payer's authentication where the bank wants it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::confirmation::check_return_url;
use super::payment_intent::{AutomaticPaymentMethods, automatic_payment_methods};
use super::payment_method::PaymentMethod;
use super::saved_method::{self, error_of};
use super::{Kind, Object, Reply, customer};
use crate::error::Failure;
use crate::http::{Call, Caller};
use crate::params::{Metadata, Params};
use crate::render::{self, Page};
use crate::state::Unit;

/// A card that is being saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/setup_intents/object")]
pub struct SetupIntent {
    pub id: String,
    pub automatic_payment_methods: Option<AutomaticPaymentMethods>,
    pub cancellation_reason: Option<String>,
    pub client_secret: String,
    pub created: i64,
    pub customer: Option<String>,
    pub description: Option<String>,
    pub last_setup_error: Option<Value>,
    pub latest_attempt: Option<String>,
    pub metadata: Metadata,
    pub next_action: Option<Value>,
    pub payment_method: Option<String>,
    pub payment_method_types: Vec<String>,
    pub status: String,
    pub usage: String,
}

const NEEDS_METHOD: &str = "requires_payment_method";
const NEEDS_CONFIRMATION: &str = "requires_confirmation";
const NEEDS_ACTION: &str = "requires_action";
const SUCCEEDED: &str = "succeeded";
const CANCELED: &str = "canceled";

impl SetupIntent {
    fn unexpected_state(&self, message: String) -> Failure {
        Failure::Refused {
            code: Some("setup_intent_unexpected_state"),
            param: None,
            message,
            payment_intent: None,
        }
    }

    fn is_final(&self) -> bool {
        self.status == SUCCEEDED || self.status == CANCELED
    }

    fn choose(&mut self, unit: &mut Unit, given: &str) -> Result<(), Failure> {
        self.payment_method = Some(saved_method::usable(unit, given, self.customer.as_deref())?.id);
        NEEDS_CONFIRMATION.clone_into(&mut self.status);
        self.next_action = None;
        Ok(())
    }
}

/// `POST /v1/setup_intents`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "automatic_payment_methods[enabled]",
        "automatic_payment_methods[allow_redirects]",
        "confirm",
        "customer",
        "description",
        "metadata",
        "metadata[*]",
        "payment_method",
        "allowed_payment_method_types[]",
        "return_url",
        "usage",
    ])?;
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    if !confirm && params.has("return_url") {
        let message = "`return_url` can only be set when `confirm` is true.";
        return Err(Failure::invalid("return_url", message));
    }
    let owner = match params.text("customer")? {
        Some(given) => Some(customer::given(unit, &given)?.id),
        None => None,
    };
    let usage = params.choice("usage", &["off_session", "on_session"])?;
    let id = unit.id("seti");
    let mut intent = SetupIntent {
        client_secret: format!("{id}_secret_{}", unit.random(25)),
        id,
        automatic_payment_methods: automatic_payment_methods(params)?,
        cancellation_reason: None,
        created: unit.now,
        customer: owner,
        description: params.clearable("description").flatten(),
        last_setup_error: None,
        latest_attempt: None,
        metadata: Metadata::new(),
        next_action: None,
        payment_method: None,
        payment_method_types: vec!["card".to_owned()],
        status: NEEDS_METHOD.to_owned(),
        usage: usage.unwrap_or_else(|| "off_session".to_owned()),
    };
    params.change_metadata(&mut intent.metadata)?;
    if let Some(given) = params.text("payment_method")? {
        intent.choose(unit, &given)?;
    }
    unit.put(intent.clone());
    unit.emit("setup_intent.created", intent.clone());
    if confirm { confirm_now(unit, intent, params) } else { Ok(intent.into()) }
}

/// The intent of the path, if the caller may have it: whoever holds no secret key must know the client secret.
fn find_for(unit: &Unit, call: &Call, path: &[&str]) -> Result<SetupIntent, Failure> {
    let intent: SetupIntent = unit.named(path)?;
    match call.params.text("client_secret")? {
        Some(given) if given != intent.client_secret => {
            let message = "The client_secret provided does not match the client_secret associated with the SetupIntent.";
            Err(Failure::invalid("client_secret", message))
        }
        None if call.caller == Caller::Publishable => {
            Err(Failure::MissingParameter("client_secret".to_owned()))
        }
        _ => Ok(intent),
    }
}

fn reply_for(call: &Call, intent: SetupIntent) -> Reply {
    match call.caller {
        Caller::Secret => intent.into(),
        Caller::Publishable => Reply::Public(intent.into()),
    }
}

/// `GET /v1/setup_intents/{intent}`
///
/// # Errors
/// There is none, or the publishable key comes without its client secret.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["client_secret"])?;
    let intent = find_for(unit, call, path)?;
    Ok(reply_for(call, intent))
}

/// `GET /v1/setup_intents`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["customer", "payment_method"])?;
    let owner = call.params.text("customer")?;
    let method = call.params.text("payment_method")?;
    page.list(unit, Kind::SetupIntent, "/v1/setup_intents", |object| {
        let Object::SetupIntent(intent) = object else { return false };
        (owner.is_none() || intent.customer == owner) && (method.is_none() || intent.payment_method == method)
    })
}

/// `POST /v1/setup_intents/{intent}`
///
/// # Errors
/// Its parameters are not acceptable, or the intent is over.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["customer", "description", "metadata", "metadata[*]", "payment_method"])?;
    let mut intent: SetupIntent = unit.named(path)?;
    for name in ["customer", "payment_method"] {
        if params.has(name) && intent.is_final() {
            return Err(intent.unexpected_state(format!(
                "You cannot update the {name} of this SetupIntent because it has a status of {}.",
                intent.status
            )));
        }
    }
    if let Some(given) = params.text("customer")? {
        intent.customer = Some(customer::given(unit, &given)?.id);
    }
    if let Some(description) = params.clearable("description") {
        intent.description = description;
    }
    params.change_metadata(&mut intent.metadata)?;
    if let Some(given) = params.text("payment_method")? {
        intent.choose(unit, &given)?;
    }
    unit.put(intent.clone());
    Ok(intent.into())
}

/// `POST /v1/setup_intents/{intent}/confirm`
///
/// # Errors
/// The intent is over, or there is no card. A declined card is a reply, since it changes the intent.
pub fn confirm(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["client_secret", "payment_method", "return_url", "use_stripe_sdk"])?;
    let mut intent = find_for(unit, call, path)?;
    if intent.is_final() {
        let why = if intent.status == SUCCEEDED {
            "it has already succeeded.".to_owned()
        } else {
            format!("it has a status of {}.", intent.status)
        };
        return Err(intent.unexpected_state(format!("You cannot confirm this SetupIntent because {why}")));
    }
    if let Some(given) = call.params.text("payment_method")? {
        intent.choose(unit, &given)?;
    }
    match confirm_now(unit, intent, call.params)? {
        Reply::Object(Object::SetupIntent(intent)) => Ok(reply_for(call, *intent)),
        other => Ok(other),
    }
}

fn confirm_now(unit: &mut Unit, mut intent: SetupIntent, params: &Params) -> Result<Reply, Failure> {
    let Some(method) = intent.payment_method.as_deref().and_then(|id| unit.find::<PaymentMethod>(id)) else {
        return Err(intent.unexpected_state(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a \
             payment method and then confirm it again."
                .to_owned(),
        ));
    };
    let return_url = params.text("return_url")?;
    check_return_url("SetupIntent", intent.automatic_payment_methods.as_ref(), return_url.as_deref())?;
    intent.latest_attempt = Some(unit.id("setatt"));
    if method.behaviour().authenticates {
        return Ok(ask_to_authenticate(unit, intent, return_url).into());
    }
    if let Some(decline) = method.unsavable() {
        let mut error = error_of(decline);
        error["payment_method"] = render::object(&method.into());
        let failed = fail(unit, intent, error.clone());
        error["setup_intent"] = render::object(&failed.into());
        return Ok(Reply::Declined(Failure::CardDeclined(Box::new(error))));
    }
    Ok(succeed(unit, intent, method).into())
}

fn ask_to_authenticate(unit: &mut Unit, mut intent: SetupIntent, return_url: Option<String>) -> SetupIntent {
    let page = format!("{}/_stand_in/setup_intents/{}/action", unit.site, intent.id);
    intent.next_action = Some(match return_url {
        Some(return_url) => json!({
            "redirect_to_url": { "return_url": return_url, "url": page },
            "type": "redirect_to_url",
        }),
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": { "source": unit.id("src"), "stripe_js": page, "type": "three_d_secure_redirect" },
        }),
    });
    NEEDS_ACTION.clone_into(&mut intent.status);
    unit.put(intent.clone());
    unit.emit("setup_intent.requires_action", intent.clone());
    intent
}

fn succeed(unit: &mut Unit, mut intent: SetupIntent, mut method: PaymentMethod) -> SetupIntent {
    method.set_up = true;
    match (&method.customer, &intent.customer) {
        (None, Some(customer)) => {
            let customer = customer.clone();
            saved_method::attach_to(unit, method, &customer);
        }
        _ => unit.put(method),
    }
    SUCCEEDED.clone_into(&mut intent.status);
    intent.next_action = None;
    intent.last_setup_error = None;
    unit.put(intent.clone());
    unit.emit("setup_intent.succeeded", intent.clone());
    intent
}

fn fail(unit: &mut Unit, mut intent: SetupIntent, error: Value) -> SetupIntent {
    NEEDS_METHOD.clone_into(&mut intent.status);
    intent.payment_method = None;
    intent.next_action = None;
    intent.last_setup_error = Some(error);
    unit.put(intent.clone());
    unit.emit("setup_intent.setup_failed", intent.clone());
    intent
}

/// The payer authenticated, or failed to.
///
/// # Errors
/// The intent doesn't wait for that.
pub fn complete_action(unit: &mut Unit, id: &str, succeeds: bool) -> Result<SetupIntent, Failure> {
    let intent: SetupIntent = unit.named(&[id])?;
    let method = intent.payment_method.as_deref().and_then(|id| unit.find::<PaymentMethod>(id));
    let Some(method) = method.filter(|_| intent.status == NEEDS_ACTION) else {
        let message = format!("This SetupIntent doesn't wait for an action: it is {}.", intent.status);
        return Err(intent.unexpected_state(message));
    };
    if succeeds {
        return Ok(succeed(unit, intent, method));
    }
    let error = json!({
        "code": "setup_intent_authentication_failure",
        "doc_url": "https://stripe.com/docs/error-codes/setup-intent-authentication-failure",
        "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a \
                    new PaymentMethod to attempt to fulfill this SetupIntent again.",
        "payment_method": render::object(&method.into()),
        "type": "invalid_request_error",
    });
    Ok(fail(unit, intent, error))
}

/// `POST /v1/setup_intents/{intent}/cancel`
///
/// # Errors
/// The intent is over already.
pub fn cancel(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["cancellation_reason"])?;
    let reasons = ["abandoned", "requested_by_customer", "duplicate"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    let mut intent: SetupIntent = unit.named(path)?;
    if intent.is_final() {
        return Err(intent.unexpected_state(format!(
            "You cannot cancel this SetupIntent because it has a status of {}. Only a SetupIntent with one of the \
             following statuses may be canceled: requires_payment_method, requires_confirmation, requires_action.",
            intent.status
        )));
    }
    CANCELED.clone_into(&mut intent.status);
    intent.cancellation_reason = reason;
    intent.next_action = None;
    unit.put(intent.clone());
    unit.emit("setup_intent.canceled", intent.clone());
    Ok(intent.into())
}

/// What a publishable key sees of an intent.
pub const PUBLIC_FIELDS: [&str; 14] = [
    "id",
    "object",
    "automatic_payment_methods",
    "cancellation_reason",
    "client_secret",
    "created",
    "description",
    "last_setup_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "status",
    "usage",
];

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "application": null,
        "excluded_payment_method_types": null,
        "flow_directions": null,
        "livemode": false,
        "mandate": null,
        "on_behalf_of": null,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": { "mandate_options": null, "network": null, "request_three_d_secure": "automatic" }
        },
        "single_use_mandate": null,
    })
}
