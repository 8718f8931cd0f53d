use crate::support::{SECRET_KEY, Stripe, id, send};

const PAYMENT: [(&str, &str); 2] = [("amount", "1000"), ("currency", "usd")];

async fn create(stripe: &Stripe, more: &[(&str, &str)]) -> crate::support::Answer {
    stripe.post("/v1/payment_intents", &[&PAYMENT[..], more].concat()).await
}

#[tokio::test]
async fn unknown_parameters_are_refused_by_name_nested_ones_too() {
    let stripe = Stripe::start().await;
    let error = create(&stripe, &[("colour", "red")]).await.refused(400, "parameter_unknown");
    assert_eq!(error["message"], "Received unknown parameter: colour");
    assert_eq!(error["param"], "colour");
    assert_eq!(error["type"], "invalid_request_error");
    let nested = create(&stripe, &[("automatic_payment_methods[colour]", "red")]).await;
    let error = nested.refused(400, "parameter_unknown");
    assert_eq!(error["message"], "Received unknown parameter: automatic_payment_methods[colour]");
    stripe.get("/v1/charges", &[("colour", "red")]).await.refused(400, "parameter_unknown");
}

#[tokio::test]
async fn missing_empty_and_malformed_parameters_are_refused() {
    let stripe = Stripe::start().await;
    let missing = stripe.post("/v1/payment_intents", &[("currency", "usd")]).await;
    assert_eq!(missing.refused(400, "parameter_missing")["message"], "Missing required param: amount.");
    let params = [("amount", "12.5"), ("currency", "usd")];
    let error = stripe.post("/v1/payment_intents", &params).await.refused(400, "parameter_invalid_integer");
    assert_eq!(error["message"], "Invalid integer: 12.5");
    let params = [("amount", ""), ("currency", "usd")];
    stripe.post("/v1/payment_intents", &params).await.refused(400, "parameter_invalid_empty");
    let params = [("amount", "49"), ("currency", "usd")];
    stripe.post("/v1/payment_intents", &params).await.refused(400, "amount_too_small");
    let params = [("amount", "100000000"), ("currency", "usd")];
    stripe.post("/v1/payment_intents", &params).await.refused(400, "amount_too_large");
    let params = [("amount", "100"), ("currency", "doubloon")];
    let error = stripe.post("/v1/payment_intents", &params).await.refused(400, "");
    assert!(error["message"].as_str().unwrap().starts_with("Invalid currency: doubloon."));
    let error = create(&stripe, &[("capture_method", "later")]).await.refused(400, "");
    assert_eq!(
        error["message"],
        "Invalid capture_method: must be one of automatic, automatic_async, or manual"
    );
}

#[tokio::test]
async fn metadata_is_limited_changed_and_removed_key_by_key() {
    let stripe = Stripe::start().await;
    let long = "x".repeat(501);
    create(&stripe, &[("metadata[a]", long.as_str())]).await.refused(400, "");
    let intent = create(&stripe, &[("metadata[a]", "1"), ("metadata[b]", "2")]).await.ok();
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let changed = stripe.post(&path, &[("metadata[a]", ""), ("metadata[c]", "3")]).await.ok();
    assert_eq!(changed["metadata"], serde_json::json!({ "b": "2", "c": "3" }));
}

#[tokio::test]
async fn an_unknown_object_is_404_in_the_path_and_400_in_a_parameter() {
    let stripe = Stripe::start().await;
    let error = stripe.get("/v1/payment_intents/pi_x", &[]).await.refused(404, "resource_missing");
    assert_eq!(error["message"], "No such payment_intent: 'pi_x'");
    assert_eq!(error["param"], "intent");
    let error = stripe.post("/v1/refunds", &[("charge", "ch_x")]).await.refused(400, "resource_missing");
    assert_eq!(error["message"], "No such charge: 'ch_x'");
    stripe.get("/v1/accounts/acct_x", &[]).await.refused(403, "account_invalid");
    let intent = stripe.intent(1000).await;
    let error = stripe.confirm(&intent, "pm_card_gold").await.refused(400, "resource_missing");
    assert_eq!(error["message"], "No such PaymentMethod: 'pm_card_gold'");
}

