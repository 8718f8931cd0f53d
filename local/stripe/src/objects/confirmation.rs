//! Confirming a payment intent: charge the card, ask the payer to authenticate, or be declined.

use serde_json::{Value, json};

use super::balance;
use super::capture;
use super::charge::{self, Charge};
use super::dispute;
use super::payment_intent::{self, AutomaticPaymentMethods, PaymentIntent, Status};
use super::payment_method::{Decline, PaymentMethod};
use super::{Object, Reply, saved_method};
use crate::error::Failure;
use crate::http::{Call, Caller};
use crate::params::Params;
use crate::render;
use crate::state::Unit;

/// `POST /v1/payment_intents/{intent}/confirm`
///
/// # Errors
/// The payment is too far, or has nothing to be paid with. A declined card is a reply, since it changes the intent.
pub fn confirm(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[
        "client_secret",
        "off_session",
        "payment_method",
        "receipt_email",
        "return_url",
        "setup_future_usage",
        "use_stripe_sdk",
    ])?;
    let mut intent = payment_intent::find_for(unit, call, path)?;
    refuse_final(&intent)?;
    if call.caller == Caller::Publishable && intent.confirmation_method == "manual" {
        let message = "This PaymentIntent's confirmation_method is manual: confirm it with your secret key.";
        return Err(intent.unexpected_state(message.to_owned()));
    }
    if let Some(given) = call.params.text("payment_method")? {
        let customer = intent.customer.as_deref();
        intent.payment_method = Some(saved_method::usable(unit, &given, customer)?.id);
        intent.status = Status::RequiresConfirmation;
    }
    if let Some(usage) = payment_intent::setup_future_usage(call.params)? {
        intent.setup_future_usage = Some(usage);
    }
    if call.caller == Caller::Publishable && call.params.has("off_session") {
        return Err(Failure::UnknownParameters(vec!["off_session".to_owned()]));
    }
    if let Some(email) = call.params.text("receipt_email")? {
        intent.receipt_email = Some(email);
    }
    match confirm_now(unit, intent, call.params)? {
        Reply::Object(Object::PaymentIntent(intent)) => Ok(payment_intent::reply_for(call, *intent)),
        other => Ok(other),
    }
}

fn refuse_final(intent: &PaymentIntent) -> Result<(), Failure> {
    let message = match intent.status {
        Status::Succeeded => {
            "You cannot confirm this PaymentIntent because it has already succeeded after being \
                              previously confirmed."
                .to_owned()
        }
        Status::RequiresCapture => {
            "You cannot confirm this PaymentIntent because it has already been authorized. You may only capture or \
             cancel it."
                .to_owned()
        }
        Status::Canceled => {
            "You cannot confirm this PaymentIntent because it has a status of canceled. Only a \
                             PaymentIntent with one of the following statuses may be confirmed: \
                             requires_payment_method, requires_confirmation, requires_action."
                .to_owned()
        }
        _ => return Ok(()),
    };
    Err(intent.unexpected_state(message))
}

/// Confirms an intent whose payment method is set.
///
/// # Errors
/// As [`confirm`].
pub fn confirm_now(unit: &mut Unit, intent: PaymentIntent, params: &Params) -> Result<Reply, Failure> {
    let Some(method) = intent.payment_method.as_deref().and_then(|id| unit.find::<PaymentMethod>(id)) else {
        return Err(intent.unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the \
             PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
             payment method or ConfirmationToken."
                .to_owned(),
        ));
    };
    let return_url = params.text("return_url")?;
    let automatic = intent.automatic_payment_methods.as_ref();
    check_return_url("PaymentIntent", automatic, return_url.as_deref())?;
    let off_session = is_off_session(params)?;
    if method.behaviour().authenticates && off_session {
        return Ok(Reply::Declined(declined(unit, intent, &method, AUTHENTICATION_REQUIRED)));
    }
    if method.behaviour().authenticates {
        return Ok(ask_to_authenticate(unit, intent, return_url).into());
    }
    Ok(match method.behaviour().decline {
        Some(decline) => Reply::Declined(declined(unit, intent, &method, decline)),
        None => succeed(unit, intent, &method).into(),
    })
}

/// With Stripe's own choice of payment methods one that leaves the page is possible, so it wants the way back.
///
/// # Errors
/// It is missing.
pub(super) fn check_return_url(
    intent: &str,
    automatic: Option<&AutomaticPaymentMethods>,
    return_url: Option<&str>,
) -> Result<(), Failure> {
    let redirects = automatic.is_some_and(|automatic| automatic.allow_redirects == "always");
    if !redirects || return_url.is_some() {
        return Ok(());
    }
    Err(Failure::Malformed(format!(
        "This {intent} is configured to accept payment methods enabled in your Dashboard. Because some of these \
         payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't \
         want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and \
         `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
    )))
}

/// What a bank says that wants to see the payer, who isn't there.
const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    reason: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
};

