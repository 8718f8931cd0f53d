//! What subscriptions do by themselves as time goes by: renew, try again, end.
//!
//! ```text
//! period over    -> next period, draft of its invoice       -> an hour later it is final, and collected
//! declined       -> past_due, tried again 3, 5, 7 and 14 days after the first time
//! last one too   -> cancelled (or unpaid, or left as it is)
//! not begun      -> 23 hours after it was made: incomplete_expired
//! ```
//!
//! Time is that of the customer's test clock, or else the real one. Each thing happens at its own moment, however
//! far the clock is advanced at once.

use jiff::{Span, Timestamp, tz::TimeZone};

use super::invoice::{self, Invoice};
use super::subscription::{AfterRetries, Status, Subscription};
use super::{
    CheckoutSession, PaymentIntent, Reply, TestClock, checkout_session, confirmation, invoice_payment,
};
use super::{InvoicePayment, payment_intent};
use crate::error::Failure;
use crate::http::{Call, Caller};
use crate::params::Params;
use crate::state::Unit;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// How long the first invoice can be paid.
const INCOMPLETE_FOR: i64 = 23 * HOUR;
/// How long a renewal's invoice is a draft.
const DRAFT_FOR: i64 = HOUR;
/// When a declined renewal is tried again, after its first time. Stripe chooses moments within two weeks.
const RETRIES: [i64; 4] = [3 * DAY, 5 * DAY, 7 * DAY, 14 * DAY];
/// More than can be due at once: what goes on for ever is a mistake of ours.
const STEPS_MAX: usize = 10_000;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Expire,
    Finalize,
    Retry,
    End,
    Renew,
}

/// The moment that a number of intervals begins after `anchor`: the 31st is the last day of shorter months.
#[must_use]
pub fn after(anchor: i64, interval: &str, count: i64) -> i64 {
    let span = match interval {
        "day" => Span::new().try_days(count),
        "week" => Span::new().try_weeks(count),
        "year" => Span::new().try_years(count),
        _ => Span::new().try_months(count),
    };
    let moment = Timestamp::from_second(anchor).ok().map(|at| at.to_zoned(TimeZone::UTC));
    let later = moment.zip(span.ok()).and_then(|(at, span)| at.checked_add(span).ok());
    later.map_or(i64::MAX, |at| at.timestamp().as_second())
}

/// The time of a clock, or the real one.
#[must_use]
pub fn clock_time(unit: &Unit, clock: Option<&str>) -> i64 {
    clock.and_then(|id| unit.find::<TestClock>(id)).map_or(unit.now, |clock| clock.frozen_time)
}

/// The time by which a subscription lives.
#[must_use]
pub fn time_of(unit: &Unit, subscription: &Subscription) -> i64 {
    clock_time(unit, subscription.test_clock.as_deref())
}

/// Does all that is due until `until` to what lives by a clock (by the real time, where none is named).
pub fn run_until(unit: &mut Unit, clock: Option<&str>, until: i64) {
    for _ in 0..STEPS_MAX {
        let of_clock = |it: &Subscription| it.test_clock.as_deref() == clock;
        let all = unit.every::<Subscription>().into_iter().filter(of_clock);
        let due = all.filter_map(|it| next(unit, &it).map(|(at, due)| (at, due, it)));
        let Some((at, due, subscription)) = due.min_by_key(|(at, ..)| *at).filter(|(at, ..)| *at <= until)
        else {
            return;
        };
        if let Some(mut clock) = clock.and_then(|id| unit.find::<TestClock>(id)) {
            clock.frozen_time = clock.frozen_time.max(at);
            unit.put(clock);
        }
        act(unit, subscription, due);
    }
}

/// Does what is due by the real time; what there is to do is seldom anything.
pub fn run(unit: &mut Unit) {
    let now = unit.now;
    run_until(unit, None, now);
    let over = |it: &CheckoutSession| it.status == "open" && it.expires_at <= now;
    for session in unit.every::<CheckoutSession>().into_iter().filter(over) {
        checkout_session::expire_now(unit, session);
    }
}

