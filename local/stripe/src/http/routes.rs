//! The table of the API's routes.

use axum::http::Method;

use super::Call;
use crate::error::Failure;
use crate::objects::{
    Reply, account, balance, charge, confirmation, event, payment_intent, payment_method, refund, transfer,
    transfer_reversal,
};
use crate::state::Unit;

/// What does the work of a route; it is given the ids of the path.
pub type Endpoint = fn(&mut Unit, &Call, &[&str]) -> Result<Reply, Failure>;

/// A route that was found.
pub struct Found<'a> {
    /// What does its work.
    pub endpoint: Endpoint,
    /// The ids of the path.
    pub ids: Vec<&'a str>,
    /// Whether the publishable key will do.
    pub public: bool,
}

/// The methods, as short as the table wants them.
#[derive(Clone, Copy, PartialEq)]
enum Verb {
    Get,
    Post,
    Delete,
}

use Verb::{Delete, Get, Post};

/// `:` stands for an id.
const ROUTES: [(Verb, &str, Endpoint); 32] = [
    (Post, "payment_intents", payment_intent::create),
    (Get, "payment_intents", payment_intent::list),
    (Get, "payment_intents/:", payment_intent::retrieve),
    (Post, "payment_intents/:", payment_intent::update),
    (Post, "payment_intents/:/confirm", confirmation::confirm),
    (Post, "payment_intents/:/cancel", payment_intent::cancel),
    (Get, "payment_methods/:", payment_method::retrieve),
    (Get, "charges", charge::list),
    (Get, "charges/:", charge::retrieve),
    (Post, "charges/:", charge::update),
    (Get, "balance", balance::retrieve_balance),
    (Get, "balance_transactions", balance::list),
    (Get, "balance_transactions/:", balance::retrieve),
    (Post, "refunds", refund::create),
    (Get, "refunds", refund::list),
    (Get, "refunds/:", refund::retrieve),
    (Post, "refunds/:", refund::update),
    (Post, "accounts", account::create),
    (Get, "accounts", account::list),
    (Get, "accounts/:", account::retrieve),
    (Post, "accounts/:", account::update),
    (Delete, "accounts/:", account::delete),
    (Post, "transfers", transfer::create),
    (Get, "transfers", transfer::list),
    (Get, "transfers/:", transfer::retrieve),
    (Post, "transfers/:", transfer::update),
    (Post, "transfers/:/reversals", transfer_reversal::create),
    (Get, "transfers/:/reversals", transfer_reversal::list),
    (Get, "transfers/:/reversals/:", transfer_reversal::retrieve),
    (Post, "transfers/:/reversals/:", transfer_reversal::update),
    (Get, "events", event::list),
    (Get, "events/:", event::retrieve),
];

/// The route of a request, if there is one.
#[must_use]
pub fn find<'a>(method: &Method, path: &'a str) -> Option<Found<'a>> {
    let verb = match *method {
        Method::GET => Get,
        Method::POST => Post,
        Method::DELETE => Delete,
        _ => return None,
    };
    let path = path.strip_prefix("/v1/")?;
    ROUTES.iter().filter(|(wanted, ..)| *wanted == verb).find_map(|(_, pattern, endpoint)| {
        let ids = ids(pattern, path)?;
        let public =
            matches!(*pattern, "payment_intents/:" if verb == Get) || *pattern == "payment_intents/:/confirm";
        Some(Found { endpoint: *endpoint, ids, public })
    })
}

fn ids<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut ids = Vec::new();
    let mut given = path.split('/');
    for wanted in pattern.split('/') {
        let part = given.next()?;
        match wanted {
            ":" if !part.is_empty() => ids.push(part),
            _ if wanted == part => {}
            _ => return None,
        }
    }
    given.next().is_none().then_some(ids)
}
