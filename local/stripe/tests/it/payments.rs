use serde_json::json;

use crate::support::{Stripe, id, send};

#[tokio::test]
async fn a_payment_is_created_confirmed_by_the_payer_and_on_the_balance_less_its_fee() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(4500).await;
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["metadata"], json!({ "lesson_id": "lesson_1" }));
    assert_eq!(intent["livemode"], false);

    let secret = intent["client_secret"].as_str().unwrap();
    assert_eq!(secret.split("_secret_").next().unwrap(), id(&intent));
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let params = [("payment_method", "pm_card_visa"), ("client_secret", secret)];
    let confirmed = stripe.post_as_payer(&path, &params).await.ok();
    assert_eq!(confirmed["status"], "succeeded");
    assert!(confirmed.get("metadata").is_none(), "the payer doesn't see metadata");

    let path = format!("/v1/payment_intents/{}", id(&intent));
    let expand = [("expand[]", "latest_charge.balance_transaction")];
    let intent = stripe.get(&path, &expand).await.ok();
    assert_eq!(intent["amount_received"], 4500);
    let charge = &intent["latest_charge"];
    assert_eq!(charge["transfer_group"], "lesson_1");
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(charge["balance_transaction"]["fee"], 161);
    assert_eq!(charge["balance_transaction"]["net"], 4339);
    assert_eq!(stripe.balance().await, 4339);
}

#[tokio::test]
async fn a_declined_card_leaves_the_intent_open_for_another() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(4500).await;
    let declined = stripe.confirm(&intent, "pm_card_chargeDeclinedInsufficientFunds").await;
    let error = declined.refused(402, "card_declined");
    assert_eq!(error["type"], "card_error");
    assert_eq!(error["decline_code"], "insufficient_funds");
    assert_eq!(error["message"], "Your card has insufficient funds.");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(error["payment_intent"]["last_payment_error"]["code"], "card_declined");

    let charge = stripe.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).await.ok();
    assert_eq!(charge["status"], "failed");
    assert_eq!(charge["failure_code"], "card_declined");
    assert_eq!(stripe.balance().await, 0);
    assert_eq!(stripe.confirm(&intent, "pm_card_visa").await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn each_declined_test_card_has_its_own_code() {
    let stripe = Stripe::start().await;
    for (card, code) in [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_visa_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ] {
        let intent = stripe.intent(1000).await;
        stripe.confirm(&intent, card).await.refused(402, code);
    }
}

#[tokio::test]
async fn three_d_secure_waits_for_the_payer_and_then_succeeds_or_fails() {
    let stripe = Stripe::start().await;
    for (outcome, status) in [("success", "succeeded"), ("failure", "requires_payment_method")] {
        let intent = stripe.intent(1000).await;
        let waiting = stripe.confirm(&intent, "pm_card_threeDSecureRequired").await.ok();
        assert_eq!(waiting["status"], "requires_action");
        assert_eq!(waiting["next_action"]["type"], "use_stripe_sdk");
        let path = format!("/_stand_in/payment_intents/{}/complete_action", id(&intent));
        let done = stripe.post(&path, &[("outcome", outcome)]).await.ok();
        assert_eq!(done["status"], status);
        assert!(done["next_action"].is_null());
        stripe.post(&path, &[]).await.refused(400, "payment_intent_unexpected_state");
    }
    assert_eq!(stripe.balance().await, 1000 - 59);
}

#[tokio::test]
async fn the_authentication_page_leads_back_to_the_return_url() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let params =
        [("payment_method", "pm_card_threeDSecure2Required"), ("return_url", "http://127.0.0.1:1/back")];
    let waiting = stripe.post(&path, &params).await.ok();
    let url = waiting["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert!(page.contains("$10.00"), "{page}");

    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let action = format!("{}/_stand_in/payment_intents/{}/complete_action", stripe.base, id(&intent));
    let answer = client.post(action).form(&[("page", "true"), ("outcome", "success")]).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let back = answer.headers()["location"].to_str().unwrap();
    assert!(back.starts_with("http://127.0.0.1:1/back?payment_intent=pi_"), "{back}");
}

#[tokio::test]
async fn a_paid_intent_can_be_neither_confirmed_nor_cancelled_nor_given_another_amount() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(1000).await;
    let again = stripe.confirm(&intent, "pm_card_visa").await;
    let error = again.refused(400, "payment_intent_unexpected_state");
    assert_eq!(error["payment_intent"]["status"], "succeeded");
    let path = format!("/v1/payment_intents/{}", id(&intent));
    stripe.post(&format!("{path}/cancel"), &[]).await.refused(400, "payment_intent_unexpected_state");
    stripe.post(&path, &[("amount", "2000")]).await.refused(400, "payment_intent_unexpected_state");
    assert_eq!(stripe.post(&path, &[("metadata[a]", "b")]).await.ok()["metadata"]["a"], "b");
}

#[tokio::test]
async fn a_cancelled_intent_cannot_be_paid() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    let path = format!("/v1/payment_intents/{}/cancel", id(&intent));
    let cancelled = stripe.post(&path, &[("cancellation_reason", "abandoned")]).await.ok();
    assert_eq!(cancelled["status"], "canceled");
    assert_eq!(cancelled["cancellation_reason"], "abandoned");
    stripe.confirm(&intent, "pm_card_visa").await.refused(400, "payment_intent_unexpected_state");
    stripe.post(&path, &[]).await.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn a_publishable_key_needs_the_client_secret_and_opens_nothing_else() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let card = ("payment_method", "pm_card_visa");
    stripe.post_as_payer(&path, &[card]).await.refused(400, "parameter_missing");
    stripe.post_as_payer(&path, &[card, ("client_secret", "wrong")]).await.refused(400, "");
    stripe.post_as_payer("/v1/refunds", &[]).await.refused(403, "secret_key_required");
    let params = [("amount", "100"), ("currency", "usd")];
    stripe.post_as_payer("/v1/payment_intents", &params).await.refused(403, "secret_key_required");
}

#[tokio::test]
async fn automatic_payment_methods_want_a_way_back_unless_redirects_are_off() {
    let stripe = Stripe::start().await;
    let base = [("amount", "1000"), ("currency", "usd"), ("automatic_payment_methods[enabled]", "true")];
    let intent = stripe.post("/v1/payment_intents", &base).await.ok();
    let refused = stripe.confirm(&intent, "pm_card_visa").await.refused(400, "");
    assert!(refused["message"].as_str().unwrap().contains("return_url"));

    let never = [&base[..], &[("automatic_payment_methods[allow_redirects]", "never")]].concat();
    let intent = stripe.post("/v1/payment_intents", &never).await.ok();
    assert_eq!(stripe.confirm(&intent, "pm_card_visa").await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn an_intent_can_be_created_and_confirmed_in_one_call() {
    let stripe = Stripe::start().await;
    let params = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("allowed_payment_method_types[]", "card"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    assert_eq!(stripe.post("/v1/payment_intents", &params).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn basic_authentication_and_a_version_are_accepted_and_the_version_echoed() {
    let stripe = Stripe::start().await;
    let request = reqwest::Client::new()
        .get(format!("{}/v1/balance", stripe.base))
        .basic_auth(crate::support::SECRET_KEY, Some(""))
        .header("stripe-version", "2024-06-20");
    let answer = send(request).await;
    assert_eq!(answer.header("stripe-version"), "2024-06-20");
    assert!(answer.header("request-id").starts_with("req_"));
    assert_eq!(answer.ok()["object"], "balance");
}