#[tokio::test]
async fn an_unknown_route_and_a_json_body_are_refused() {
    let stripe = Stripe::start().await;
    let error = stripe.get("/v1/bananas", &[]).await.refused(404, "");
    assert!(error["message"].as_str().unwrap().starts_with("Unrecognized request URL (GET: /v1/bananas)."));
    let url = format!("{}/v1/refunds", stripe.base);
    let json = reqwest::Client::new().post(url).bearer_auth(SECRET_KEY).json(&serde_json::json!({}));
    send(json).await.refused(400, "");
}

#[tokio::test]
async fn a_wrong_or_absent_key_is_401_and_says_little() {
    let stripe = Stripe::start().await;
    let client = reqwest::Client::new();
    let url = format!("{}/v1/balance", stripe.base);
    let error = send(client.get(&url).bearer_auth("sk_test_thisisnotthekey9999")).await.refused(401, "");
    assert_eq!(error["message"], "Invalid API Key provided: sk_test_***************9999");
    let error = send(client.get(&url)).await.refused(401, "");
    assert!(error["message"].as_str().unwrap().starts_with("You did not provide an API key."));
}

#[tokio::test]
async fn acting_for_an_account_that_is_not_ours_or_where_it_makes_no_sense_is_refused_clearly() {
    let stripe = Stripe::start().await;
    let request = stripe.request("GET", "/v1/balance", &[]).header("stripe-account", "acct_1");
    send(request).await.refused(403, "account_invalid");
    let account = stripe.ready_account().await;
    let error = stripe.get_as(&account, "/v1/refunds", &[]).await.refused(400, "");
    assert!(error["message"].as_str().unwrap().contains("connected account"));
}

#[tokio::test]
async fn metadata_has_fifty_keys_of_forty_characters() {
    let stripe = Stripe::start().await;
    let names: Vec<_> = (0..51).map(|n| format!("metadata[{n:0>40}]")).collect();
    let all: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let intent = create(&stripe, &all[..50]).await.ok();
    assert_eq!(intent["metadata"].as_object().unwrap().len(), 50);
    create(&stripe, &all).await.refused(400, "");
    let path = format!("/v1/payment_intents/{}", id(&intent));
    stripe.post(&path, &all[50..]).await.refused(400, "");
    let long = format!("metadata[{}]", "k".repeat(41));
    let error = create(&stripe, &[(long.as_str(), "x")]).await.refused(400, "");
    assert!(error["message"].as_str().unwrap().starts_with("Metadata keys can have up to 40 characters"));
    let empty = stripe.post(&path, &[("metadata", "")]).await.ok();
    assert_eq!(empty["metadata"], serde_json::json!({}));
}

#[tokio::test]
async fn a_version_that_stripe_never_had_is_refused_and_an_older_one_is_named_in_the_answer() {
    let stripe = Stripe::start().await;
    let ask = |version: &'static str| {
        send(stripe.request("GET", "/v1/balance", &[]).header("stripe-version", version))
    };
    for version in ["2019-01-01", "2027-01-01.foxglove", "2025-03-31.clover", "latest"] {
        let error = ask(version).await.refused(400, "");
        assert_eq!(error["message"], format!("Invalid Stripe API version: {version}"));
    }
    let older = ask("2025-03-31.basil").await;
    assert_eq!(older.header("stripe-version"), "2025-03-31.basil");
    older.ok();
    let params = [PAYMENT[0], PAYMENT[1], ("payment_method_types[]", "card")];
    let refused = stripe.post("/v1/payment_intents", &params).await;
    refused.refused(400, "payment_method_types_no_longer_supported");
    let older = stripe.request("POST", "/v1/payment_intents", &params).header("stripe-version", "2024-06-20");
    send(older).await.ok();
}
