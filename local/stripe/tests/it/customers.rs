//! Customers, saved cards, and paying with them.

use serde_json::Value;

use crate::support::{Answer, Stripe, id};

async fn customer(stripe: &Stripe) -> Value {
    stripe.post("/v1/customers", &[("metadata[user_id]", "u1")]).await.ok()
}

/// A setup intent of a customer, as our own API makes it.
async fn setup(stripe: &Stripe, customer: &Value) -> Value {
    let params = [
        ("customer", id(customer)),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("usage", "off_session"),
    ];
    stripe.post("/v1/setup_intents", &params).await.ok()
}

async fn confirm(stripe: &Stripe, setup: &Value, card: &str) -> Answer {
    let secret = setup["client_secret"].as_str().unwrap();
    let path = format!("/v1/setup_intents/{}/confirm", id(setup));
    stripe.post_as_payer(&path, &[("client_secret", secret), ("payment_method", card)]).await
}

/// The id of a card that is saved.
async fn saved(stripe: &Stripe, customer: &Value, card: &str) -> String {
    let setup = setup(stripe, customer).await;
    let confirmed = confirm(stripe, &setup, card).await.ok();
    if confirmed["status"] == "requires_action" {
        let path = format!("/_stand_in/setup_intents/{}/complete_action", id(&setup));
        stripe.post(&path, &[]).await.ok();
    }
    let whole = stripe.get(&format!("/v1/setup_intents/{}", id(&setup)), &[]).await.ok();
    assert_eq!(whole["status"], "succeeded");
    whole["payment_method"].as_str().unwrap().to_owned()
}

async fn pay(stripe: &Stripe, more: &[(&str, &str)]) -> Answer {
    let base = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("allowed_payment_method_types[]", "card"),
        ("confirm", "true"),
    ];
    stripe.post("/v1/payment_intents", &[&base[..], more].concat()).await
}

async fn cards(stripe: &Stripe, customer: &Value) -> Vec<Value> {
    let path = format!("/v1/customers/{}/payment_methods", id(customer));
    stripe.get(&path, &[]).await.ok()["data"].as_array().unwrap().clone()
}

