//! What `expand[]` may name; a test compares it with Stripe's own word.

/// What can be expanded. Some always are null here, but asking is no error.
#[must_use]
pub fn is_expandable(kind: &str, name: &str) -> bool {
    names(kind).contains(&name)
}

/// Of each object what can be expanded, by what the object says that it is.
const EXPANDABLE: &[(&str, &[&str])] = &[
    (
        "payment_intent",
        &[
            "application",
            "customer",
            "latest_charge",
            "on_behalf_of",
            "payment_method",
            "payment_record",
            "review",
            "source",
        ],
    ),
    (
        "charge",
        &[
            "application",
            "application_fee",
            "balance_transaction",
            "customer",
            "failure_balance_transaction",
            "on_behalf_of",
            "payment_intent",
            "review",
            "source_transfer",
            "transfer",
        ],
    ),
    (
        "refund",
        &[
            "balance_transaction",
            "charge",
            "customer",
            "failure_balance_transaction",
            "payment_intent",
            "payment_method",
            "source_transfer_reversal",
            "transfer_reversal",
        ],
    ),
    ("balance_transaction", &["source"]),
    ("dispute", &["charge", "payment_intent"]),
    (
        "transfer",
        &["balance_transaction", "destination", "destination_payment", "source_transaction", "reversals"],
    ),
    (
        "transfer_reversal",
        &["balance_transaction", "transfer", "destination_payment_refund", "source_refund"],
    ),
    ("payment_method", &["customer"]),
    (
        "payout",
        &[
            "application_fee",
            "balance_transaction",
            "destination",
            "failure_balance_transaction",
            "original_payout",
            "reversed_by",
        ],
    ),
    ("customer", &["invoice_settings", "default_source", "test_clock"]),
    (
        "setup_intent",
        &[
            "application",
            "customer",
            "latest_attempt",
            "mandate",
            "on_behalf_of",
            "payment_method",
            "single_use_mandate",
        ],
    ),
    (
        "subscription",
        &[
            "application",
            "customer",
            "default_payment_method",
            "default_source",
            "discounts",
            "items",
            "latest_invoice",
            "on_behalf_of",
            "pending_setup_intent",
            "schedule",
            "test_clock",
        ],
    ),
    ("billing_portal.configuration", &["application"]),
    ("product", &["default_price", "tax_code"]),
    ("subscription_item", &["discounts", "price"]),
    ("price", &["product"]),
    (
        "invoice",
        &[
            "account_tax_ids",
            "application",
            "customer",
            "default_payment_method",
            "default_source",
            "discounts",
            "latest_revision",
            "lines",
            "on_behalf_of",
            "parent",
            "test_clock",
        ],
    ),
    ("invoice_payment", &["invoice", "payment"]),
    (
        "checkout.session",
        &["customer", "invoice", "payment_intent", "payment_link", "setup_intent", "subscription"],
    ),
    ("billing_portal.session", &["configuration"]),
    // Hashes, which don't say what they are: a customer's settings, an invoice's parent and payment.
    ("", &["default_payment_method", "payment_intent", "subscription", "subscription_details"]),
];

fn names(kind: &str) -> &'static [&'static str] {
    EXPANDABLE.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, names)| *names)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::testing::contract;

    /// What the contract says of one object.
    #[derive(Deserialize)]
    struct Expandable {
        ids: Vec<String>,
        ways: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Contract {
        expandable: BTreeMap<String, Expandable>,
    }

    #[test]
    fn every_id_that_stripe_expands_is_expanded_here_and_nothing_else_is() {
        // That it is there is a test of its own.
        let Some(file) = contract() else { return };
        let Contract { expandable } = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let ours = expandable.iter().filter(|(kind, _)| !names(kind).is_empty());
        for (kind, Expandable { ids, ways }) in ours {
            let missing: Vec<_> = ids.iter().filter(|id| !is_expandable(kind, id)).collect();
            assert!(missing.is_empty(), "{kind}: {missing:?}");
            let known = |name: &&&str| ids.iter().chain(ways).any(|known| known == **name);
            let invented: Vec<_> = names(kind).iter().filter(|name| !known(name)).collect();
            assert!(invented.is_empty(), "{kind}: {invented:?}");
        }
    }
}