fn next(unit: &Unit, subscription: &Subscription) -> Option<(i64, Due)> {
    match subscription.status {
        Status::Incomplete => Some((subscription.created + INCOMPLETE_FOR, Due::Expire)),
        Status::Active | Status::PastDue | Status::Unpaid => {
            let invoice = latest(unit, subscription);
            let finalize = invoice.as_ref().and_then(|invoice| invoice.automatically_finalizes_at);
            let retry = invoice.as_ref().and_then(|invoice| invoice.next_payment_attempt);
            let all = [
                (finalize, Due::Finalize),
                (retry, Due::Retry),
                (subscription.cancel_at, Due::End),
                (Some(subscription.period().1), Due::Renew),
            ];
            all.into_iter().filter_map(|(at, due)| at.map(|at| (at, due))).min_by_key(|(at, _)| *at)
        }
        Status::IncompleteExpired | Status::Canceled => None,
    }
}

fn latest(unit: &Unit, subscription: &Subscription) -> Option<Invoice> {
    subscription.latest_invoice.as_deref().and_then(|id| unit.find(id))
}

fn act(unit: &mut Unit, subscription: Subscription, due: Due) {
    match due {
        Due::Expire => expire(unit, subscription),
        Due::End => {
            end(unit, subscription, "cancellation_requested");
        }
        Due::Renew => renew(unit, subscription),
        Due::Finalize | Due::Retry => {
            if let Some(mut invoice) = latest(unit, &subscription) {
                if due == Due::Finalize {
                    finalize(unit, &mut invoice);
                }
                // How it went is on the invoice and the subscription.
                let _declined = collect(unit, &invoice, None, true);
            }
        }
    }
}

/// The first invoice of a subscription: final at once.
pub fn first_invoice(unit: &mut Unit, subscription: &Subscription) -> Invoice {
    let mut invoice = new_invoice(unit, subscription.clone(), "subscription_create");
    finalize(unit, &mut invoice);
    invoice
}

fn new_invoice(unit: &mut Unit, mut subscription: Subscription, reason: &str) -> Invoice {
    let now = time_of(unit, &subscription);
    let mut invoice = Invoice::draft(unit, &subscription, reason, now);
    if reason == "subscription_cycle" {
        // Nobody pays the invoices of a subscription that is unpaid: they stay drafts.
        let unpaid = subscription.status == Status::Unpaid;
        invoice.auto_advance = !unpaid;
        invoice.automatically_finalizes_at = (!unpaid).then_some(now + DRAFT_FOR);
    }
    subscription.latest_invoice = Some(invoice.id.clone());
    unit.put(invoice.clone());
    unit.put(subscription);
    unit.emit("invoice.created", invoice.clone());
    invoice
}

/// An invoice is to be paid from now on: by an intent of its own.
pub fn finalize(unit: &mut Unit, invoice: &mut Invoice) {
    let now = clock_time(unit, invoice.test_clock.as_deref());
    invoice.finalize(unit, now);
    match intent_for(unit, invoice) {
        Ok(intent) => {
            let payment = InvoicePayment::open(unit.id("inpay"), now, invoice, &intent);
            unit.put(payment);
        }
        Err(failure) => {
            tracing::error!(?failure, invoice = invoice.id, "an invoice without a payment intent")
        }
    }
    unit.put(invoice.clone());
    unit.emit("invoice.finalized", invoice.clone());
}

/// Makes the intent that an invoice is paid by, and gives its id.
fn intent_for(unit: &mut Unit, invoice: &Invoice) -> Result<String, Failure> {
    let amount = invoice.amount_due.to_string();
    let renews = invoice.billing_reason == "subscription_cycle";
    let description = if renews { "Subscription update" } else { "Subscription creation" };
    let mut pairs = vec![
        ("amount", amount.as_str()),
        ("capture_method", "automatic"),
        ("currency", &invoice.currency),
        ("customer", &invoice.customer),
        ("description", description),
        ("allowed_payment_method_types[]", "card"),
    ];
    if !renews {
        pairs.push(("setup_future_usage", "off_session"));
    }
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let params = Params::parse(text.as_bytes());
    let call = Call { params: &params, caller: Caller::Secret };
    match payment_intent::create(unit, &call, &[])? {
        Reply::Object(object) => Ok(object.id().to_owned()),
        _ => Err(Failure::Internal),
    }
}

