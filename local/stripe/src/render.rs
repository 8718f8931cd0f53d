//! Objects as the API shows them: the whole shape, expansions, pages of a list.

mod expandable;

use serde_json::{Map, Value, json};

use crate::error::Failure;
use crate::objects::{Kind, Object, Refund, Reply, Resource as _, TransferReversal};
use crate::objects::{Price, checkout_session, invoice, payment_intent, setup_intent};
use crate::params::Params;
use crate::state::{Tables, Unit};

const EXPANSION_LEVELS_MAX: usize = 4;
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: i64 = 100;
/// How many of its reversals a transfer shows.
const EMBEDDED_MAX: usize = 10;

/// An object as Stripe shows it: id, object, then the rest by name.
#[must_use]
pub fn object(object: &Object) -> Value {
    if let Object::Customer(customer) = object
        && customer.deleted
    {
        return customer.gone();
    }
    let mut all = Map::new();
    for part in [object.fixed(), serde_json::to_value(object).unwrap_or_default()] {
        if let Value::Object(members) = part {
            all.extend(members.into_iter().filter(|(name, _)| !name.starts_with('_')));
        }
    }
    let mut sorted: Vec<_> = all.into_iter().collect();
    sorted.sort_by(|(left, _), (right, _)| rank(left).cmp(&rank(right)).then_with(|| left.cmp(right)));
    let mut shown: Map<_, _> = sorted.into_iter().collect();
    if let Object::Transfer(transfer) = object {
        shown.insert("reversals".to_owned(), no_list(&format!("/v1/transfers/{}/reversals", transfer.id)));
    }
    Value::Object(shown)
}

fn rank(name: &str) -> u8 {
    match name {
        "id" => 0,
        "object" => 1,
        _ => 2,
    }
}

fn no_list(url: &str) -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "url": url })
}

/// An object with the lists that are part of it.
fn with_lists(unit: &Unit, it: &Object) -> Value {
    let mut shown = object(it);
    if let Object::Transfer(transfer) = it {
        let mut reversals: Vec<_> = unit
            .all::<TransferReversal>()
            .rev()
            .filter(|reversal| reversal.transfer == transfer.id)
            .take(EMBEDDED_MAX + 1)
            .map(|reversal| object(&reversal.clone().into()))
            .collect();
        shown["reversals"]["has_more"] = Value::from(reversals.len() > EMBEDDED_MAX);
        reversals.truncate(EMBEDDED_MAX);
        shown["reversals"]["data"] = Value::from(reversals);
    }
    shown
}

/// What a reply shows, expanded as asked.
///
/// # Errors
/// Something that can't be expanded was asked to be.
pub fn reply(unit: &Unit, reply: &Reply, expansions: &[String]) -> Result<Value, Failure> {
    let mut shown = match reply {
        Reply::Object(it) => with_lists(unit, it),
        Reply::Public(it) => {
            let mut shown = object(it);
            let public: &[&str] = match it {
                Object::SetupIntent(_) => &setup_intent::PUBLIC_FIELDS,
                _ => &payment_intent::PUBLIC_FIELDS,
            };
            if let Value::Object(members) = &mut shown {
                members.retain(|name, _| public.contains(&name.as_str()));
            }
            shown
        }
        Reply::Json(value) => value.clone(),
        Reply::Declined(failure) => return Ok(failure.body()),
    };
    for expansion in expansions {
        let path: Vec<_> = expansion.split('.').collect();
        if path.len() > EXPANSION_LEVELS_MAX {
            let message = format!(
                "You cannot expand more than {EXPANSION_LEVELS_MAX} levels of a property. Property: {expansion}"
            );
            return Err(Failure::invalid("expand", message));
        }
        expand(unit, &mut shown, &path, expansion)?;
    }
    Ok(shown)
}

