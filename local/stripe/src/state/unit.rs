//! The unit of work: what one request sees and changes, kept or dropped as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Ids, Tables};
use crate::API_VERSION;
use crate::error::Failure;
use crate::objects::event::CONFIGURED;
use crate::objects::{Event, Object, Resource, WebhookEndpoint};
use crate::render;

const ID_LENGTH: usize = 24;
/// Stripe's account ids are shorter than its others.
const ACCOUNT_ID_LENGTH: usize = 16;
/// And so are those of products and items.
const SHORT_ID_LENGTH: usize = 14;

/// The request that causes a change.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// `req_…`, none for what wasn't asked through the API.
    pub request_id: Option<String>,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
}

/// What one request sees and changes.
pub struct Unit<'a> {
    /// The time, in seconds since 1970: one for the whole request.
    pub now: i64,
    /// Where this stand-in's own pages are.
    pub site: &'a str,
    /// The connected account that the request acts as.
    pub account: Option<String>,
    tables: &'a Tables,
    ids: &'a mut dyn Ids,
    origin: Origin,
    staged: Vec<Object>,
}

impl<'a> Unit<'a> {
    /// Begins with nothing changed.
    pub fn new(tables: &'a Tables, ids: &'a mut dyn Ids, now: i64, site: &'a str, origin: Origin) -> Self {
        Self { now, site, account: None, tables, ids, origin, staged: Vec::new() }
    }

    /// What was changed, to be kept.
    #[must_use]
    pub fn into_changes(self) -> Vec<Object> {
        self.staged
    }

    /// A new id: `id("pi")` gives `pi_…`.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.ids.random(ID_LENGTH))
    }

    /// A new account's id.
    pub fn account_id(&mut self) -> String {
        format!("acct_{}", self.ids.random(ACCOUNT_ID_LENGTH))
    }

    /// A new id of the short kind: `short_id("prod")` gives `prod_…`.
    pub fn short_id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.ids.random(SHORT_ID_LENGTH))
    }

    /// So many random letters and digits.
    pub fn random(&mut self, length: usize) -> String {
        self.ids.random(length)
    }

    /// The object of that id, as changed by this unit.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Object> {
        self.staged.iter().rev().find(|object| object.id() == id).or_else(|| self.tables.get(id))
    }

    /// As [`Self::get`], typed.
    #[must_use]
    pub fn find<R: Resource>(&self, id: &str) -> Option<R> {
        self.get(id).and_then(R::of).cloned()
    }

    /// As [`Self::find`], but only what belongs to whom the request acts as.
    fn own<R: Resource>(&self, id: &str) -> Option<R> {
        let own = self.get(id).filter(|object| object.owner() == self.account.as_deref());
        own.and_then(R::of).cloned()
    }

    /// The object that the path names first.
    ///
    /// # Errors
    /// There is none: 404.
    pub fn named<R: Resource>(&self, path: &[&str]) -> Result<R, Failure> {
        let id = path.first().copied().unwrap_or_default();
        self.own(id).ok_or_else(|| Failure::NoSuch {
            what: R::WORD,
            id: id.to_owned(),
            param: R::PARAM,
            in_path: true,
        })
    }

    /// The object that a parameter names.
    ///
    /// # Errors
    /// There is none: 400.
    pub fn given<R: Resource>(&self, id: &str, param: &'static str) -> Result<R, Failure> {
        // Stripe says "No such destination", whatever a destination is.
        let what = if param == "destination" { "destination" } else { R::WORD };
        self.own(id).ok_or_else(|| Failure::NoSuch { what, id: id.to_owned(), param, in_path: false })
    }

    /// The objects of a resource before this unit, oldest first.
    pub fn all<R: Resource + 'static>(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.tables.all()
    }

    /// The objects of a resource as changed by this unit, oldest first.
    #[must_use]
    pub fn every<R: Resource + 'static>(&self) -> Vec<R> {
        let known = self.tables.all::<R>().filter_map(|it| self.find(it.id()));
        let is_new = |object: &&Object| self.tables.get(object.id()).is_none();
        known.chain(self.staged.iter().filter(is_new).filter_map(R::of).cloned()).collect()
    }

    /// Everything before this unit.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        self.tables
    }

    /// The balances before this unit.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<String, i64> {
        self.tables.balances()
    }

    /// The balances before this unit of a connected account, or of the platform.
    #[must_use]
    pub fn balances_of(&self, account: Option<&str>) -> &BTreeMap<String, i64> {
        self.tables.balances_of(account)
    }

    /// The platform's balance before this unit in one currency.
    #[must_use]
    pub fn balance(&self, currency: &str) -> i64 {
        self.balances().get(currency).copied().unwrap_or_default()
    }

    /// Keeps an object.
    pub fn put(&mut self, object: impl Into<Object>) {
        let object = object.into();
        match self.staged.iter_mut().find(|earlier| earlier.id() == object.id()) {
            Some(earlier) => *earlier = object,
            None => self.staged.push(object),
        }
    }

    /// Tells that something happened to an object, as it is now.
    pub fn emit(&mut self, kind: &str, object: impl Into<Object>) {
        let object = object.into();
        let data = json!({ "object": render::object(&object) });
        self.emit_data(kind, &object, data);
    }

    /// Tells that an object changed, with what it was before.
    pub fn emit_change(&mut self, kind: &str, before: impl Into<Object>, after: impl Into<Object>) {
        let after = after.into();
        let shown = render::object(&after);
        let previous = difference(&render::object(&before.into()), &shown);
        let data = json!({ "object": shown, "previous_attributes": previous });
        self.emit_data(kind, &after, data);
    }

    fn emit_data(&mut self, kind: &str, object: &Object, data: Value) {
        let account = match object {
            Object::Account(account) => Some(account.id.clone()),
            other => other.owner().map(str::to_owned),
        };
        self.emit_of(account, kind, data);
    }

    /// Tells that something happened, of this connected account or of the platform, with these data.
    pub fn emit_of(&mut self, account: Option<String>, kind: &str, data: Value) {
        let mut event = Event {
            id: self.id("evt"),
            account,
            api_version: API_VERSION.to_owned(),
            created: self.now,
            data,
            pending_webhooks: 1,
            request: json!({ "id": self.origin.request_id, "idempotency_key": self.origin.idempotency_key }),
            waiting: vec![CONFIGURED.to_owned()],
            kind: kind.to_owned(),
        };
        let endpoints = self.every::<WebhookEndpoint>().into_iter().filter(|endpoint| endpoint.wants(&event));
        let endpoints: Vec<_> = endpoints.map(|endpoint| endpoint.id).collect();
        event.waiting.extend(endpoints);
        event.pending_webhooks = u32::try_from(event.waiting.len()).unwrap_or(u32::MAX);
        self.put(event);
    }
}

/// The members of `before` that `after` changes.
fn difference(before: &Value, after: &Value) -> Value {
    let mut changed = Map::new();
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        for (name, value) in before {
            match (value, after.get(name)) {
                (_, Some(same)) if same == value => {}
                (Value::Object(_), Some(inner @ Value::Object(_))) => {
                    changed.insert(name.clone(), difference(value, inner));
                }
                _ => {
                    changed.insert(name.clone(), value.clone());
                }
            }
        }
        // What is new was nothing before.
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            changed.insert(name.clone(), Value::Null);
        }
    }
    Value::Object(changed)
}
