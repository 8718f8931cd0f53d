//! All objects, in the order in which they were made, and the balance that follows from them.

use std::collections::{BTreeMap, HashMap};

use crate::objects::{Kind, Object, Resource};

/// All objects.
#[derive(Default)]
pub struct Tables {
    objects: HashMap<String, Object>,
    order: BTreeMap<Kind, Vec<String>>,
    /// By connected account; none is the platform.
    balances: HashMap<Option<String>, BTreeMap<String, i64>>,
    nothing: BTreeMap<String, i64>,
}

impl Tables {
    /// Keeps an object, in the place of its earlier state if there is one.
    pub fn put(&mut self, object: Object) {
        let id = object.id().to_owned();
        if !self.objects.contains_key(&id) {
            self.order.entry(object.kind()).or_default().push(id.clone());
            if let Object::BalanceTransaction(movement) = &object {
                let balances = self.balances.entry(movement.account.clone()).or_default();
                *balances.entry(movement.currency.clone()).or_default() += movement.net;
            }
        }
        self.objects.insert(id, object);
    }

    /// The object of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Object> {
        self.objects.get(id)
    }

    /// The objects of a resource, oldest first.
    pub fn of_kind(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Object> {
        self.order.get(&kind).into_iter().flatten().filter_map(|id| self.objects.get(id))
    }

    /// As [`Self::of_kind`], typed.
    pub fn all<R: Resource + 'static>(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.of_kind(R::KIND).filter_map(R::of)
    }

    /// Everything, each resource in its order.
    pub fn everything(&self) -> impl Iterator<Item = &Object> {
        self.order.values().flatten().filter_map(|id| self.objects.get(id))
    }

    /// The platform's balance by currency: the sum of its balance transactions.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<String, i64> {
        self.balances_of(None)
    }

    /// The balance of a connected account by currency, or of the platform.
    #[must_use]
    pub fn balances_of(&self, account: Option<&str>) -> &BTreeMap<String, i64> {
        self.balances.get(&account.map(str::to_owned)).unwrap_or(&self.nothing)
    }
}
