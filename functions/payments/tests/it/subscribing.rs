//! Subscribing: once, with or without answers, for whom it is allowed; and what is sold. Erasure.

use std::sync::Arc;

use lectern_domain::id::UserId;
use lectern_domain::payments::ProPrices;
use lectern_payments::people::{Payer, People};
use lectern_payments::store::subscriptions::paid_invoices;
use lectern_payments::{
    Payments, cancel_subscription, end_erased_subscription, ensure_billing_catalogue, export_payments_data,
    get_subscription, open_billing_portal, subscribe,
};
use lectern_runtime::internal::InternalError;
use lectern_runtime::testing::{As, TestRequest, deliver, invoke};
use serde_json::json;
use uuid::Uuid;

use super::billed::{Billed, as_student, monthly, text, told};
use super::support::{World, services};

#[tokio::test]
async fn two_requests_at_once_are_one_subscription_with_one_page() {
    for _ in 0..10 {
        let billed = Billed::new().await;
        let wanted = monthly();
        let (one, two) = futures::join!(billed.subscribe("a", &wanted), billed.subscribe("b", &wanted));
        for made in [&one, &two] {
            assert!(made.status == 201 || made.status == 409 || made.status == 503, "{made:?}");
        }
        assert!(one.status == 201 || two.status == 201);
        let sessions = billed.world.stripe_get("/v1/checkout/sessions?status=open").await;
        assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
        let rows = billed.world.sql("SELECT 1 FROM subscriptions").await.unwrap();
        assert_eq!(rows, 1);
        let same = billed.subscribe("a", &monthly()).await;
        assert_eq!(same.data()["checkoutUrl"], billed.me().await["checkoutUrl"]);
    }
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_refuses_another_body() {
    let billed = Billed::new().await;
    let first = billed.subscribe("k", &monthly()).await;
    assert_eq!(billed.subscribe("k", &monthly()).await.data(), first.data());
    let other = billed.subscribe("k", &json!({ "plan": "pro", "period": "yearly" })).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    let wrong = billed.subscribe("w", &json!({ "plan": "gold", "period": "daily", "currency": "JPY" })).await;
    assert_eq!((wrong.status, wrong.bad_fields()), (422, vec!["plan", "period", "currency"]));
}

#[tokio::test]
async fn other_terms_close_the_page_before_so_that_nobody_pays_for_both() {
    let billed = Billed::new().await;
    let month = billed.subscribe("m", &monthly()).await.data()["checkoutUrl"].clone();
    let year = billed.subscribe("y", &json!({ "plan": "pro", "period": "yearly" })).await;
    assert_eq!(year.status, 201, "{year:?}");
    assert_ne!(year.data()["checkoutUrl"], month);
    assert_eq!(billed.fill(&month, &[]).await, 402, "it is closed");
    assert_eq!(billed.fill(&year.data()["checkoutUrl"], &[]).await, 303);
    // We have not heard of it, and the payer wants the month after all: Stripe knows better.
    let late = billed.subscribe("late", &monthly()).await;
    assert_eq!((late.status, late.problem()), (409, "wrong-state"));
    assert_eq!(billed.me().await["period"], "yearly");
    billed.world.check().await;
    assert_eq!(billed.revenue().await, 12_000);
}

#[tokio::test]
async fn a_page_whose_answer_was_lost_is_the_same_page_again() {
    let billed = Billed::new().await;
    for (kind, remember) in
        [("error_500_before", "false"), ("error_500_after", "true"), ("rate_limited", "false")]
    {
        let fault = [
            ("kind", kind),
            ("path", "/v1/checkout/sessions"),
            ("method", "POST"),
            ("times", "3"),
            ("remember", remember),
        ];
        billed.world.stripe_fault(&fault).await;
        let key = format!("k-{kind}");
        let first = billed.subscribe(&key, &monthly()).await;
        assert!(first.status == 201 || first.status == 503, "{first:?}");
        billed.world.http.delete(format!("{}/_stand_in/faults", billed.world.base)).send().await.unwrap();
        assert_eq!(billed.subscribe(&key, &monthly()).await.status, 201);
        let sessions = billed.world.stripe_get("/v1/checkout/sessions?status=open").await;
        assert_eq!(sessions["data"].as_array().unwrap().len(), 1, "{kind}");
        billed.cancel().await.data();
        assert_eq!(billed.send(get_subscription::use_case(), as_student(billed.user)).await.status, 404);
    }
}

#[tokio::test]
async fn one_that_is_not_paid_yet_ends_at_once_and_its_page_closes() {
    let billed = Billed::new().await;
    let made = billed.subscribe("k", &monthly()).await;
    let ended = billed.cancel().await;
    assert_eq!(ended.data()["status"], "abandoned");
    assert_eq!(billed.fill(&made.data()["checkoutUrl"], &[]).await, 402);
    // The payer was faster than the one who cancels: it ends with the period that was paid.
    let again = billed.subscribe("again", &monthly()).await;
    assert_eq!(billed.fill(&again.data()["checkoutUrl"], &[]).await, 303);
    let ending = billed.cancel().await;
    assert_eq!(
        (&ending.data()["status"], &ending.data()["cancelAtPeriodEnd"]),
        (&json!("active"), &json!(true))
    );
    billed.world.check().await;
}

#[tokio::test]
async fn a_refund_by_hand_at_stripe_is_followed_in_the_ledger() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let charges = billed.world.stripe_get("/v1/charges").await;
    let charge = text(&charges["data"][0]["id"]);
    billed.world.stripe_post("/v1/refunds", &[("charge", &charge), ("amount", "500")]).await;
    for event in billed.world.new_events().await {
        for _ in 0..2 {
            billed.world.hear(&event).await.data();
        }
    }
    assert_eq!(billed.revenue().await, 700);
    let invoices = paid_invoices(&billed.world.services.base.db, billed.user, None, 10).await.unwrap();
    assert_eq!(invoices[0].refunded.amount, 500);
    billed.world.check().await;
}

