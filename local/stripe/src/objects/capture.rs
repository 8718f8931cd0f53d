//! Manual capture: a card is authorized first, and the money taken later, all of it, a part, or nothing.

use super::payment_intent::{PaymentIntent, Status};
use super::payment_method::PaymentMethod;
use super::{Charge, Reply, balance, dispute};
use crate::error::Failure;
use crate::http::Call;
use crate::state::Unit;

const TOO_MUCH: &str = "The payment could not be captured because the requested capture amount is greater than the \
                        amount you can capture for this charge. If you are trying to collect a tip or over-capture, \
                        your account might not be configured for those features. Contact us via \
                        https://support.stripe.com/contact/";

/// Authorizes the card of an intent: the money is kept for us, and not ours yet.
pub fn authorize(unit: &mut Unit, mut intent: PaymentIntent, method: &PaymentMethod) -> PaymentIntent {
    let charge = Charge::authorized(unit, &intent, method);
    intent.status = Status::RequiresCapture;
    intent.amount_capturable = intent.amount;
    intent.latest_charge = Some(charge.id.clone());
    intent.next_action = None;
    intent.last_payment_error = None;
    unit.put(charge.clone());
    unit.put(intent.clone());
    unit.emit("charge.succeeded", charge);
    unit.emit("payment_intent.amount_capturable_updated", intent.clone());
    intent
}

/// `POST /v1/payment_intents/{intent}/capture`
///
/// # Errors
/// The intent isn't authorized, or for less.
pub fn capture(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "amount_to_capture",
        "metadata",
        "metadata[*]",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ])?;
    let wanted = params.positive("amount_to_capture")?;
    let mut intent: PaymentIntent = unit.named(path)?;
    let charge = intent.latest_charge.as_deref().and_then(|id| unit.find::<Charge>(id));
    let (Status::RequiresCapture, Some(before)) = (intent.status, charge) else {
        return Err(intent.unexpected_state(format!(
            "This PaymentIntent could not be captured because it has a status of {}. Only a PaymentIntent with one of \
             the following statuses may be captured: requires_capture.",
            intent.status.word()
        )));
    };
    let amount = wanted.unwrap_or(intent.amount_capturable);
    if amount > intent.amount_capturable {
        let (param, code) = ("amount_to_capture".to_owned(), Some("amount_too_large"));
        return Err(Failure::InvalidParameter { param, code, message: TOO_MUCH.to_owned() });
    }
    params.change_metadata(&mut intent.metadata)?;
    for (name, field) in [
        ("statement_descriptor", &mut intent.statement_descriptor),
        ("statement_descriptor_suffix", &mut intent.statement_descriptor_suffix),
    ] {
        if let Some(value) = params.clearable(name) {
            *field = value;
        }
    }
    Ok(take(unit, intent, before, amount).into())
}

fn take(unit: &mut Unit, mut intent: PaymentIntent, before: Charge, amount: i64) -> PaymentIntent {
    let mut charge = before;
    charge.captured = true;
    charge.amount_captured = amount;
    charge.amount_refunded = charge.amount - amount;
    charge.balance_transaction = Some(balance::record_charge(unit, &charge, amount));
    intent.status = Status::Succeeded;
    intent.amount_capturable = 0;
    intent.amount_received = amount;
    unit.put(charge.clone());
    unit.put(intent.clone());
    unit.emit("charge.captured", charge.clone());
    unit.emit("payment_intent.succeeded", intent.clone());
    let method = intent.payment_method.as_deref().and_then(|id| unit.find::<PaymentMethod>(id));
    if let Some(complaint) = method.and_then(|method| method.behaviour().complaint) {
        dispute::by_card(unit, &charge, complaint);
    }
    intent
}

/// Lets an authorization go: nothing was taken, and nothing will be.
pub fn release(unit: &mut Unit, intent: &PaymentIntent) {
    let charge = intent.latest_charge.as_deref().and_then(|id| unit.find::<Charge>(id));
    if let Some(before) = charge {
        let charge = Charge { amount_refunded: before.amount, refunded: true, ..before.clone() };
        unit.put(charge.clone());
        unit.emit_change("charge.refunded", before, charge);
    }
}