/// Tries to take the money of an invoice, with the card that is named or else the subscription's.
///
/// # Errors
/// The card was declined, or there is none. What that means to the subscription has happened already.
pub fn collect(
    unit: &mut Unit,
    invoice: &Invoice,
    method: Option<&str>,
    off_session: bool,
) -> Result<(), Failure> {
    let subscription = unit.given::<Subscription>(&invoice.subscription, "subscription")?;
    let method = method.map(str::to_owned).or_else(|| subscription.method(unit));
    let intent = invoice_payment::of_invoice(unit, &invoice.id);
    let intent = intent.and_then(|payment| unit.find::<PaymentIntent>(payment.intent()));
    let (Some(method), Some(mut intent)) = (method, intent) else {
        failed(unit, invoice);
        let message = "There is no `default_payment_method` set on this Customer or Invoice. Please set a \
                       `default_payment_method`.";
        return Err(Failure::refused(Some("invoice_payment_intent_requires_action"), message.to_owned()));
    };
    intent.payment_method = Some(method);
    intent.status = payment_intent::Status::RequiresConfirmation;
    intent.next_action = None;
    let params = Params::parse(if off_session { b"off_session=true" } else { b"" });
    // A success pays the invoice by itself, whoever confirms: see `intent_succeeded`.
    match confirmation::confirm_now(unit, intent, &params)? {
        Reply::Declined(declined) => {
            failed(unit, invoice);
            Err(declined)
        }
        _ => {
            let waits = unit.find::<Invoice>(&invoice.id).filter(|it| it.status == invoice::Status::Open);
            if let Some(invoice) = waits {
                failed(unit, &invoice);
                unit.emit("invoice.payment_action_required", invoice);
            }
            Ok(())
        }
    }
}

/// An intent has succeeded: if it was an invoice's, that is paid, and its subscription goes on.
pub fn intent_succeeded(unit: &mut Unit, intent: &PaymentIntent) {
    let Some(mut payment) = invoice_payment::of_intent(unit, &intent.id) else { return };
    let Some(mut invoice) = unit.find::<Invoice>(&payment.invoice) else { return };
    let now = clock_time(unit, invoice.test_clock.as_deref());
    payment.status = "paid".to_owned();
    payment.amount_paid = Some(payment.amount_requested);
    payment.status_transitions["paid_at"] = now.into();
    invoice.status = invoice::Status::Paid;
    invoice.amount_paid = invoice.amount_due;
    invoice.amount_remaining = 0;
    invoice.attempted = true;
    invoice.attempt_count += 1;
    invoice.auto_advance = false;
    invoice.next_payment_attempt = None;
    invoice.status_transitions["paid_at"] = now.into();
    unit.put(payment.clone());
    unit.put(invoice.clone());
    unit.emit("invoice_payment.paid", payment);
    for kind in ["invoice.paid", "invoice.payment_succeeded"] {
        unit.emit(kind, invoice.clone());
    }
    let Some(before) = unit.find::<Subscription>(&invoice.subscription) else { return };
    let is_latest = before.latest_invoice.as_ref() == Some(&invoice.id);
    if before.status.is_over() || !is_latest {
        return;
    }
    let mut subscription = before.clone();
    subscription.status = Status::Active;
    if subscription.payment_settings["save_default_payment_method"] == "on_subscription" {
        subscription.default_payment_method.clone_from(&intent.payment_method);
    }
    unit.put(subscription.clone());
    if before.status != Status::Active || before.default_payment_method != subscription.default_payment_method
    {
        unit.emit_change("customer.subscription.updated", before, subscription);
    }
}

/// The money of an invoice could not be taken.
fn failed(unit: &mut Unit, invoice: &Invoice) {
    let Some(mut invoice) = unit.find::<Invoice>(&invoice.id) else { return };
    let Some(subscription) = unit.find::<Subscription>(&invoice.subscription) else { return };
    let now = clock_time(unit, invoice.test_clock.as_deref());
    invoice.attempted = true;
    invoice.attempt_count += 1;
    // The first invoice isn't tried again: its payer is there.
    let renews = invoice.billing_reason == "subscription_cycle";
    let since = invoice.status_transitions["finalized_at"].as_i64().unwrap_or(now);
    let retry = RETRIES.iter().map(|after| since + after).find(|at| *at > now).filter(|_| renews);
    invoice.next_payment_attempt = retry;
    invoice.auto_advance = retry.is_some();
    unit.put(invoice.clone());
    unit.emit("invoice.payment_failed", invoice);
    if !renews || subscription.status.is_over() {
        return;
    }
    match (retry, subscription.after_retries) {
        (None, AfterRetries::Cancel) => {
            end(unit, subscription, "payment_failed");
        }
        (None, AfterRetries::MarkUnpaid) => restate(unit, subscription, Status::Unpaid),
        _ => restate(unit, subscription, Status::PastDue),
    }
}