/// Identity, of which a test says what it answers.
struct Asked(Option<Payer>);

#[async_trait::async_trait]
impl People for Asked {
    async fn payer(&self, _user: UserId, _id: &str) -> Result<Option<Payer>, InternalError> {
        match &self.0 {
            Some(payer) => Ok(Some(payer.clone())),
            None => Err(InternalError::Unavailable("a test".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_teen_needs_a_parents_email_before_the_first_payment() {
    let billed = Billed::new().await;
    let teen = |has_parent_email| Some(Payer { age_group: "teen".to_owned(), has_parent_email });
    for (payer, status) in [(teen(false), 409), (None, 503), (teen(true), 201)] {
        let world = &billed.world;
        let stripe = Arc::clone(&world.stripe);
        let plain = services(&world.database.url, stripe, Arc::clone(&world.bus), world.clock.clone());
        let mut theirs = Arc::into_inner(plain).unwrap();
        theirs.people = Arc::new(Asked(payer));
        let request = as_student(billed.user).header("idempotency-key", status).json(&monthly());
        let answer = request.send(&subscribe::use_case(), &Arc::new(theirs)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn nothing_can_be_subscribed_to_before_it_is_sold_and_it_is_sold_once() {
    let world = World::new().await;
    let request = as_student(world.student).header("idempotency-key", "k").json(&monthly());
    assert_eq!(request.send(&subscribe::use_case(), &world.services).await.status, 503);
    let ensure = async |services: &Arc<Payments>| {
        invoke(&ensure_billing_catalogue::use_case(), services, json!({})).await.unwrap()
    };
    let first = ensure(&world.services).await;
    assert_eq!(ensure(&world.services).await, first);
    assert_eq!(world.stripe_get("/v1/prices").await["data"].as_array().unwrap().len(), 2);

    // A new price for those who come; whoever has subscribed keeps the old one.
    let stripe = Arc::clone(&world.stripe);
    let plain = services(&world.database.url, stripe, Arc::clone(&world.bus), world.clock.clone());
    let mut dearer = Arc::into_inner(plain).unwrap();
    let prices = "monthly=USD:1500,EUR:1500,GBP:1300;yearly=USD:12000,EUR:12000,GBP:12000";
    dearer.subscriptions.prices = ProPrices::parse(prices).unwrap();
    let changed = ensure(&Arc::new(dearer)).await;
    assert_ne!(changed["monthly"], first["monthly"]);
    assert_eq!((&changed["yearly"], &changed["portal"]), (&first["yearly"], &first["portal"]));
    let found = world.stripe_get("/v1/prices?lookup_keys[]=lectern_pro_monthly").await;
    assert_eq!(found["data"][0]["unit_amount"], 1_500);
}

#[tokio::test]
async fn an_erased_users_subscription_ends_at_once_and_a_page_closes() {
    let billed = Billed::new().await;
    let me = billed.active(&monthly()).await;
    let mut event = billed.world.approval();
    event.kind = "user.erased".to_owned();
    event.aggregate.id = billed.user.0;
    for _ in 0..2 {
        let events = std::slice::from_ref(&event);
        assert_eq!(deliver(&end_erased_subscription::use_case(), &billed.world.services, events).await, 0);
    }
    assert_eq!(billed.me().await["status"], "cancelled");
    assert_eq!(billed.told(), told(&[("activated", true), ("cancelled", false)]));
    let request = TestRequest::new(As::Service("build-export")).path("userId", billed.user);
    let held = request.send(&export_payments_data::use_case(), &billed.world.services).await;
    let held = held.data()["items"].as_array().unwrap().clone();
    let of = |kind: &str| held.iter().find(|item| item["kind"] == kind).unwrap()["data"].clone();
    assert_eq!(of("subscription")["subscriptionId"], me["subscriptionId"]);
    assert_eq!(of("subscriptionInvoice")["amount"], json!({ "amount": 1200, "currency": "USD" }));
    billed.world.check().await;

    let billed = Billed::new().await;
    let made = billed.subscribe("k", &monthly()).await;
    event.aggregate.id = billed.user.0;
    assert_eq!(deliver(&end_erased_subscription::use_case(), &billed.world.services, &[event]).await, 0);
    assert_eq!(billed.fill(&made.data()["checkoutUrl"], &[]).await, 402);
}

#[tokio::test]
async fn who_has_never_paid_has_no_portal_and_nobody_elses_subscription() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let stranger = UserId(Uuid::now_v7());
    for use_case in
        [open_billing_portal::use_case(), get_subscription::use_case(), cancel_subscription::use_case()]
    {
        let answer = billed.send(use_case, as_student(stranger)).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    }
    assert_eq!(billed.me().await["cancelAtPeriodEnd"], false);
}
