//! The table of the API's routes.

use axum::http::Method;

use super::Call;
use crate::error::Failure;
use crate::objects::{
    Reply, account, account_link, balance, bank_account, capture, charge, checkout_session, confirmation,
    dispute, event, invoice, invoice_payment, payment_intent, payment_method, payout, portal, price, product,
    refund, subscription, test_clock, transfer, transfer_reversal,
};
use crate::objects::{customer, saved_method, setup_intent, webhook_endpoint};
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
    /// Whether it can act as a connected account.
    pub connected: bool,
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
const ROUTES: &[(Verb, &str, Endpoint)] = &[
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
    (Post, "payment_intents/:/capture", capture::capture),
    (Get, "disputes", dispute::list),
    (Get, "disputes/:", dispute::retrieve),
    (Post, "disputes/:", dispute::update),
    (Post, "disputes/:/close", dispute::close),
    (Post, "account_links", account_link::create),
    (Post, "accounts/:/login_links", account_link::login),
    (Post, "accounts/:/external_accounts", bank_account::create),
    (Get, "accounts/:/external_accounts", bank_account::list),
    (Post, "payouts", payout::create),
    (Get, "payouts", payout::list),
    (Get, "payouts/:", payout::retrieve),
    (Post, "payouts/:", payout::update),
    (Post, "payouts/:/cancel", payout::cancel),
    (Post, "customers", customer::create),
    (Get, "customers", customer::list),
    (Get, "customers/search", customer::search),
    (Get, "customers/:", customer::retrieve),
    (Post, "customers/:", customer::update),
    (Delete, "customers/:", customer::delete),
    (Get, "customers/:/payment_methods", saved_method::list_of_customer),
    (Get, "customers/:/payment_methods/:", saved_method::retrieve_of_customer),
    (Post, "payment_methods", saved_method::create),
    (Get, "payment_methods", saved_method::list),
    (Post, "payment_methods/:", saved_method::update),
    (Post, "payment_methods/:/attach", saved_method::attach),
    (Post, "payment_methods/:/detach", saved_method::detach),
    (Post, "setup_intents", setup_intent::create),
    (Get, "setup_intents", setup_intent::list),
    (Get, "setup_intents/:", setup_intent::retrieve),
    (Post, "setup_intents/:", setup_intent::update),
    (Post, "setup_intents/:/confirm", setup_intent::confirm),
    (Post, "setup_intents/:/cancel", setup_intent::cancel),
    (Post, "products", product::create),
    (Get, "products", product::list),
    (Get, "products/:", product::retrieve),
    (Post, "products/:", product::update),
    (Post, "prices", price::create),
    (Get, "prices", price::list),
    (Get, "prices/:", price::retrieve),
    (Post, "prices/:", price::update),
    (Post, "subscriptions", subscription::create),
    (Get, "subscriptions", subscription::list),
    (Get, "subscriptions/:", subscription::retrieve),
    (Post, "subscriptions/:", subscription::update),
    (Delete, "subscriptions/:", subscription::cancel),
    (Get, "invoices", invoice::list),
    (Get, "invoices/:", invoice::retrieve),
    (Post, "invoices/:/pay", invoice::pay),
    (Get, "invoice_payments", invoice_payment::list),
    (Get, "invoice_payments/:", invoice_payment::retrieve),
    (Post, "test_helpers/test_clocks", test_clock::create),
    (Get, "test_helpers/test_clocks", test_clock::list),
    (Get, "test_helpers/test_clocks/:", test_clock::retrieve),
    (Delete, "test_helpers/test_clocks/:", test_clock::delete),
    (Post, "test_helpers/test_clocks/:/advance", test_clock::advance),
    (Post, "checkout/sessions", checkout_session::create),
    (Get, "checkout/sessions", checkout_session::list),
    (Get, "checkout/sessions/:", checkout_session::retrieve),
    (Post, "checkout/sessions/:/expire", checkout_session::expire),
    (Post, "billing_portal/configurations", portal::create_configuration),
    (Get, "billing_portal/configurations", portal::list_configurations),
    (Get, "billing_portal/configurations/:", portal::retrieve_configuration),
    (Post, "billing_portal/configurations/:", portal::update_configuration),
    (Post, "billing_portal/sessions", portal::create_session),
    (Post, "webhook_endpoints", webhook_endpoint::create),
    (Get, "webhook_endpoints", webhook_endpoint::list),
    (Get, "webhook_endpoints/:", webhook_endpoint::retrieve),
    (Post, "webhook_endpoints/:", webhook_endpoint::update),
    (Delete, "webhook_endpoints/:", webhook_endpoint::delete),
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
        let public = is_public(verb, pattern);
        let resource = pattern.split('/').next().unwrap_or_default();
        let connected = ["balance", "balance_transactions", "events", "payouts"].contains(&resource);
        Some(Found { endpoint: *endpoint, ids, public, connected })
    })
}

/// What a page with the publishable key does: it makes a payment method, and confirms what it has the secret of.
fn is_public(verb: Verb, pattern: &str) -> bool {
    match pattern {
        "payment_intents/:" | "setup_intents/:" => verb == Get,
        "payment_methods" => verb == Post,
        "payment_intents/:/confirm" | "setup_intents/:/confirm" => true,
        _ => false,
    }
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
