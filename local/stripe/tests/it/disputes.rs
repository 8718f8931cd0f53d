use serde_json::{Value, json};

use crate::support::{Stripe, id};

async fn disputed(stripe: &Stripe, card: &str) -> (Value, Value) {
    let intent = stripe.intent(4500).await;
    let intent = stripe.confirm(&intent, card).await.ok();
    let charge = intent["latest_charge"].as_str().unwrap();
    let list = stripe.get("/v1/disputes", &[("charge", charge)]).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    (intent.clone(), list["data"][0].clone())
}

async fn events(stripe: &Stripe) -> Vec<String> {
    let list = stripe.get("/v1/events", &[("type", "charge.dispute.*"), ("limit", "100")]).await.ok();
    let kinds = list["data"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap().to_owned());
    kinds.rev().collect()
}

#[tokio::test]
async fn a_dispute_takes_its_amount_and_a_fee_and_a_won_one_gives_the_amount_back() {
    let stripe = Stripe::start().await;
    let (intent, dispute) = disputed(&stripe, "pm_card_createDispute").await;
    assert_eq!((&dispute["status"], &dispute["amount"]), (&json!("needs_response"), &json!(4500)));
    assert_eq!(dispute["payment_intent"], intent["id"]);
    let withdrawn = &dispute["balance_transactions"][0];
    assert_eq!(
        (&withdrawn["type"], &withdrawn["reporting_category"]),
        (&json!("adjustment"), &json!("dispute"))
    );
    assert_eq!((&withdrawn["amount"], &withdrawn["fee"]), (&json!(-4500), &json!(1500)));
    assert_eq!(stripe.balance().await, 4339 - 6000);

    let path = format!("/v1/disputes/{}", id(&dispute));
    let staged = [("evidence[product_description]", "An hour of algebra"), ("submit", "false")];
    let staged = stripe.post(&path, &staged).await.ok();
    assert_eq!(
        (&staged["status"], &staged["evidence_details"]["has_evidence"]),
        (&dispute["status"], &json!(true))
    );
    let won = stripe.post(&path, &[("evidence[uncategorized_text]", "winning_evidence")]).await.ok();
    assert_eq!((&won["status"], &won["evidence_details"]["submission_count"]), (&json!("won"), &json!(1)));
    assert_eq!(won["evidence"]["product_description"], "An hour of algebra");
    assert_eq!(won["balance_transactions"][1]["amount"], 4500);
    assert_eq!(stripe.balance().await, 4339 - 1500, "the fee stays Stripe's");
    assert_eq!(
        events(&stripe).await,
        ["created", "funds_withdrawn", "updated", "updated", "closed", "funds_reinstated"]
            .map(|kind| format!("charge.dispute.{kind}"))
    );
    let late = stripe.post(&path, &[("evidence[uncategorized_text]", "more")]).await.refused(400, "");
    assert!(late["message"].as_str().unwrap().contains("already closed"), "{late}");
    let dump = stripe.get("/_stand_in/state", &[]).await.ok();
    assert_eq!(dump["totals"]["usd"]["disputed"], 0);
}

#[tokio::test]
async fn losing_evidence_or_giving_up_leaves_the_money_with_the_payer() {
    let stripe = Stripe::start().await;
    let (_, dispute) = disputed(&stripe, "pm_card_createDispute").await;
    let path = format!("/v1/disputes/{}", id(&dispute));
    let lost = stripe.post(&path, &[("evidence[uncategorized_text]", "losing_evidence")]).await.ok();
    assert_eq!(lost["status"], "lost");
    let (_, other) = disputed(&stripe, "pm_card_createDisputeProductNotReceived").await;
    assert_eq!(other["reason"], "product_not_received");
    let path = format!("/v1/disputes/{}/close", id(&other));
    assert_eq!(stripe.post(&path, &[]).await.ok()["status"], "lost");
    stripe.post(&path, &[]).await.refused(400, "");
    assert_eq!(stripe.balance().await, 2 * (4339 - 6000));
}

#[tokio::test]
async fn an_inquiry_takes_no_money_until_it_becomes_a_dispute() {
    let stripe = Stripe::start().await;
    let (intent, inquiry) = disputed(&stripe, "pm_card_createDisputeInquiry").await;
    assert_eq!(inquiry["status"], "warning_needs_response");
    assert_eq!(inquiry["balance_transactions"], json!([]));
    assert_eq!(stripe.balance().await, 4339);
    stripe.post("/v1/refunds", &[("payment_intent", id(&intent)), ("amount", "500")]).await.ok();
    let path = format!("/_stand_in/disputes/{}/decide", id(&inquiry));
    let dispute = stripe.post(&path, &[("outcome", "escalated")]).await.ok();
    assert_eq!(dispute["status"], "needs_response");
    assert_eq!(stripe.balance().await, 4339 - 500 - 6000);
    assert_eq!(stripe.post(&path, &[("outcome", "lost")]).await.ok()["status"], "lost");

    let (_, inquiry) = disputed(&stripe, "pm_card_createDisputeInquiry").await;
    let path = format!("/v1/disputes/{}", id(&inquiry));
    let closed = stripe.post(&path, &[("evidence[uncategorized_text]", "winning_evidence")]).await.ok();
    assert_eq!(closed["status"], "warning_closed");
}

