//! Payers who complain to their bank, refunds that fail, and admins who look after both.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::http::Call;
use crate::support::lessons::Lesson;
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

async fn of_payment(world: &World, admin: &Person, payment: &str) -> Value {
    let path = format!("/v1/admin/payments/{payment}");
    world.api.get(&path, &admin.access_token).await.data(200).clone()
}

async fn complain(world: &World, admin: &Person, lesson: &Lesson<'_>) -> Value {
    let payment = lesson.payment().await;
    let charge = of_payment(world, admin, &payment).await["stripe"]["charge"].as_str().unwrap().to_owned();
    let (status, dispute) = world.stripe.admin("disputes", &[("charge", &charge)]).await;
    assert_eq!(status, 200, "{dispute}");
    lesson.payment_is("disputed").await["disputes"][0].clone()
}

fn by<'a>(admin: &'a Person, path: String, body: Value) -> Call<'a> {
    let call = Call::new("POST", path).token(&admin.access_token).body(body);
    call.header("idempotency-key", Uuid::new_v4().to_string())
}

#[tokio::test]
async fn a_lesson_whose_payment_is_disputed_is_paid_out_when_the_dispute_is_won() {
    let world = World::shared().await;
    let (pair, admin) = futures::join!(world.pair(48), world.staff("admin"));
    world.stripe.onboard(&pair.tutor.id).await;
    let lesson = world.scheduled(&pair).await;
    let dispute = complain(&world, &admin, &lesson).await;
    lesson.complete().await.data(200);
    // The booking ends: the release is remembered until the bank has decided.
    lesson.is_closed().await;
    assert_eq!(lesson.read_payment().await["status"], "disputed");

    let open = world.api.get("/v1/admin/disputes?limit=100", &admin.access_token).await.data(200).clone();
    let listed = open["items"].as_array().unwrap().iter().find(|it| it["disputeId"] == dispute["disputeId"]);
    assert_eq!(listed.expect("it is listed")["status"], "needs_response");
    let path = format!("/v1/admin/disputes/{}/evidence", dispute["disputeId"].as_str().unwrap());
    let evidence = json!({ "submit": true, "uncategorizedText": "winning_evidence" });
    world.api.call(by(&pair.student, path.clone(), evidence.clone())).await.is_problem(403, "forbidden");
    assert_eq!(world.api.call(by(&admin, path, evidence)).await.data(201)["status"], "won");
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    let kinds = [
        "payment.created",
        "payment.held",
        "payment.disputed",
        "payment.dispute_closed",
        "payment.released",
        "payment.admin_action",
    ];
    world.assert_events("payment", &lesson.payment().await, &kinds).await;
}

#[tokio::test]
async fn a_refund_that_fails_later_is_made_again_by_an_admin_and_is_in_the_audit_log() {
    // The books say that a person must look, until the person has.
    let world = World::alone().await;
    let (pair, admin) = futures::join!(world.pair(48), world.staff("admin"));
    let lesson = world.scheduled(&pair).await;
    let payment = lesson.payment().await;
    let path = format!("/v1/admin/payments/{payment}/refund");
    let body = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": "a short lesson" });
    let made = world.api.call(by(&admin, path.clone(), body)).await.data(201).clone();
    assert_eq!(made["status"], "done");
    let operations = of_payment(&world, &admin, &payment).await["operations"].clone();
    let refund = operations.as_array().unwrap().iter().find(|o| o["kind"] == "refund").unwrap().clone();
    let to_fail = format!("refunds/{}/fail", refund["stripeId"].as_str().unwrap());
    assert_eq!(world.stripe.admin(&to_fail, &[]).await.0, 200);
    until("the failure is known", SOON, async || {
        let shown = lesson.read_payment().await;
        (shown["refunds"][0]["status"] == "failed").then_some(())
    })
    .await;
    let body = json!({ "refundId": made["refundId"], "reason": "the card has been replaced" });
    let again = world.api.call(by(&admin, path, body)).await.data(201).clone();
    assert_eq!((&again["status"], &again["refunded"]["amount"]), (&json!("done"), &json!(500)));
    let kinds = [
        "payment.created",
        "payment.held",
        "payment.admin_action",
        "payment.refunded",
        "payment.refund_failed",
        "payment.admin_action",
        "payment.refunded",
    ];
    world.assert_events("payment", &payment, &kinds).await;
    let log = format!("/v1/admin/audit-log?action=payment.admin_action&subject=user:{}", pair.student.id);
    until("the deed is in the audit log", SOON, async || {
        let page = world.api.get(&log, &admin.access_token).await.data(200).clone();
        let items = page["items"].as_array().unwrap();
        let deeds = items.iter().filter(|entry| entry["details"]["paymentId"] == payment.as_str());
        (deeds.count() == 2).then_some(())
    })
    .await;
    world.assert_ledger_is_right().await;
}

#[tokio::test]
async fn a_payer_keeps_a_receipt_and_the_tutor_has_none() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.scheduled(&pair).await;
    let path = format!("/v1/payments/{}/receipt", lesson.payment().await);
    let receipt = world.api.get(&path, &pair.student.access_token).await;
    assert_eq!((receipt.status, receipt.header("content-type")), (200, Some("application/pdf")));
    world.api.get(&path, &pair.tutor.access_token).await.is_problem(404, "not-found");
    let list = world.api.get("/v1/payments?role=payer", &pair.student.access_token).await.data(200).clone();
    assert_eq!(list["items"][0]["paymentId"], lesson.payment().await.as_str());
}