/// The payer isn't there: `true`, `recurring` or `one_off`.
fn is_off_session(params: &Params) -> Result<bool, Failure> {
    let word = params.choice("off_session", &["true", "false", "recurring", "one_off"])?;
    Ok(word.is_some_and(|word| word != "false"))
}

fn ask_to_authenticate(
    unit: &mut Unit,
    mut intent: PaymentIntent,
    return_url: Option<String>,
) -> PaymentIntent {
    let page = format!("{}/_stand_in/payment_intents/{}/action", unit.site, intent.id);
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
    intent.status = Status::RequiresAction;
    unit.put(intent.clone());
    unit.emit("payment_intent.requires_action", intent.clone());
    intent
}

/// The payer authenticated, or failed to.
///
/// # Errors
/// The intent doesn't wait for that.
pub fn complete_action(unit: &mut Unit, id: &str, succeeds: bool) -> Result<PaymentIntent, Failure> {
    let mut intent: PaymentIntent = unit.named(&[id])?;
    let method = intent.payment_method.as_deref().and_then(|id| unit.find::<PaymentMethod>(id));
    let (Status::RequiresAction, Some(method)) = (intent.status, method) else {
        let message =
            format!("This PaymentIntent has a status of {}: no action is awaited.", intent.status.word());
        return Err(intent.unexpected_state(message));
    };
    intent.next_action = None;
    match (succeeds, method.behaviour().decline) {
        (true, None) => return Ok(succeed(unit, intent, &method)),
        (true, Some(decline)) => {
            declined(unit, intent, &method, decline);
        }
        (false, _) => {
            let error = json!({
                "code": "payment_intent_authentication_failure",
                "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
                "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data \
                            or a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
                "payment_method": render::object(&method.into()),
                "type": "invalid_request_error",
            });
            fail(unit, intent, error);
        }
    }
    unit.named(&[id])
}

fn succeed(unit: &mut Unit, mut intent: PaymentIntent, method: &PaymentMethod) -> PaymentIntent {
    if intent.capture_method == "manual" {
        return capture::authorize(unit, intent, method);
    }
    let mut charge = Charge::succeeded(unit, &intent, method);
    // As Stripe's default, automatic_async: the balance follows the charge.
    let is_late = intent.capture_method == "automatic_async";
    let before = charge.clone();
    charge.balance_transaction = Some(balance::record_charge(unit, &charge, charge.amount));
    intent.status = Status::Succeeded;
    intent.amount_received = intent.amount;
    intent.latest_charge = Some(charge.id.clone());
    intent.next_action = None;
    intent.last_payment_error = None;
    unit.put(charge.clone());
    unit.put(intent.clone());
    saved_method::paid_with(unit, method, intent.customer.as_deref(), intent.setup_future_usage.is_some());
    unit.emit("charge.succeeded", if is_late { before.clone() } else { charge.clone() });
    unit.emit("payment_intent.succeeded", intent.clone());
    if is_late {
        unit.emit_change("charge.updated", before, charge.clone());
    }
    if let Some(complaint) = method.behaviour().complaint {
        dispute::by_card(unit, &charge, complaint);
    }
    super::billing::intent_succeeded(unit, &intent);
    intent
}

fn declined(unit: &mut Unit, intent: PaymentIntent, method: &PaymentMethod, decline: Decline) -> Failure {
    let charge = Charge::failed(unit, &intent, method, decline);
    unit.put(charge.clone());
    unit.emit("charge.failed", charge.clone());
    let mut error = json!({
        "charge": charge.id,
        "code": decline.code,
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", decline.code.replace('_', "-")),
        "message": decline.message,
        "payment_method": render::object(&method.clone().into()),
        "type": "card_error",
    });
    if let Some(reason) = decline.reason {
        error["decline_code"] = Value::from(reason);
    }
    let mut intent = intent;
    intent.latest_charge = Some(charge.id);
    let intent = fail(unit, intent, error.clone());
    error["payment_intent"] = render::object(&intent.into());
    if decline.code.contains("cvc") {
        error["param"] = Value::from("cvc");
    }
    Failure::CardDeclined(Box::new(error))
}

fn fail(unit: &mut Unit, mut intent: PaymentIntent, error: Value) -> PaymentIntent {
    intent.status = Status::RequiresPaymentMethod;
    intent.payment_method = None;
    intent.next_action = None;
    intent.last_payment_error = Some(error);
    unit.put(intent.clone());
    unit.emit("payment_intent.payment_failed", intent.clone());
    intent
}

/// The outcome that Stripe shows on a charge.
#[must_use]
pub fn outcome(decline: Option<Decline>) -> Value {
    match decline {
        None => charge::outcome("approved_by_network", None, "Payment complete.", "authorized"),
        Some(Decline { reason: Some("fraudulent"), .. }) => charge::outcome(
            "not_sent_to_network",
            Some("highest_risk_level"),
            "Stripe blocked this payment.",
            "blocked",
        ),
        Some(Decline { reason, code, .. }) => charge::outcome(
            "declined_by_network",
            Some(reason.unwrap_or(code)),
            "The bank did not return any further details with this decline.",
            "issuer_declined",
        ),
    }
}