fn expand(unit: &Unit, value: &mut Value, path: &[&str], whole: &str) -> Result<(), Failure> {
    let Some((&name, rest)) = path.split_first() else { return Ok(()) };
    let Value::Object(members) = value else { return Ok(()) };
    let kind = members.get("object").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind == "list" && name == "data" {
        let Some(Value::Array(elements)) = members.get_mut("data") else { return Ok(()) };
        return elements.iter_mut().try_for_each(|element| expand(unit, element, rest, whole));
    }
    let id = members.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(included) = included(unit, &kind, name, &id) {
        members.insert(name.to_owned(), included);
    } else if !expandable::is_expandable(&kind, name) {
        let mut message = format!("This property cannot be expanded ({whole}).");
        if kind == "list" {
            message += &format!(" You may want to try expanding 'data.{whole}' instead.");
        }
        return Err(Failure::invalid("expand", message));
    }
    let Some(member) = members.get_mut(name) else { return Ok(()) };
    if let Some(found) = member.as_str().and_then(|id| unit.get(id)) {
        *member = with_lists(unit, found);
    }
    expand(unit, member, rest, whole)
}

/// Members that an object has only for those who ask for them.
fn included(unit: &Unit, kind: &str, name: &str, id: &str) -> Option<Value> {
    match (kind, name) {
        ("charge", "refunds") => Some(refunds_of(unit, id)),
        ("invoice", "payments") => Some(invoice::payments(unit, id)),
        ("invoice", "confirmation_secret") => Some(invoice::confirmation_secret(unit, id)),
        ("price", "currency_options") => unit.find::<Price>(id).map(|price| price.currency_options()),
        ("checkout.session", "line_items") => Some(checkout_session::line_items(unit, id)),
        _ => None,
    }
}

fn refunds_of(unit: &Unit, charge: &str) -> Value {
    let of_charge = unit.all::<Refund>().rev().filter(|refund| refund.charge == charge);
    let refunds: Vec<_> = of_charge.map(|refund| object(&refund.clone().into())).collect();
    let mut list = no_list(&format!("/v1/charges/{charge}/refunds"));
    list["data"] = Value::from(refunds);
    list
}

/// Which part of a list is wanted.
pub struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    created: Vec<(String, i64)>,
}

impl Page {
    /// Reads what every list takes, and refuses what is neither that nor among `filters`.
    ///
    /// # Errors
    /// A parameter is unknown or not acceptable.
    pub fn read(params: &Params, filters: &[&str]) -> Result<Self, Failure> {
        let common = ["limit", "starting_after", "ending_before", "created", "created[*]"];
        params.only(&[&common, filters].concat())?;
        let limit = match params.positive("limit")? {
            Some(limit) if limit > LIMIT_MAX => {
                let message = format!(
                    "This value must be less than or equal to {LIMIT_MAX} (it currently is '{limit}')."
                );
                let code = Some("parameter_invalid_integer");
                return Err(Failure::InvalidParameter { param: "limit".to_owned(), code, message });
            }
            Some(limit) => usize::try_from(limit).unwrap_or(LIMIT_DEFAULT),
            None => LIMIT_DEFAULT,
        };
        let mut created = Vec::new();
        for (comparison, _) in params.entries("created") {
            let name = format!("created[{comparison}]");
            if !["gt", "gte", "lt", "lte"].contains(&comparison.as_str()) {
                return Err(Failure::UnknownParameters(vec![name]));
            }
            created.extend(params.integer(&name)?.map(|at| (comparison, at)));
        }
        created.extend(params.integer("created")?.map(|at| ("eq".to_owned(), at)));
        let starting_after = params.text("starting_after")?;
        let ending_before = params.text("ending_before")?;
        if starting_after.is_some() && ending_before.is_some() {
            let message = "You may only specify one of these parameters: starting_after, ending_before.";
            return Err(Failure::Malformed(message.to_owned()));
        }
        Ok(Self { limit, starting_after, ending_before, created })
    }

