use serde_json::{Value, json};

use crate::support::{Stripe, id};

async fn authorized(stripe: &Stripe) -> Value {
    let params = [
        ("amount", "4500"),
        ("currency", "usd"),
        ("allowed_payment_method_types[]", "card"),
        ("capture_method", "manual"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    stripe.post("/v1/payment_intents", &params).await.ok()
}

async fn charge_of(stripe: &Stripe, intent: &Value) -> Value {
    stripe.get(&format!("/v1/charges/{}", intent["latest_charge"].as_str().unwrap()), &[]).await.ok()
}

#[tokio::test]
async fn an_authorized_card_is_charged_only_when_it_is_captured() {
    let stripe = Stripe::start().await;
    let intent = authorized(&stripe).await;
    assert_eq!((&intent["status"], &intent["amount_capturable"]), (&json!("requires_capture"), &json!(4500)));
    let charge = charge_of(&stripe, &intent).await;
    assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(false), &json!(0)));
    assert_eq!(stripe.balance().await, 0);
    let unpaid = [("payment_intent", id(&intent))];
    stripe.post("/v1/refunds", &unpaid).await.refused(400, "payment_intent_unexpected_state");

    let path = format!("/v1/payment_intents/{}/capture", id(&intent));
    let captured = stripe.post(&path, &[]).await.ok();
    assert_eq!((&captured["status"], &captured["amount_received"]), (&json!("succeeded"), &json!(4500)));
    assert_eq!((stripe.balance().await, &captured["amount_capturable"]), (4339, &json!(0)));
    stripe.post(&path, &[]).await.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn no_more_is_captured_than_was_authorized_and_the_rest_of_less_is_let_go() {
    let stripe = Stripe::start().await;
    let intent = authorized(&stripe).await;
    let path = format!("/v1/payment_intents/{}/capture", id(&intent));
    stripe.post(&path, &[("amount_to_capture", "4501")]).await.refused(400, "amount_too_large");
    stripe.post(&path, &[("amount_to_capture", "0")]).await.refused(400, "parameter_invalid_integer");
    stripe.post(&path, &[("amount_to_capture", "2000")]).await.ok();
    let charge = charge_of(&stripe, &intent).await;
    assert_eq!((&charge["amount_captured"], &charge["amount_refunded"]), (&json!(2000), &json!(2500)));
    assert_eq!(stripe.balance().await, 2000 - 88);
    let refund = [("payment_intent", id(&intent)), ("amount", "2001")];
    stripe.post("/v1/refunds", &refund).await.refused(400, "");
    stripe.post("/v1/refunds", &refund[..1]).await.ok();
    assert_eq!(stripe.balance().await, -88);
}

#[tokio::test]
async fn a_cancelled_authorization_is_let_go() {
    let stripe = Stripe::start().await;
    let intent = authorized(&stripe).await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    stripe.confirm(&intent, "pm_card_visa").await.refused(400, "payment_intent_unexpected_state");
    stripe.post(&path, &[("amount", "100")]).await.refused(400, "payment_intent_unexpected_state");
    let cancelled = stripe.post(&format!("{path}/cancel"), &[]).await.ok();
    assert_eq!((&cancelled["status"], &cancelled["amount_capturable"]), (&json!("canceled"), &json!(0)));
    let charge = charge_of(&stripe, &intent).await;
    assert_eq!((&charge["refunded"], &charge["captured"]), (&json!(true), &json!(false)));
    stripe.post(&format!("{path}/capture"), &[]).await.refused(400, "payment_intent_unexpected_state");
    assert_eq!(stripe.balance().await, 0);
}
