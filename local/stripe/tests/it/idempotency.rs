use crate::support::{Stripe, id};

const PAYMENT: [(&str, &str); 3] =
    [("amount", "1000"), ("currency", "usd"), ("allowed_payment_method_types[]", "card")];

#[tokio::test]
async fn the_same_key_and_body_replay_the_first_answer() {
    let stripe = Stripe::start().await;
    let first = stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(again.ok(), first.ok());
    let list = stripe.get("/v1/payment_intents", &[]).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_or_another_route_is_refused() {
    let stripe = Stripe::start().await;
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.ok();
    let params = [("amount", "2000"), ("currency", "usd")];
    let error = stripe.post_with_key("k", "/v1/payment_intents", &params).await.refused(400, "");
    assert_eq!(error["type"], "idempotency_error");
    assert!(
        error["message"].as_str().unwrap().starts_with("Keys for idempotent requests can only be used with")
    );
    let error = stripe.post_with_key("k", "/v1/refunds", &PAYMENT).await.refused(400, "");
    assert!(error["message"].as_str().unwrap().contains("the same endpoint"));
}

#[tokio::test]
async fn a_decline_is_replayed_but_a_mistake_may_be_mended_under_the_same_key() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let declined = [("payment_method", "pm_card_chargeDeclined")];
    stripe.post_with_key("k", &path, &declined).await.refused(402, "card_declined");
    let again = stripe.post_with_key("k", &path, &declined).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    again.refused(402, "card_declined");

    stripe.post_with_key("m", &path, &[("colour", "red")]).await.refused(400, "parameter_unknown");
    stripe.post_with_key("m", &path, &[("payment_method", "pm_card_visa")]).await.ok();
}

#[tokio::test]
async fn a_key_in_progress_is_409_and_the_work_is_done_once() {
    let stripe = Stripe::start().await;
    let fault = [("kind", "slow"), ("path", "/v1/payment_intents"), ("delay_ms", "1500")];
    stripe.post("/_stand_in/faults", &fault).await.ok();
    let requests = (0..8).map(|_| stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT));
    let answers = futures::future::join_all(requests).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 7));
    for answer in refused {
        let error = answer.refused(409, "idempotency_key_in_use");
        assert_eq!(error["type"], "idempotency_error");
    }
    let list = stripe.get("/v1/payment_intents", &[]).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_key_every_request_is_its_own() {
    let stripe = Stripe::start().await;
    let first = stripe.post("/v1/payment_intents", &PAYMENT).await.ok();
    let second = stripe.post("/v1/payment_intents", &PAYMENT).await.ok();
    assert_ne!(id(&first), id(&second));
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let stripe = Stripe::start().await;
    let key = "k".repeat(256);
    stripe.post_with_key(&key, "/v1/payment_intents", &PAYMENT).await.refused(400, "");
}

#[tokio::test]
async fn a_key_means_nothing_to_a_request_that_only_reads() {
    let stripe = Stripe::start().await;
    let read = || async {
        let request = stripe.request("GET", "/v1/payment_intents", &[]).header("idempotency-key", "k");
        crate::support::send(request).await
    };
    assert_eq!(read().await.ok()["data"].as_array().unwrap().len(), 0);
    stripe.post_with_key("k", "/v1/payment_intents", &PAYMENT).await.ok();
    let again = read().await;
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!(again.ok()["data"].as_array().unwrap().len(), 1);
}