#[tokio::test]
async fn what_is_disputed_is_not_refunded_besides() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(4500).await;
    let charge = intent["latest_charge"].as_str().unwrap();
    let refund = async |amount| stripe.post("/v1/refunds", &[("charge", charge), ("amount", amount)]).await;
    let form = [("charge", charge), ("reason", "product_unacceptable"), ("amount", "3000")];
    let dispute = stripe.post("/_stand_in/disputes", &form).await.ok();
    assert_eq!(dispute["reason"], "product_unacceptable");
    refund("1501").await.refused(400, "");
    refund("1500").await.ok();
    let error = refund("1").await.refused(400, "charge_disputed");
    assert_eq!(error["message"], format!("Charge {charge} has been charged back; cannot issue a refund."));
    let path = format!("/_stand_in/disputes/{}/decide", id(&dispute));
    stripe.post(&path, &[("outcome", "won")]).await.ok();
    refund("3000").await.ok();
    assert_eq!(stripe.get(&format!("/v1/charges/{charge}"), &[]).await.ok()["disputed"], true);
}

#[tokio::test]
async fn a_dispute_is_read_whole_and_strictly() {
    let stripe = Stripe::start().await;
    let (_, dispute) = disputed(&stripe, "pm_card_createDispute").await;
    let path = format!("/v1/disputes/{}", id(&dispute));
    let shown = stripe.get(&path, &[("expand[]", "charge")]).await.ok();
    assert_eq!((&shown["object"], &shown["charge"]["disputed"]), (&json!("dispute"), &json!(true)));
    assert_eq!(shown["evidence"].as_object().unwrap().len(), 27);
    stripe.post(&path, &[("evidence[nonsense]", "x")]).await.refused(400, "parameter_unknown");
    stripe.post(&path, &[("evidence[receipt]", "file_1")]).await.refused(400, "resource_missing");
    stripe.post(&path, &[("submit", "perhaps")]).await.refused(400, "");
    stripe.get("/v1/disputes/du_1", &[]).await.refused(404, "resource_missing");
    assert_eq!(stripe.post(&path, &[("metadata[a]", "b")]).await.ok()["status"], "needs_response");
    let text = "x".repeat(150_001);
    stripe.post(&path, &[("evidence[uncategorized_text]", &text)]).await.refused(400, "");
    let under_review = stripe.post(&path, &[("evidence[uncategorized_text]", "She was there.")]).await.ok();
    assert_eq!(under_review["status"], "under_review");
    stripe.post(&path, &[("evidence[customer_name]", "A")]).await.refused(400, "");
}

#[tokio::test]
async fn a_refund_that_fails_later_is_on_the_balance_again_and_can_be_made_anew() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(4500).await;
    let params = [("payment_intent", id(&intent)), ("amount", "4500"), ("metadata[operation]", "r")];
    let refund = stripe.post("/v1/refunds", &params).await.ok();
    assert_eq!(stripe.balance().await, -161);
    let path = format!("/_stand_in/refunds/{}/fail", id(&refund));
    let failed = stripe.post(&path, &[]).await.ok();
    assert_eq!(
        (&failed["status"], &failed["failure_reason"]),
        (&json!("failed"), &json!("expired_or_canceled_card"))
    );
    assert_eq!(stripe.balance().await, 4339);
    stripe.post(&path, &[]).await.refused(400, "");
    let movement = failed["failure_balance_transaction"].as_str().unwrap();
    let movement = stripe.get(&format!("/v1/balance_transactions/{movement}"), &[]).await.ok();
    assert_eq!((&movement["type"], &movement["net"]), (&json!("refund_failure"), &json!(4500)));
    let list = stripe.get("/v1/events", &[("type", "refund.failed")]).await.ok();
    assert_eq!(list["data"][0]["data"]["object"]["metadata"]["operation"], "r");
    stripe.post("/v1/refunds", &params).await.ok();
    assert_eq!(stripe.get("/_stand_in/state", &[]).await.ok()["totals"]["usd"]["refunded"], 4500);
}
