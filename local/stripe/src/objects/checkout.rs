//! What a customer does on Stripe's own pages: pay on a checkout page, look after a subscription on the portal's, pay
//! an invoice.

use super::subscription::{self, New};
use super::{
    CheckoutSession, Customer, Invoice, Object, PaymentIntent, PaymentMethod, PortalConfiguration,
    PortalSession, Price, Reply, Resource as _, SetupIntent, Subscription, billing, confirmation, customer,
    payment_intent, payment_method, portal, saved_method, setup_intent,
};
use crate::error::Failure;
use crate::http::{Call, Caller};
use crate::params::Params;
use crate::state::Unit;

/// A card, and how its owner does if the bank asks who they are.
pub struct Payer<'a> {
    /// A test card: `pm_card_visa`.
    pub card: &'a str,
    /// They can say so.
    pub authenticates: bool,
}

/// A call that a page makes.
fn ask(
    unit: &mut Unit,
    endpoint: fn(&mut Unit, &Call, &[&str]) -> Result<Reply, Failure>,
    pairs: &[(&str, &str)],
) -> Result<Object, Failure> {
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let params = Params::parse(text.as_bytes());
    match endpoint(unit, &Call { params: &params, caller: Caller::Secret }, &[])? {
        Reply::Object(object) => Ok(object),
        Reply::Declined(declined) => Err(declined),
        Reply::Public(_) | Reply::Json(_) => Err(Failure::Internal),
    }
}

/// A customer pays on a checkout page.
///
/// # Errors
/// The page is closed, or the card is declined: then nothing has happened.
pub fn complete(unit: &mut Unit, id: &str, payer: &Payer) -> Result<CheckoutSession, Failure> {
    let mut session: CheckoutSession = unit.named(&[id])?;
    if session.status != "open" {
        return Err(Failure::refused(None, format!("This page is {}.", session.status)));
    }
    let owner = match &session.customer {
        Some(given) => customer::given(unit, given)?,
        None => Customer::of(&ask(unit, customer::create, &[])?).cloned().ok_or(Failure::Internal)?,
    };
    let method = payment_method::resolve(unit, payer.card)?;
    session.customer = Some(owner.id.clone());
    match session.mode.as_str() {
        "subscription" => subscribe(unit, &mut session, owner, &method, payer)?,
        "payment" => pay(unit, &mut session, &owner, &method, payer)?,
        _ => save(unit, &mut session, &owner, &method, payer)?,
    }
    session.status = "complete".to_owned();
    session.url = None;
    if session.mode != "setup" {
        session.payment_status = "paid".to_owned();
    }
    unit.put(session.clone());
    unit.emit("checkout.session.completed", session.clone());
    Ok(session)
}

fn subscribe(
    unit: &mut Unit,
    session: &mut CheckoutSession,
    owner: Customer,
    method: &PaymentMethod,
    payer: &Payer,
) -> Result<(), Failure> {
    let sold = session.sold.clone().ok_or(Failure::Internal)?;
    let price: Price = unit.named(&[sold.price.as_deref().unwrap_or_default()])?;
    let currency = session.currency.clone().unwrap_or_else(|| price.currency.clone());
    let metadata = session.data.clone();
    let new = New {
        customer: owner,
        price,
        currency,
        amount: sold.amount,
        metadata,
        method: None,
        saves_method: true,
    };
    let made = subscription::begin(unit, new, sold.quantity);
    unit.put(made.clone());
    unit.emit("customer.subscription.created", made.clone());
    let invoice = billing::first_invoice(unit, &made);
    pay_invoice(unit, &invoice, Some(&method.id), payer)?;
    session.subscription = Some(made.id);
    session.invoice = Some(invoice.id);
    Ok(())
}

/// The card of an invoice is charged, its owner being there.
fn pay_invoice(
    unit: &mut Unit,
    invoice: &Invoice,
    method: Option<&str>,
    payer: &Payer,
) -> Result<(), Failure> {
    billing::collect(unit, invoice, method, false)?;
    let intent = super::invoice_payment::of_invoice(unit, &invoice.id);
    let intent = intent.and_then(|payment| unit.find::<PaymentIntent>(payment.intent()));
    authenticated(unit, intent, payer)
}

/// Where the bank has asked who the payer is, that is answered at once.
fn authenticated(unit: &mut Unit, intent: Option<PaymentIntent>, payer: &Payer) -> Result<(), Failure> {
    let Some(intent) = intent else { return Err(Failure::Internal) };
    let done = match intent.status {
        payment_intent::Status::RequiresAction => {
            confirmation::complete_action(unit, &intent.id, payer.authenticates)?
        }
        _ => intent,
    };
    if done.status == payment_intent::Status::Succeeded {
        return Ok(());
    }
    Err(Failure::CardDeclined(Box::new(done.last_payment_error.unwrap_or_default())))
}