async fn events(stripe: &Stripe, kind: &str) -> Vec<Value> {
    stripe.get("/v1/events", &[("type", kind)]).await.ok()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_customer_is_made_found_changed_and_deleted() {
    let stripe = Stripe::start().await;
    let clock = stripe.post("/v1/test_helpers/test_clocks", &[("frozen_time", "1801396800")]).await.ok();
    let params = [("email", "a@example.com"), ("metadata[user_id]", "u'1"), ("test_clock", id(&clock))];
    let made = stripe.post("/v1/customers", &params).await.ok();
    assert!(id(&made).starts_with("cus_"));
    assert!(made["invoice_settings"]["default_payment_method"].is_null());
    let path = format!("/v1/customers/{}", id(&made));
    let changed = stripe.post(&path, &[("name", "Ada"), ("email", "")]).await.ok();
    assert_eq!((changed["name"].as_str(), &changed["email"]), (Some("Ada"), &Value::Null));
    let query = ("query", "metadata['user_id']:'u'1'");
    let found = stripe.get("/v1/customers/search", &[query]).await.ok();
    assert_eq!(found["data"][0]["id"], made["id"]);
    assert_eq!(stripe.get("/v1/customers", &[]).await.ok()["data"], Value::Array(Vec::new()));
    let of_clock = stripe.get("/v1/customers", &[("test_clock", id(&clock))]).await.ok();
    assert_eq!(of_clock["data"][0]["id"], made["id"]);
    let gone = stripe.delete(&path).await.ok();
    assert_eq!(gone, serde_json::json!({ "id": made["id"], "object": "customer", "deleted": true }));
    assert_eq!(stripe.get(&path, &[]).await.ok(), gone);
    stripe.post(&path, &[]).await.refused(404, "resource_missing");
    stripe.delete(&path).await.refused(404, "resource_missing");
    assert_eq!(stripe.get("/v1/customers/search", &[query]).await.ok()["data"], Value::Array(Vec::new()));
    for kind in ["customer.created", "customer.updated", "customer.deleted"] {
        assert_eq!(events(&stripe, kind).await.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn customers_are_listed_by_email() {
    let stripe = Stripe::start().await;
    stripe.post("/v1/customers", &[("email", "a@example.com")]).await.ok();
    stripe.post("/v1/customers", &[("email", "b@example.com")]).await.ok();
    let found = stripe.get("/v1/customers", &[("email", "b@example.com")]).await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    stripe.post("/v1/customers", &[("email", "nonsense")]).await.refused(400, "email_invalid");
    stripe.post("/v1/customers", &[("mail", "x")]).await.refused(400, "parameter_unknown");
    stripe.get("/v1/customers/search", &[("query", "nonsense")]).await.refused(400, "");
}

#[tokio::test]
async fn a_card_is_saved_by_the_payers_page_alone_and_told_of() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let setup = setup(&stripe, &customer).await;
    assert_eq!(
        (setup["status"].as_str(), setup["usage"].as_str()),
        (Some("requires_payment_method"), Some("off_session"))
    );
    let path = format!("/v1/setup_intents/{}/confirm", id(&setup));
    stripe
        .post_as_payer(&path, &[("payment_method", "pm_card_visa")])
        .await
        .refused(400, "parameter_missing");
    let confirmed = confirm(&stripe, &setup, "pm_card_visa").await.ok();
    assert_eq!(confirmed["status"], "succeeded");
    assert!(confirmed["customer"].is_null(), "a payer sees no customer");
    confirm(&stripe, &setup, "pm_card_visa").await.refused(400, "setup_intent_unexpected_state");
    let cards = cards(&stripe, &customer).await;
    assert_eq!((&cards[0]["id"], &cards[0]["customer"]), (&confirmed["payment_method"], &customer["id"]));
    for kind in ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"] {
        assert_eq!(events(&stripe, kind).await.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_declined_card_is_not_saved_and_another_may_be() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let setup = setup(&stripe, &customer).await;
    let error = confirm(&stripe, &setup, "pm_card_chargeDeclined").await.refused(402, "card_declined");
    assert_eq!(error["setup_intent"]["last_setup_error"]["decline_code"], "generic_decline");
    assert_eq!(events(&stripe, "setup_intent.setup_failed").await.len(), 1);
    assert!(cards(&stripe, &customer).await.is_empty());
    assert_eq!(confirm(&stripe, &setup, "pm_card_mastercard").await.ok()["status"], "succeeded");
    let params = [("customer", id(&customer))];
    let attach = stripe.post("/v1/payment_methods/pm_card_chargeDeclined/attach", &params).await;
    attach.refused(402, "card_declined");
}

#[tokio::test]
async fn the_bank_may_want_to_see_who_saves_a_card() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    for (outcome, status) in [("failure", "requires_payment_method"), ("success", "succeeded")] {
        let setup = setup(&stripe, &customer).await;
        let waiting = confirm(&stripe, &setup, "pm_card_threeDSecureRequired").await.ok();
        assert_eq!(waiting["status"], "requires_action");
        let page = waiting["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
        assert!(reqwest::get(page).await.unwrap().text().await.unwrap().contains(id(&setup)));
        let path = format!("/_stand_in/setup_intents/{}/complete_action", id(&setup));
        assert_eq!(stripe.post(&path, &[("outcome", outcome)]).await.ok()["status"], status);
        stripe.post(&path, &[]).await.refused(400, "setup_intent_unexpected_state");
    }
    assert_eq!(cards(&stripe, &customer).await.len(), 1);
}

#[tokio::test]
async fn the_authentication_of_a_saved_card_leads_back_to_the_return_url() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let params = [("customer", id(&customer)), ("payment_method", "pm_card_threeDSecure2Required")];
    let waits = stripe.post("/v1/setup_intents", &params).await.ok();
    let path = format!("/v1/setup_intents/{}/confirm", id(&waits));
    let refused = stripe.post(&path, &[]).await.refused(400, "");
    assert!(refused["message"].as_str().unwrap().contains("return_url"));
    let waiting = stripe.post(&path, &[("return_url", "http://127.0.0.1:1/back")]).await.ok();
    assert_eq!(waiting["next_action"]["type"], "redirect_to_url");
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let action = format!("{}/_stand_in/setup_intents/{}/complete_action", stripe.base, id(&waits));
    let answer = client.post(action).form(&[("page", "true")]).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let back = answer.headers()["location"].to_str().unwrap();
    assert!(back.starts_with("http://127.0.0.1:1/back?setup_intent=seti_"), "{back}");
}

#[tokio::test]
async fn a_cancelled_setup_saves_nothing() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let setup = setup(&stripe, &customer).await;
    let path = format!("/v1/setup_intents/{}/cancel", id(&setup));
    let cancelled = stripe.post(&path, &[("cancellation_reason", "abandoned")]).await.ok();
    assert_eq!(cancelled["status"], "canceled");
    stripe.post(&path, &[]).await.refused(400, "setup_intent_unexpected_state");
    confirm(&stripe, &setup, "pm_card_visa").await.refused(400, "setup_intent_unexpected_state");
    assert_eq!(events(&stripe, "setup_intent.canceled").await.len(), 1);
}

#[tokio::test]
async fn a_saved_card_pays_again_and_again_and_only_for_its_customer() {
    let stripe = Stripe::start().await;
    let (customer, other) = (customer(&stripe).await, customer(&stripe).await);
    let card = saved(&stripe, &customer, "pm_card_visa").await;
    for _ in 0..2 {
        let params = [("customer", id(&customer)), ("payment_method", card.as_str())];
        let paid = pay(&stripe, &params).await.ok();
        assert_eq!((&paid["status"], &paid["customer"]), (&Value::from("succeeded"), &customer["id"]));
        let charge =
            stripe.get(&format!("/v1/charges/{}", paid["latest_charge"].as_str().unwrap()), &[]).await;
        assert_eq!(charge.ok()["customer"], customer["id"]);
    }
    pay(&stripe, &[("payment_method", card.as_str())]).await.refused(400, "");
    pay(&stripe, &[("customer", id(&other)), ("payment_method", card.as_str())]).await.refused(400, "");
    let nobody = [("customer", "cus_none"), ("payment_method", card.as_str())];
    pay(&stripe, &nobody).await.refused(400, "resource_missing");
    let of_customer = stripe.get("/v1/payment_intents", &[("customer", id(&customer))]).await.ok();
    assert_eq!(of_customer["data"].as_array().unwrap().len(), 2);
    assert_eq!(stripe.balance().await, 2 * (1000 - 59));
}

#[tokio::test]
async fn a_card_can_be_saved_while_it_pays() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let base = [("customer", id(&customer)), ("payment_method", "pm_card_visa")];
    pay(&stripe, &base).await.ok();
    assert!(cards(&stripe, &customer).await.is_empty(), "only when it is asked for");
    let saves = [&base[..], &[("setup_future_usage", "off_session")]].concat();
    let paid = pay(&stripe, &saves).await.ok();
    assert_eq!(paid["setup_future_usage"], "off_session");
    assert_eq!(cards(&stripe, &customer).await[0]["id"], paid["payment_method"]);
}

#[tokio::test]
async fn a_card_of_nobody_pays_once_and_a_detached_one_never_again() {
    let stripe = Stripe::start().await;
    let made =
        stripe.post_as_payer("/v1/payment_methods", &[("type", "card"), ("card[token]", "tok_visa")]).await;
    let made = made.ok();
    pay(&stripe, &[("payment_method", id(&made))]).await.ok();
    pay(&stripe, &[("payment_method", id(&made))]).await.refused(400, "");
    let customer = customer(&stripe).await;
    let card = saved(&stripe, &customer, "pm_card_visa").await;
    let path = format!("/v1/customers/{}", id(&customer));
    let default = ("invoice_settings[default_payment_method]", card.as_str());
    let changed =
        stripe.post(&path, &[default, ("expand[]", "invoice_settings.default_payment_method")]).await.ok();
    assert_eq!(changed["invoice_settings"]["default_payment_method"]["card"]["last4"], "4242");
    let detach = format!("/v1/payment_methods/{card}/detach");
    assert!(stripe.post(&detach, &[]).await.ok()["customer"].is_null());
    stripe.post(&detach, &[]).await.refused(400, "");
    let events = events(&stripe, "payment_method.detached").await;
    assert_eq!(events[0]["data"]["previous_attributes"]["customer"], customer["id"]);
    let shown = stripe.get(&path, &[]).await.ok();
    assert!(shown["invoice_settings"]["default_payment_method"].is_null());
    pay(&stripe, &[("customer", id(&customer)), ("payment_method", card.as_str())]).await.refused(400, "");
    stripe.post(&path, &[default]).await.refused(400, "resource_missing");
    let attach = format!("/v1/payment_methods/{card}/attach");
    stripe.post(&attach, &[("customer", id(&customer))]).await.refused(400, "");
}

#[tokio::test]
async fn without_the_payer_a_bank_that_wants_to_see_them_declines() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let off = ("off_session", "true");
    // This one wants the payer until it is saved, the other one always.
    let once = saved(&stripe, &customer, "pm_card_authenticationRequiredOnSetup").await;
    let always = saved(&stripe, &customer, "pm_card_authenticationRequired").await;
    let with = |card: &str| vec![("customer", id(&customer).to_owned()), ("payment_method", card.to_owned())];
    let params = with(&once);
    let borrowed: Vec<_> = params.iter().map(|(k, v)| (*k, v.as_str())).chain([off]).collect();
    assert_eq!(pay(&stripe, &borrowed).await.ok()["status"], "succeeded");
    let params = with(&always);
    let borrowed: Vec<_> = params.iter().map(|(k, v)| (*k, v.as_str())).chain([off]).collect();
    let error = pay(&stripe, &borrowed).await.refused(402, "authentication_required");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    let fails = saved(&stripe, &customer, "pm_card_chargeCustomerFail").await;
    let params = with(&fails);
    let borrowed: Vec<_> = params.iter().map(|(k, v)| (*k, v.as_str())).collect();
    pay(&stripe, &borrowed).await.refused(402, "card_declined");
}

