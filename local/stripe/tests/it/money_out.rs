use serde_json::Value;

use crate::support::{Answer, Stripe, id};

async fn refund(stripe: &Stripe, intent: &Value, amount: &str) -> Answer {
    stripe.post("/v1/refunds", &[("payment_intent", id(intent)), ("amount", amount)]).await
}

async fn transfer(stripe: &Stripe, account: &Value, amount: &str, source: Option<&str>) -> Answer {
    let mut params = vec![("amount", amount), ("currency", "usd"), ("destination", id(account))];
    params.extend(source.map(|charge| ("source_transaction", charge)));
    stripe.post("/v1/transfers", &params).await
}

#[tokio::test]
async fn refunds_give_back_what_was_taken_and_never_more() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(4500).await;
    let first = refund(&stripe, &intent, "2000").await.ok();
    assert_eq!(first["status"], "succeeded");
    assert_eq!(first["charge"], intent["latest_charge"]);
    assert_eq!(stripe.balance().await, 4339 - 2000);

    let error = refund(&stripe, &intent, "2501").await.refused(400, "");
    assert_eq!(
        error["message"],
        "Refund amount ($25.01) is greater than unrefunded amount on charge ($25.00)"
    );
    let rest = stripe.post("/v1/refunds", &[("charge", first["charge"].as_str().unwrap())]).await.ok();
    assert_eq!(rest["amount"], 2500);
    refund(&stripe, &intent, "1").await.refused(400, "charge_already_refunded");

    let path = format!("/v1/charges/{}", first["charge"].as_str().unwrap());
    let charge = stripe.get(&path, &[("expand[]", "refunds")]).await.ok();
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&true.into(), &4500.into()));
    assert_eq!(charge["refunds"]["data"].as_array().unwrap().len(), 2);
    assert_eq!(stripe.balance().await, -161, "Stripe keeps its fee");
}

#[tokio::test]
async fn refunds_and_transfers_that_race_take_no_more_than_there_is() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let intent = stripe.paid(4500).await;
    let charge = intent["latest_charge"].as_str().unwrap();
    let transfers = (0..8).map(|_| transfer(&stripe, &account, "1000", Some(charge)));
    let sent = futures::future::join_all(transfers).await;
    assert_eq!(sent.iter().filter(|answer| answer.status == 200).count(), 4);
    let refunds = (0..8).map(|_| refund(&stripe, &intent, "1000"));
    let given = futures::future::join_all(refunds).await;
    assert_eq!(given.iter().filter(|answer| answer.status == 200).count(), 4);
    assert_eq!(stripe.balance().await, 4339 - 4000 - 4000);
}

#[tokio::test]
async fn an_unpaid_intent_has_nothing_to_refund() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent(1000).await;
    refund(&stripe, &intent, "1").await.refused(400, "payment_intent_unexpected_state");
    stripe.post("/v1/refunds", &[("amount", "1")]).await.refused(400, "");
}

#[tokio::test]
async fn an_account_receives_only_once_it_is_onboarded() {
    let stripe = Stripe::start().await;
    let charge = stripe.paid(4500).await["latest_charge"].as_str().unwrap().to_owned();
    let form = [("tutor_id", "tutor_1")];
    stripe.post("/_stand_in/accounts/complete_onboarding", &form).await.refused(404, "resource_missing");
    let account = stripe.account("tutor_1").await;
    assert_eq!(account["capabilities"]["transfers"], "inactive");
    assert_eq!(account["payouts_enabled"], false);
    let refused = transfer(&stripe, &account, "3600", Some(&charge)).await;
    refused.refused(400, "insufficient_capabilities_for_transfer");

    let ready = stripe.post("/_stand_in/accounts/complete_onboarding", &form).await.ok();
    assert_eq!(ready["capabilities"]["transfers"], "active");
    let enabled = ["charges_enabled", "payouts_enabled", "details_submitted"];
    assert!(enabled.iter().all(|name| ready[name] == true), "{ready:#}");
    transfer(&stripe, &account, "3600", Some(&charge)).await.ok();
}

