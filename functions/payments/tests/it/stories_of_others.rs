//! More chapters of the random stories: disputes, what admins do, payouts, subscriptions. (A refund that fails after Stripe
//! has made it ends with a person, and has tests of its own.)

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{
    ensure_billing_catalogue, expire_past_due_subscriptions, run_payouts, settle_payouts, subscribe,
};
use lectern_runtime::testing::{As, TestRequest, invoke};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stories::Story;

/// A control of the stand-in; what it refuses is a part of the story.
async fn stand_in(story: &Story, path: &str, form: &[(&str, &str)]) {
    let url = format!("{}/_stand_in/{path}", story.world.base);
    drop(story.world.http.post(url).form(form).send().await);
}

/// What Stripe has of a kind. From the stand-in's own dump: whoever only looks is in no trouble.
async fn at_stripe(story: &Story, object: &str) -> Vec<Value> {
    let dump = story.world.stripe_get("/_stand_in/state?objects=true").await;
    let all = dump["objects"].as_array().unwrap().iter();
    all.filter(|it| it["object"] == object).cloned().collect()
}

/// The payer of a lesson complains to the bank. (A complaint about an invoice is a person's to book: see
/// docs/payments.md.)
pub async fn complain(story: &mut Story) {
    let charges = at_stripe(story, "charge").await;
    let of_a_lesson = |it: &&Value| it["paid"] == true && it["metadata"]["payment_id"].is_string();
    let paid: Vec<_> = charges.iter().filter(of_a_lesson).collect();
    if let Some(charge) = paid.choose(&mut story.dice) {
        let form = [("charge", charge["id"].as_str().unwrap()), ("reason", "product_not_received")];
        stand_in(story, "disputes", &form).await;
    }
}

/// The bank decides.
pub async fn decide(story: &mut Story) {
    let disputes = at_stripe(story, "dispute").await;
    let outcome = if story.dice.random() { "won" } else { "lost" };
    if let Some(dispute) = disputes.choose(&mut story.dice) {
        let path = format!("disputes/{}/decide", dispute["id"].as_str().unwrap());
        stand_in(story, &path, &[("outcome", outcome)]).await;
    }
}

/// The bank decides all that is still open: while it doesn't, nothing of such a payment is at rest.
pub async fn decide_all(story: &mut Story) {
    for dispute in at_stripe(story, "dispute").await {
        let outcome = if story.dice.random() { "won" } else { "lost" };
        let path = format!("disputes/{}/decide", dispute["id"].as_str().unwrap());
        stand_in(story, &path, &[("outcome", outcome)]).await;
    }
}

/// Two admins at once, or one.
pub async fn admins(story: &mut Story) {
    let Some(made) = story.any_payment() else { return };
    let (one, other) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
    let body = if story.dice.random() {
        json!({ "reason": "a story" })
    } else {
        let amount = story.dice.random_range(1..3_000);
        json!({ "reason": "a story", "amount": { "amount": amount, "currency": "USD" } })
    };
    let world = &story.world;
    let (here, there) = (world.services.clone(), world.another());
    let keys = [Uuid::now_v7().to_string(), Uuid::now_v7().to_string()];
    let refund = world.refund_as(&here, one, &keys[0], &made, body.clone());
    if story.dice.random() {
        drop(futures::join!(refund, world.release_as(&there, other, &keys[1], &made)));
    } else {
        drop(futures::join!(refund, world.refund_as(&there, other, &keys[1], &made, body)));
    }
}

/// A week or a month goes by, and two runs come at once.
pub async fn pay_out(story: &mut Story) {
    if story.dice.random() {
        story.world.monday();
    }
    let another = story.world.another();
    let (one, other) = (run_payouts::use_case(), run_payouts::use_case());
    drop(futures::join!(invoke(&one, &story.world.services, json!({})), invoke(&other, &another, json!({}))));
}

/// A bank pays, or doesn't.
pub async fn bank(story: &mut Story) {
    let how = if story.dice.random_ratio(1, 3) { "fail" } else { "pay" };
    if let Some(payout) = story.world.at_the_bank().await.choose(&mut story.dice) {
        let path = format!("payouts/{}/{how}", payout["id"].as_str().unwrap());
        stand_in(story, &path, &[("failure_code", "account_closed")]).await;
    }
}

/// An admin sends a payout again; only a failed one goes.
pub async fn retry_payout(story: &mut Story) {
    story.any_tutor();
    let payouts = story.world.payouts().await;
    if let Some(payout) = payouts.choose(&mut story.dice) {
        drop(story.world.retry(payout, &Uuid::now_v7().to_string()).await);
    }
}

/// Somebody subscribes, and pays on Stripe's page.
pub async fn subscribe_to_pro(story: &mut Story) {
    drop(invoke(&ensure_billing_catalogue::use_case(), &story.world.services, json!({})).await);
    let student = As::User(UserId(Uuid::now_v7()), Role::Student);
    let request = TestRequest::new(student).header("idempotency-key", "k");
    let request = request.json(&json!({ "plan": "pro", "period": "monthly" }));
    let answer = request.send(&subscribe::use_case(), &story.world.services).await;
    if let Some(url) = answer.body["data"]["checkoutUrl"].as_str() {
        drop(story.world.http.post(url).form(&[("card", "pm_card_visa")]).send().await);
    }
}

/// What the schedules of payouts and subscriptions do.
pub async fn settle_the_rest(story: &Story) {
    drop(invoke(&settle_payouts::use_case(), &story.world.services, json!({})).await);
    drop(invoke(&expire_past_due_subscriptions::use_case(), &story.world.services, json!({})).await);
}

/// Whether nobody but Stripe's event tells of it: it is sent for three days, so it is heard in the end.
pub fn comes_by_event_alone(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap();
    ["charge.dispute.", "refund.", "payout."].iter().any(|told| kind.starts_with(told))
}