#[tokio::test]
async fn a_deleted_customer_leaves_no_card_behind() {
    let stripe = Stripe::start().await;
    let customer = customer(&stripe).await;
    let card = saved(&stripe, &customer, "pm_card_visa").await;
    stripe.delete(&format!("/v1/customers/{}", id(&customer))).await.ok();
    let method = stripe.get(&format!("/v1/payment_methods/{card}"), &[]).await.ok();
    assert!(method["customer"].is_null());
    let list = stripe.get(&format!("/v1/customers/{}/payment_methods", id(&customer)), &[]).await;
    list.refused(404, "resource_missing");
    stripe.post("/v1/setup_intents", &[("customer", id(&customer))]).await.refused(400, "resource_missing");
}

#[tokio::test]
async fn no_card_number_is_taken_and_a_payers_page_lists_nothing() {
    let stripe = Stripe::start().await;
    let params = [("type", "card"), ("card[number]", "4242424242424242")];
    let refused = stripe.post("/v1/payment_methods", &params).await.refused(400, "");
    assert!(refused["message"].as_str().unwrap().starts_with("Sending credit card numbers"));
    let params = [("type", "card"), ("card[token]", "tok_nonsense")];
    stripe.post("/v1/payment_methods", &params).await.refused(400, "resource_missing");
    stripe.post_as_payer("/v1/customers", &[]).await.refused(403, "secret_key_required");
    stripe.post_as_payer("/v1/setup_intents", &[]).await.refused(403, "secret_key_required");
}

#[tokio::test]
async fn customers_survive_a_restart_of_the_shape_before_them() {
    // Objects of before know no customer: they are read all the same.
    let old = serde_json::json!({
        "object": "payment_method", "id": "pm_1", "created": 1, "card": {}, "_test_card": "pm_card_visa",
    });
    let read: lectern_stripe_stand_in::objects::Object = serde_json::from_value(old).unwrap();
    assert_eq!(lectern_stripe_stand_in::render::object(&read)["customer"], Value::Null);
}
