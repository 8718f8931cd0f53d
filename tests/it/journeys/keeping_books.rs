//! What those who keep the books do: set the commission, read the revenue, compare with Stripe.

use jiff::Timestamp;
use serde_json::json;

use crate::support::http::Call;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

#[tokio::test]
async fn a_lesson_is_in_the_revenue_in_the_hours_taught_and_at_stripe() {
    let world = World::alone().await;
    let (pair, admin) = futures::join!(world.pair(48), world.staff("admin"));
    let policy = "/v1/admin/commission-policy";
    let before = world.api.get(policy, &admin.access_token).await;
    before.data(200);
    // The same share as without a policy: other journeys reckon with it.
    let rules = ["lesson", "trial", "course"]
        .map(|purpose| json!({ "purpose": purpose, "fromHours": 0, "basisPoints": 2_000 }));
    let set = || {
        let seen = before.header("etag").unwrap();
        Call::new("PUT", policy).token(&admin.access_token).header("if-match", seen)
    };
    let made = world.api.call(set().body(json!({ "rules": rules }))).await;
    assert_eq!(made.data(200)["state"], "current");
    world.api.call(set().body(json!({ "rules": rules }))).await.is_problem(412, "precondition-failed");

    let lesson = world.scheduled(&pair).await;
    lesson.complete().await.data(200);
    let payment = lesson.payment_is("released").await;
    let amount = &payment["amount"];
    let today = Timestamp::now().to_string()[..10].to_owned();
    let path = format!("/v1/admin/revenue?from={today}&to={today}&group=currency");
    let revenue = world.api.get(&path, &admin.access_token).await;
    let items = revenue.data(200)["items"].as_array().unwrap().clone();
    let item = items.iter().find(|item| item["currency"] == amount["currency"]).unwrap();
    assert!(item["volume"]["amount"].as_i64() >= amount["amount"].as_i64(), "{item:#}");
    assert!(item["revenue"]["amount"].as_i64() > Some(0), "{item:#}");

    let service = world.aws.service().await;
    let held = format!("/internal/payments/users/{}/data", pair.tutor.id);
    until("the lesson is counted", SOON, async || {
        let answer = world.api.call(Call::new("GET", &held).signature(&service)).await;
        let items = answer.data(200)["items"].as_array().unwrap().clone();
        items.into_iter().find(|it| it["kind"] == "taughtLesson" && it["data"]["lessonId"] == lesson.id)
    })
    .await;

    lesson.is_at_rest().await;
    world.aws.invoke("sweep-stuck-payments", &json!({})).await;
    world.aws.invoke("reconcile-ledger", &json!({})).await;
    let compared = world.api.get("/v1/admin/reconciliation?limit=100", &admin.access_token).await;
    let compared = compared.data(200);
    assert!(compared["runs"][0]["finishedAt"].is_string(), "{compared:#}");
    let subject = json!(format!("payment:{}", payment["paymentId"].as_str().unwrap()));
    assert!(compared["items"].as_array().unwrap().iter().all(|it| it["subject"] != subject), "{compared:#}");
    world.assert_ledger_is_right().await;
}