fn restate(unit: &mut Unit, before: Subscription, status: Status) {
    if before.status == status {
        return;
    }
    let subscription = Subscription { status, ..before.clone() };
    unit.put(subscription.clone());
    unit.emit_change("customer.subscription.updated", before, subscription);
}

fn renew(unit: &mut Unit, before: Subscription) {
    let mut subscription = before.clone();
    let terms = &subscription.terms;
    let count = (subscription.periods + 1).saturating_mul(terms.interval_count);
    let end = after(subscription.billing_cycle_anchor, &terms.interval, count);
    subscription.set_period((before.period().1, end));
    subscription.periods += 1;
    unit.put(subscription.clone());
    new_invoice(unit, subscription.clone(), "subscription_cycle");
    let subscription = unit.find::<Subscription>(&subscription.id).unwrap_or(subscription);
    unit.emit_change("customer.subscription.updated", before, subscription);
}

/// Begins a subscription's next period at this moment, and takes the money for it without the hour as a draft.
pub fn renew_now(unit: &mut Unit, subscription: Subscription) {
    let id = subscription.id.clone();
    renew(unit, subscription);
    let renewed = unit.find::<Subscription>(&id);
    if let Some(mut invoice) = renewed.and_then(|renewed| latest(unit, &renewed)) {
        finalize(unit, &mut invoice);
        // How it went is on the invoice and the subscription.
        let _declined = collect(unit, &invoice, None, true);
    }
}

/// A subscription is over, at once. Its open invoices stay as they are, and nobody tries to collect them.
pub fn end(unit: &mut Unit, mut subscription: Subscription, reason: &str) -> Subscription {
    let now = time_of(unit, &subscription);
    if let Some(mut invoice) = latest(unit, &subscription) {
        invoice.auto_advance = false;
        invoice.automatically_finalizes_at = None;
        invoice.next_payment_attempt = None;
        unit.put(invoice);
    }
    subscription.status = Status::Canceled;
    subscription.ended_at = Some(now);
    subscription.canceled_at = subscription.canceled_at.or(Some(now));
    if subscription.cancellation_details["reason"].is_null() {
        subscription.cancellation_details["reason"] = reason.into();
    }
    unit.put(subscription.clone());
    unit.emit("customer.subscription.deleted", subscription.clone());
    subscription
}

/// A customer was deleted: what they subscribed to is over.
pub fn end_all_of(unit: &mut Unit, customer: &str) {
    let of = |it: &Subscription| it.customer == customer && !it.status.is_over();
    for subscription in unit.every::<Subscription>().into_iter().filter(of) {
        end(unit, subscription, "cancellation_requested");
    }
}

/// The first invoice was not paid in time.
fn expire(unit: &mut Unit, before: Subscription) {
    let now = time_of(unit, &before);
    if let Some(mut invoice) = latest(unit, &before) {
        invoice.status = invoice::Status::Void;
        invoice.auto_advance = false;
        invoice.status_transitions["voided_at"] = now.into();
        unit.put(invoice.clone());
        let intent = invoice_payment::of_invoice(unit, &invoice.id);
        if let Some(mut payment) = intent {
            payment.status = "canceled".to_owned();
            payment.status_transitions["canceled_at"] = now.into();
            if let Some(mut intent) = unit.find::<PaymentIntent>(payment.intent()) {
                intent.status = payment_intent::Status::Canceled;
                intent.canceled_at = Some(unit.now);
                intent.cancellation_reason = Some("void_invoice".to_owned());
                intent.next_action = None;
                unit.put(intent.clone());
                unit.emit("payment_intent.canceled", intent);
            }
            unit.put(payment);
        }
        unit.emit("invoice.voided", invoice);
    }
    let mut subscription = before.clone();
    subscription.status = Status::IncompleteExpired;
    subscription.ended_at = Some(now);
    unit.put(subscription.clone());
    unit.emit_change("customer.subscription.updated", before, subscription);
}
