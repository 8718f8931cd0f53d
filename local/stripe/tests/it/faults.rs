use crate::support::{Stripe, id};

const PAYMENT: [(&str, &str); 3] =
    [("amount", "1000"), ("currency", "usd"), ("allowed_payment_method_types[]", "card")];

async fn intents(stripe: &Stripe) -> usize {
    stripe.get("/v1/payment_intents", &[]).await.ok()["data"].as_array().unwrap().len()
}

async fn fault(stripe: &Stripe, kind: &str, more: &[(&str, &str)]) {
    let base = [("kind", kind), ("method", "POST"), ("path", "/v1/payment_intents")];
    stripe.post("/_stand_in/faults", &[&base[..], more].concat()).await.ok();
}

#[tokio::test]
async fn a_timeout_after_the_work_is_answered_by_the_same_key_without_doing_it_again() {
    let stripe = Stripe::start().await;
    fault(&stripe, "timeout_after", &[("delay_ms", "0")]).await;
    let request = stripe.request("POST", "/v1/payment_intents", &PAYMENT).header("idempotency-key", "k");
    let result = request.send().await;
    assert!(result.is_err(), "the connection was closed unanswered: {result:?}");
    assert_eq!(intents(&stripe).await, 1);
    let again = stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    again.ok();
    assert_eq!(intents(&stripe).await, 1);
}

#[tokio::test]
async fn an_error_before_the_work_is_forgotten_and_one_after_it_is_replayed() {
    let stripe = Stripe::start().await;
    fault(&stripe, "error_500_before", &[]).await;
    let failed = stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await;
    assert_eq!(failed.refused(500, "")["type"], "api_error");
    assert_eq!(intents(&stripe).await, 0);
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.ok();

    fault(&stripe, "error_500_after", &[]).await;
    stripe.post_with_key("m", "/v1/payment_intents", &PAYMENT).await.refused(500, "");
    assert_eq!(intents(&stripe).await, 2);
    let again = stripe.post_with_key("m", "/v1/payment_intents", &PAYMENT).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    again.refused(500, "");

    fault(&stripe, "error_500_after", &[("remember", "false")]).await;
    stripe.post_with_key("n", "/v1/payment_intents", &PAYMENT).await.refused(500, "");
    stripe.post_with_key("n", "/v1/payment_intents", &PAYMENT).await.ok();
}

#[tokio::test]
async fn a_limited_request_may_be_sent_again_with_the_same_key() {
    let stripe = Stripe::start().await;
    fault(&stripe, "rate_limited", &[("times", "2")]).await;
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.refused(429, "rate_limit");
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.refused(429, "rate_limit");
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.ok();
}

#[tokio::test]
async fn a_fault_hits_only_what_it_names_and_can_be_taken_back() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    fault(&stripe, "error_500_before", &[("times", "9")]).await;
    stripe.get(&format!("/v1/payment_intents/{}", id(&intent)), &[]).await.ok();
    stripe.get("/v1/balance", &[]).await.ok();
    stripe.confirm(&intent, "pm_card_visa").await.refused(500, "");
    stripe.delete("/_stand_in/faults").await.ok();
    stripe.confirm(&intent, "pm_card_visa").await.ok();
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let stripe = Stripe::start().await;
    stripe.paid(1000).await;
    fault(&stripe, "error_500_before", &[]).await;
    stripe.post("/_stand_in/reset", &[]).await.ok();
    assert_eq!(stripe.balance().await, 0);
    assert_eq!(intents(&stripe).await, 0);
    stripe.paid(1000).await;
}

#[tokio::test]
async fn a_fault_may_let_requests_go_by_and_hit_the_one_after() {
    let stripe = Stripe::start().await;
    fault(&stripe, "error_500_before", &[("skip", "2")]).await;
    stripe.intent(1000).await;
    stripe.intent(1000).await;
    stripe.post("/v1/payment_intents", &PAYMENT).await.refused(500, "");
    stripe.intent(1000).await;
}
