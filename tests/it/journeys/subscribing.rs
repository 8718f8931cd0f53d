//! A student subscribes to Pro on Stripe's page, looks after it on Stripe's portal, and ends it.

use serde_json::{Value, json};

use crate::support::http::{Answer, Call};
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

async fn subscribe(world: &World, student: &Person, key: &str, body: Value) -> Answer {
    let call =
        Call::new("POST", "/v1/subscriptions").token(&student.access_token).header("idempotency-key", key);
    world.api.call(call.body(body)).await
}

async fn me(world: &World, student: &Person) -> Value {
    world.api.get("/v1/subscriptions/me", &student.access_token).await.data(200).clone()
}

/// Fills in a page of Stripe's; the status of its answer.
async fn fill(url: &Value, form: &[(&str, &str)]) -> u16 {
    let none = reqwest::redirect::Policy::none();
    let pages = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
    pages.post(url.as_str().expect("an address")).form(form).send().await.unwrap().status().as_u16()
}

async fn until_it_is(world: &World, student: &Person, what: &str, value: Value) -> Value {
    until("the subscription is as it should be", SOON, async || {
        let seen = me(world, student).await;
        (seen[what] == value).then_some(seen)
    })
    .await
}

#[tokio::test]
async fn a_student_subscribes_pays_on_stripes_page_ends_it_and_thinks_better_of_it() {
    let world = World::alone().await;
    let student = world.student().await;
    world.api.get("/v1/subscriptions/me", &student.access_token).await.is_problem(404, "not-found");
    let monthly = json!({ "plan": "pro", "period": "monthly" });
    let made = subscribe(&world, &student, "pro-1", monthly.clone()).await.data(201).clone();
    assert_eq!((&made["status"], &made["entitled"]), (&json!("pending"), &json!(false)));
    let again = subscribe(&world, &student, "pro-1", monthly.clone()).await;
    assert_eq!(again.data(201), &made);

    assert_eq!(fill(&made["checkoutUrl"], &[("card", "pm_card_chargeDeclined")]).await, 402);
    assert_eq!(fill(&made["checkoutUrl"], &[("card", "pm_card_visa")]).await, 303);
    let active = until_it_is(&world, &student, "status", json!("active")).await;
    assert_eq!(active["entitled"], true);
    subscribe(&world, &student, "pro-2", monthly).await.is_problem(409, "wrong-state");

    let ending = world.api.delete("/v1/subscriptions/me", &student.access_token).await.data(200).clone();
    assert_eq!((&ending["cancelAtPeriodEnd"], &ending["entitled"]), (&json!(true), &json!(true)));
    let portal = world.api.call(Call::new("POST", "/v1/billing-portal").token(&student.access_token)).await;
    assert_eq!(fill(&portal.data(200)["url"], &[("action", "resume")]).await, 303);
    until_it_is(&world, &student, "cancelAtPeriodEnd", json!(false)).await;

    let id = active["subscriptionId"].as_str().unwrap();
    world.assert_events("subscription", id, &["subscription.activated"]).await;
    world.assert_ledger_is_right().await;
}

/// Stripe's id of one of our subscriptions.
async fn at_stripe(world: &World, id: &Value) -> String {
    let all = world.stripe.list("subscriptions?limit=100").await;
    let ours = all.iter().find(|it| it["metadata"]["subscription_id"] == *id);
    ours.expect("a subscription at Stripe")["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_renewal_that_fails_keeps_the_entitlement_for_a_while_and_ends_when_stripe_gives_up() {
    let world = World::alone().await;
    let student = world.student().await;
    let yearly = json!({ "plan": "pro", "period": "yearly" });
    let made = subscribe(&world, &student, "pro-1", yearly).await.data(201).clone();
    assert_eq!(fill(&made["checkoutUrl"], &[("card", "pm_card_visa")]).await, 303);
    until_it_is(&world, &student, "status", json!("active")).await;
    let portal = world.api.call(Call::new("POST", "/v1/billing-portal").token(&student.access_token)).await;
    let declined_later = [("action", "card"), ("card", "pm_card_chargeCustomerFail")];
    assert_eq!(fill(&portal.data(200)["url"], &declined_later).await, 303);

    let id = at_stripe(&world, &made["subscriptionId"]).await;
    assert_eq!(world.stripe.admin(&format!("subscriptions/{id}/renew"), &[]).await.0, 200);
    let due = until_it_is(&world, &student, "status", json!("past_due")).await;
    assert_eq!(due["entitled"], true);
    assert_eq!(world.stripe.admin(&format!("subscriptions/{id}/end"), &[]).await.0, 200);
    let over = until_it_is(&world, &student, "status", json!("cancelled")).await;
    assert_eq!(over["entitled"], false);

    let kinds = ["subscription.activated", "subscription.past_due", "subscription.cancelled"];
    world.assert_events("subscription", made["subscriptionId"].as_str().unwrap(), &kinds).await;
    world.assert_ledger_is_right().await;
}
