//! That there is a contract, and that it finds what is wrong: every other test ends by asking it.

use lectern_stripe_stand_in::check::{Check, Exchange};
use lectern_stripe_stand_in::params::Params;
use lectern_stripe_stand_in::testing::contract;
use serde_json::{Value, json};

use crate::support::Stripe;

/// What is wrong with a request and its answer.
fn wrong(method: &str, path: &str, asked: &str, status: u16, answer: &Value) -> Vec<String> {
    let check = Check::by(contract().as_deref()).unwrap();
    let (params, body) = (Params::parse(asked.as_bytes()), answer.to_string());
    check.exchange(&Exchange { method, path, params: &params, status, body: &body });
    check.violations().into_iter().flat_map(|violation| violation.reasons).collect()
}

fn is_named(reasons: &[String], words: &str) -> bool {
    reasons.iter().any(|reason| reason.contains(words))
}

#[test]
fn stripes_contract_is_installed() {
    assert!(contract().is_some(), "no contract to hold the stand-in to: run `python3 -m local install`");
}

#[tokio::test]
async fn what_is_not_as_stripe_says_is_found_by_its_place() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(1000).await;
    let path = format!("/v1/payment_intents/{}", intent["id"].as_str().unwrap());
    let read = |answer: &Value| wrong("GET", &path, "", 200, answer);
    assert_eq!(read(&intent), Vec::<String>::new());
    let changed = |member: &str, value: Value| {
        let mut intent = intent.clone();
        intent[member] = value;
        read(&intent)
    };
    assert!(is_named(&changed("colour", json!("red")), "'colour' was unexpected"));
    assert!(is_named(&changed("amount", json!("1000")), "/amount"));
    assert!(is_named(&changed("status", json!("paid")), "/status"));
    assert!(is_named(&changed("latest_charge", json!({ "object": "charge" })), "/latest_charge"));
    let mut less = intent.clone();
    less.as_object_mut().unwrap().remove("currency");
    assert!(is_named(&read(&less), "currency"));
}

#[tokio::test]
async fn what_stripe_would_not_have_taken_is_found_too() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    let create = |asked: &str| wrong("POST", "/v1/payment_intents", asked, 200, &intent);
    assert_eq!(create("amount=1000&currency=usd&metadata[a]=b&expand[]=latest_charge"), Vec::<String>::new());
    assert!(is_named(&create("amount=1000&currency=usd&colour=red"), "'colour' was unexpected"));
    assert!(is_named(&create("amount=ten&currency=usd"), "/amount"));
    assert!(is_named(&create("currency=usd"), "amount"));
    assert!(is_named(&create("amount=1&currency=usd&payment_method_types[]=card"), "payment_method_types"));
    assert!(is_named(&wrong("POST", "/v1/bananas", "", 200, &json!({})), "no such operation"));
    // A refusal is right whatever was asked, if it looks like one.
    assert_eq!(
        wrong(
            "POST",
            "/v1/refunds",
            "colour=red",
            400,
            &json!({ "error": { "type": "invalid_request_error" } })
        ),
        Vec::<String>::new()
    );
    assert!(!wrong("POST", "/v1/refunds", "", 400, &json!({ "message": "no" })).is_empty());
}