#[tokio::test]
async fn a_transfer_names_its_charge_and_never_exceeds_it() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let charge = stripe.paid(4500).await["latest_charge"].as_str().unwrap().to_owned();
    let first = transfer(&stripe, &account, "3600", Some(&charge)).await.ok();
    assert_eq!(first["transfer_group"], "lesson_1");
    assert_eq!(first["source_transaction"], charge.as_str());
    let error = transfer(&stripe, &account, "901", Some(&charge)).await.refused(400, "");
    assert_eq!(
        error["message"],
        "Transfers using this transaction as a source must not exceed the source amount of $45.00. (There is \
         already a transfer using this source, amounting to $36.00.)"
    );
    transfer(&stripe, &account, "900", Some(&charge)).await.ok();
    assert_eq!(stripe.balance().await, 4339 - 4500);
}

#[tokio::test]
async fn a_transfer_without_a_charge_needs_the_available_balance() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    stripe.paid(4500).await;
    transfer(&stripe, &account, "4340", None).await.refused(400, "balance_insufficient");
    transfer(&stripe, &account, "4339", None).await.ok();
    assert_eq!(stripe.balance().await, 0);
}

#[tokio::test]
async fn reversals_take_back_what_was_transferred_and_never_more() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    stripe.paid(4500).await;
    let sent = transfer(&stripe, &account, "3600", None).await.ok();
    let path = format!("/v1/transfers/{}/reversals", id(&sent));
    let reversal = stripe.post(&path, &[("amount", "600")]).await.ok();
    assert_eq!(reversal["object"], "transfer_reversal");
    stripe.post(&path, &[("amount", "3001")]).await.refused(400, "");
    stripe.post(&path, &[]).await.ok();
    stripe.post(&path, &[]).await.refused(400, "");

    let shown = stripe.get(&format!("/v1/transfers/{}", id(&sent)), &[]).await.ok();
    assert_eq!((&shown["reversed"], &shown["amount_reversed"]), (&true.into(), &3600.into()));
    assert_eq!(shown["reversals"]["data"].as_array().unwrap().len(), 2);
    let one = stripe.get(&format!("{path}/{}", id(&reversal)), &[]).await.ok();
    assert_eq!(one["amount"], 600);
    assert_eq!(stripe.balance().await, 4339);
}

#[tokio::test]
async fn the_balance_is_the_sum_of_its_transactions_and_of_the_dump() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let intent = stripe.paid(4500).await;
    refund(&stripe, &intent, "500").await.ok();
    transfer(&stripe, &account, "1000", None).await.ok();
    let list = stripe.get("/v1/balance_transactions", &[]).await.ok();
    let sum: i64 = list["data"].as_array().unwrap().iter().map(|it| it["net"].as_i64().unwrap()).sum();
    assert_eq!(sum, stripe.balance().await);

    let dump = stripe.get("/_stand_in/state", &[]).await.ok();
    assert_eq!(dump["balances"]["usd"], sum);
    let totals = &dump["totals"]["usd"];
    let of = |name: &str| totals[name].as_i64().unwrap();
    assert_eq!(
        of("charged") - of("fees") - of("refunded") - of("transferred") + of("reversed") - of("disputed"),
        sum
    );
    assert_eq!(dump["accounts"][id(&account)]["balances"]["usd"], 1000);
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_receives_nothing() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    stripe.paid(4500).await;
    let path = format!("/v1/accounts/{}", id(&account));
    assert_eq!(stripe.delete(&path).await.ok()["deleted"], true);
    stripe.get(&path, &[]).await.refused(403, "account_invalid");
    let refused = transfer(&stripe, &account, "100", None).await;
    refused.refused(400, "insufficient_capabilities_for_transfer");
}

#[tokio::test]
async fn an_account_may_be_described_by_its_controller() {
    let stripe = Stripe::start().await;
    let params = [
        ("controller[stripe_dashboard][type]", "express"),
        ("controller[fees][payer]", "application"),
        ("controller[losses][payments]", "application"),
        ("capabilities[transfers][requested]", "true"),
        ("country", "DE"),
    ];
    let account = stripe.post("/v1/accounts", &params).await.ok();
    assert_eq!((&account["type"], &account["default_currency"]), (&"none".into(), &"eur".into()));
    assert_eq!(account["controller"]["fees"]["payer"], "application");
    let params = [("country", "XX")];
    stripe.post("/v1/accounts", &params).await.refused(400, "country_unsupported");
}