fn pay(
    unit: &mut Unit,
    session: &mut CheckoutSession,
    owner: &Customer,
    method: &PaymentMethod,
    payer: &Payer,
) -> Result<(), Failure> {
    let amount = session.amount_total.unwrap_or_default().to_string();
    let mut pairs = vec![
        ("amount", amount.as_str()),
        ("currency", session.currency.as_deref().unwrap_or_default()),
        ("customer", &owner.id),
        ("payment_method", &method.id),
        ("allowed_payment_method_types[]", "card"),
        ("confirm", "true"),
    ];
    let names: Vec<_> = session.data.iter().map(|(key, value)| (format!("metadata[{key}]"), value)).collect();
    pairs.extend(names.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let made = ask(unit, payment_intent::create, &pairs)?;
    let intent = PaymentIntent::of(&made).cloned();
    session.payment_intent = intent.as_ref().map(|intent| intent.id.clone());
    authenticated(unit, intent, payer)
}

fn save(
    unit: &mut Unit,
    session: &mut CheckoutSession,
    owner: &Customer,
    method: &PaymentMethod,
    payer: &Payer,
) -> Result<(), Failure> {
    let pairs = [
        ("customer", owner.id.as_str()),
        ("payment_method", &method.id),
        ("allowed_payment_method_types[]", "card"),
        ("confirm", "true"),
    ];
    let made = ask(unit, setup_intent::create, &pairs)?;
    let mut intent = SetupIntent::of(&made).cloned().ok_or(Failure::Internal)?;
    if intent.status == "requires_action" {
        intent = setup_intent::complete_action(unit, &intent.id, payer.authenticates)?;
    }
    if intent.status != "succeeded" {
        return Err(Failure::CardDeclined(Box::new(intent.last_setup_error.unwrap_or_default())));
    }
    session.setup_intent = Some(intent.id);
    Ok(())
}

/// A customer pays an open invoice on its page.
///
/// # Errors
/// It isn't open, or the card is declined.
pub fn settle(unit: &mut Unit, id: &str, payer: &Payer) -> Result<Invoice, Failure> {
    let invoice: Invoice = unit.named(&[id])?;
    if invoice.status != super::invoice::Status::Open {
        let message = format!("This invoice is {}.", invoice.status.word());
        return Err(Failure::refused(None, message));
    }
    let method = payment_method::resolve(unit, payer.card)?;
    pay_invoice(unit, &invoice, Some(&method.id), payer)?;
    unit.named(&[id])
}

/// What a customer does on the portal's page.
pub enum Wish<'a> {
    /// End the subscription: now or with its period, as the portal is set up.
    Cancel,
    /// Go on after all.
    Resume,
    /// Pay with another card from now on.
    Card(Payer<'a>),
    /// Pay what is open.
    Settle,
}

/// A customer looks after their subscriptions.
///
/// # Errors
/// The link is too old, the portal doesn't let them, or the card is declined.
pub fn look_after(unit: &mut Unit, secret: &str, wish: &Wish) -> Result<PortalSession, Failure> {
    let closed = || Failure::refused(None, "This link can't be opened any more.".to_owned());
    let session = portal::of_secret(unit, secret).ok_or_else(closed)?;
    let configuration: PortalConfiguration = unit.named(&[&session.configuration])?;
    let feature = match wish {
        Wish::Card(_) => "payment_method_update",
        Wish::Cancel | Wish::Resume => "subscription_cancel",
        Wish::Settle => "invoice_history",
    };
    if configuration.features[feature]["enabled"] != true {
        return Err(Failure::refused(None, format!("The portal doesn't offer {feature}.")));
    }
    if let Wish::Card(payer) = wish {
        change_card(unit, &session.customer, payer)?;
    }
    let of = |it: &Subscription| it.customer == session.customer && !it.status.is_over();
    for before in unit.every::<Subscription>().into_iter().filter(of) {
        match wish {
            Wish::Cancel if configuration.features["subscription_cancel"]["mode"] == "immediately" => {
                billing::end(unit, before, "cancellation_requested");
            }
            Wish::Cancel | Wish::Resume => {
                let mut after = before.clone();
                subscription::set_end(unit, &mut after, matches!(wish, Wish::Cancel));
                unit.put(after.clone());
                unit.emit_change("customer.subscription.updated", before, after);
            }
            Wish::Settle => settle_latest(unit, &before)?,
            Wish::Card(_) => {}
        }
    }
    Ok(session)
}

fn settle_latest(unit: &mut Unit, subscription: &Subscription) -> Result<(), Failure> {
    let invoice = subscription.latest_invoice.as_deref().and_then(|id| unit.find::<Invoice>(id));
    match invoice.filter(|invoice| invoice.status == super::invoice::Status::Open) {
        Some(invoice) => billing::collect(unit, &invoice, None, false),
        None => Ok(()),
    }
}

/// From now on another card pays: the customer's default, and that of each subscription.
fn change_card(unit: &mut Unit, owner: &str, payer: &Payer) -> Result<(), Failure> {
    let method = saved_method::to_attach(unit, payer.card)?;
    let method = saved_method::attach_to(unit, method, owner);
    let before = customer::given(unit, owner)?;
    let mut after = before.clone();
    after.invoice_settings.default_payment_method = Some(method.id.clone());
    unit.put(after.clone());
    unit.emit_change("customer.updated", before, after);
    let of = |it: &Subscription| it.customer == owner && !it.status.is_over();
    for before in unit.every::<Subscription>().into_iter().filter(of) {
        let mut after = before.clone();
        after.default_payment_method = Some(method.id.clone());
        unit.put(after.clone());
        unit.emit_change("customer.subscription.updated", before, after);
    }
    Ok(())
}