    /// The page of those objects of a resource that are wanted, newest first.
    ///
    /// # Errors
    /// The cursor names no object of that resource.
    pub fn list(
        &self,
        unit: &Unit,
        kind: Kind,
        url: &str,
        wanted: impl Fn(&Object) -> bool,
    ) -> Result<Reply, Failure> {
        let tables = unit.tables();
        let mut matching: Vec<_> = tables
            .of_kind(kind)
            .rev()
            .filter(|it| it.owner() == unit.account.as_deref())
            .filter(|it| self.is_in_time(it) && wanted(it) || self.is_cursor(it.id()))
            .collect();
        if let Some(id) = &self.starting_after {
            let at = position(tables, &matching, kind, id, "starting_after")?;
            matching.drain(..=at);
        }
        let mut skipped = 0;
        if let Some(id) = &self.ending_before {
            matching.truncate(position(tables, &matching, kind, id, "ending_before")?);
            // The page just before the cursor: has_more then speaks of what is newer still.
            skipped = matching.len().saturating_sub(self.limit);
        }
        let page: Vec<_> =
            matching.iter().skip(skipped).take(self.limit).map(|it| with_lists(unit, it)).collect();
        let has_more = matching.len() > self.limit;
        Ok(Reply::Json(json!({ "object": "list", "data": page, "has_more": has_more, "url": url })))
    }

    fn is_cursor(&self, id: &str) -> bool {
        [&self.starting_after, &self.ending_before].into_iter().flatten().any(|cursor| cursor == id)
    }

    fn is_in_time(&self, it: &Object) -> bool {
        let created = it.created();
        self.created.iter().all(|(comparison, at)| match comparison.as_str() {
            "gt" => created > *at,
            "gte" => created >= *at,
            "lt" => created < *at,
            "lte" => created <= *at,
            _ => created == *at,
        })
    }
}

fn position(
    tables: &Tables,
    matching: &[&Object],
    kind: Kind,
    id: &str,
    param: &'static str,
) -> Result<usize, Failure> {
    let known = tables.get(id).is_some_and(|it| it.kind() == kind);
    let at = matching.iter().position(|it| it.id() == id).filter(|_| known);
    at.ok_or_else(|| Failure::NoSuch { what: word(kind), id: id.to_owned(), param, in_path: false })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => crate::objects::Account::WORD,
        Kind::BalanceTransaction => crate::objects::BalanceTransaction::WORD,
        Kind::Charge => crate::objects::Charge::WORD,
        Kind::Dispute => crate::objects::Dispute::WORD,
        Kind::Event => crate::objects::Event::WORD,
        Kind::PaymentIntent => crate::objects::PaymentIntent::WORD,
        Kind::PaymentMethod => crate::objects::PaymentMethod::WORD,
        Kind::Refund => Refund::WORD,
        Kind::Transfer => crate::objects::Transfer::WORD,
        Kind::TransferReversal => TransferReversal::WORD,
        Kind::WebhookEndpoint => crate::objects::WebhookEndpoint::WORD,
        Kind::AccountLink => crate::objects::AccountLink::WORD,
        Kind::Payout => crate::objects::Payout::WORD,
        Kind::Customer => crate::objects::Customer::WORD,
        Kind::SetupIntent => crate::objects::SetupIntent::WORD,
        Kind::CheckoutSession => crate::objects::CheckoutSession::WORD,
        Kind::Invoice => crate::objects::Invoice::WORD,
        Kind::InvoicePayment => crate::objects::InvoicePayment::WORD,
        Kind::PortalConfiguration => crate::objects::PortalConfiguration::WORD,
        Kind::PortalSession => crate::objects::PortalSession::WORD,
        Kind::Price => Price::WORD,
        Kind::Product => crate::objects::Product::WORD,
        Kind::Subscription => crate::objects::Subscription::WORD,
        Kind::TestClock => crate::objects::TestClock::WORD,
    }
}
