//! Connected accounts: what lies in them, how their owners come to Stripe, how the money goes to their banks.

use serde_json::{Value, json};

use crate::support::{CONNECT_SECRET, Delivery, Stripe, Webhook, id, kinds, send};

/// An account that is ready, with so much in it.
async fn account_with(stripe: &Stripe, amount: &str) -> Value {
    let account = stripe.ready_account().await;
    stripe.paid(9_000).await;
    let params = [("amount", amount), ("currency", "usd"), ("destination", id(&account))];
    stripe.post("/v1/transfers", &params).await.ok();
    account
}

async fn pay_out(stripe: &Stripe, account: &Value, amount: &str) -> Value {
    stripe.post_as(account, "/v1/payouts", &[("amount", amount), ("currency", "usd")]).await.ok()
}

async fn available(stripe: &Stripe, account: &Value) -> i64 {
    stripe.get_as(account, "/v1/balance", &[]).await.ok()["available"][0]["amount"].as_i64().unwrap()
}

async fn moved(stripe: &Stripe, payout: &Value, how: &str) -> Value {
    stripe.post(&format!("/_stand_in/payouts/{}/{how}", id(payout)), &[]).await.ok()
}

#[tokio::test]
async fn an_account_holds_what_was_transferred_and_not_taken_back() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let platform = stripe.balance().await;
    assert_eq!(available(&stripe, &account).await, 4000);
    let transfer = stripe.get("/v1/transfers", &[]).await.ok()["data"][0].clone();
    let path = format!("/v1/transfers/{}/reversals", id(&transfer));
    stripe.post(&path, &[("amount", "1500")]).await.ok();
    assert_eq!(available(&stripe, &account).await, 2500);
    assert_eq!(stripe.balance().await, platform + 1500);
    let list = stripe.get_as(&account, "/v1/balance_transactions", &[]).await.ok();
    let shown: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| (it["type"].clone(), it["net"].clone())).collect();
    assert_eq!(shown, [(json!("payment_refund"), json!(-1500)), (json!("payment"), json!(4000))]);
    let own = stripe.get("/v1/balance_transactions", &[]).await.ok();
    assert!(own["data"].as_array().unwrap().iter().all(|it| it["type"] != "payment"), "{own:#}");
    // What was paid out already is taken back all the same.
    pay_out(&stripe, &account, "2500").await;
    stripe.post(&path, &[("amount", "2500")]).await.ok();
    assert_eq!(available(&stripe, &account).await, -2500);
}

#[tokio::test]
async fn who_acts_as_an_account_sees_its_objects_and_no_others() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let payout = pay_out(&stripe, &account, "1000").await;
    let path = format!("/v1/payouts/{}", id(&payout));
    stripe.get_as(&account, &path, &[]).await.ok();
    stripe.get(&path, &[]).await.refused(404, "resource_missing");
    let of_platform = stripe.get("/v1/payouts", &[]).await.ok();
    assert_eq!(of_platform["data"], json!([]));
    let nobody = json!({ "id": "acct_nobody" });
    let refused = stripe.get_as(&nobody, "/v1/balance", &[]).await.refused(403, "account_invalid");
    assert!(refused["message"].as_str().unwrap().contains("does not have access to account 'acct_nobody'"));
    assert_eq!(stripe.get_as(&account, "/v1/transfers", &[]).await.status, 400);
    let events = stripe.get_as(&account, "/v1/events", &[]).await.ok();
    let all = events["data"].as_array().unwrap();
    assert!(all.iter().all(|event| event["account"] == account["id"]) && all.len() >= 2, "{events:#}");
}

#[tokio::test]
async fn an_idempotency_key_is_an_accounts_own() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let params = [("amount", "1000"), ("currency", "usd")];
    let once = async || {
        let request = stripe.request("POST", "/v1/payouts", &params);
        send(request.header("stripe-account", id(&account)).header("idempotency-key", "k")).await
    };
    let (first, second) = (once().await, once().await);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(first.ok()["id"], second.ok()["id"]);
    assert_eq!(available(&stripe, &account).await, 3000);
    stripe.post_with_key("k", "/v1/customers_of_nobody", &[]).await.refused(404, "");
}

#[tokio::test]
async fn a_payout_goes_to_the_bank_and_no_more_than_there_is() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let too_much = [("amount", "4001"), ("currency", "usd")];
    stripe.post_as(&account, "/v1/payouts", &too_much).await.refused(400, "balance_insufficient");
    let payout = pay_out(&stripe, &account, "3000").await;
    assert_eq!((&payout["status"], &payout["object"]), (&json!("pending"), &json!("payout")));
    assert!(payout["destination"].as_str().unwrap().starts_with("ba_"));
    assert_eq!(available(&stripe, &account).await, 1000);
    assert_eq!(moved(&stripe, &payout, "send").await["status"], "in_transit");
    assert_eq!(moved(&stripe, &payout, "pay").await["status"], "paid");
    let path = format!("/v1/payouts/{}/cancel", id(&payout));
    stripe.post_as(&account, &path, &[]).await.refused(400, "");
    assert_eq!(available(&stripe, &account).await, 1000);
}

#[tokio::test]
async fn a_payout_that_fails_or_is_canceled_gives_the_money_back() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let canceled = pay_out(&stripe, &account, "1000").await;
    let path = format!("/v1/payouts/{}/cancel", id(&canceled));
    assert_eq!(stripe.post_as(&account, &path, &[]).await.ok()["status"], "canceled");
    assert_eq!(available(&stripe, &account).await, 4000);
    // A bank may give back even what was paid.
    let failed = pay_out(&stripe, &account, "1000").await;
    moved(&stripe, &failed, "pay").await;
    let failed = moved(&stripe, &failed, "fail").await;
    assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!("could_not_process")));
    assert_eq!(available(&stripe, &account).await, 4000);
    let list = stripe.get_as(&account, "/v1/payouts", &[("status", "failed")]).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_payout_to_a_test_number_fails_with_its_code() {
    let stripe = Stripe::start().await;
    stripe.account("tutor_1").await;
    let form = [("tutor_id", "tutor_1"), ("account_number", "000111111116")];
    let account = stripe.post("/_stand_in/accounts/complete_onboarding", &form).await.ok();
    stripe.paid(9_000).await;
    let params = [("amount", "4000"), ("currency", "usd"), ("destination", id(&account))];
    stripe.post("/v1/transfers", &params).await.ok();
    let payout = pay_out(&stripe, &account, "4000").await;
    assert_eq!(moved(&stripe, &payout, "pay").await["failure_code"], "no_account");
    assert_eq!(available(&stripe, &account).await, 4000);
}

#[tokio::test]
async fn a_currency_needs_a_bank_account_of_its_own() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let params = [("amount", "1"), ("currency", "eur")];
    let refused = stripe.post_as(&account, "/v1/payouts", &params).await.refused(400, "");
    assert_eq!(refused["message"], "Sorry, you don't have any external accounts in that currency (eur).");
    let bank = [
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "DE"),
        ("external_account[currency]", "eur"),
        ("external_account[account_number]", "DE89370400440532013000"),
    ];
    let added = stripe.post(&format!("/v1/accounts/{}/external_accounts", id(&account)), &bank).await.ok();
    assert_eq!((&added["last4"], &added["currency"]), (&json!("3000"), &json!("eur")));
    stripe.post_as(&account, "/v1/payouts", &params).await.refused(400, "balance_insufficient");
}

#[tokio::test]
async fn payouts_can_be_disabled_and_the_account_says_what_is_due() {
    let stripe = Stripe::start().await;
    let account = account_with(&stripe, "4000").await;
    let form = [("account", id(&account))];
    let disabled = stripe.post("/_stand_in/accounts/disable_payouts", &form).await.ok();
    assert_eq!(disabled["payouts_enabled"], false);
    assert_eq!(disabled["requirements"]["currently_due"], json!(["individual.verification.document"]));
    let params = [("amount", "1000"), ("currency", "usd")];
    stripe.post_as(&account, "/v1/payouts", &params).await.refused(400, "payouts_not_allowed");
    stripe.post("/_stand_in/accounts/complete_onboarding", &form).await.ok();
    stripe.post_as(&account, "/v1/payouts", &params).await.ok();
}

#[tokio::test]
async fn the_schedule_of_an_account_is_what_was_asked_for() {
    let stripe = Stripe::start().await;
    let account = stripe.account("tutor_1").await;
    assert_eq!(account["settings"]["payouts"]["schedule"]["interval"], "daily");
    let path = format!("/v1/accounts/{}", id(&account));
    let manual = [("settings[payouts][schedule][interval]", "manual")];
    let changed = stripe.post(&path, &manual).await.ok();
    assert_eq!(changed["settings"]["payouts"]["schedule"], json!({ "delay_days": 2, "interval": "manual" }));
    let wrong = [("settings[payouts][schedule][weekly_anchor]", "monday"), manual[0]];
    stripe.post(&path, &wrong).await.refused(400, "");
}

#[tokio::test]
async fn an_onboarding_link_is_good_for_one_visit_and_leads_back() {
    let stripe = Stripe::start().await;
    let account = stripe.account("tutor_1").await;
    let params = [
        ("account", id(&account)),
        ("type", "account_onboarding"),
        ("refresh_url", "http://127.0.0.1:1/refresh"),
        ("return_url", "http://127.0.0.1:1/return"),
    ];
    stripe.post("/v1/account_links", &params[..3]).await.refused(400, "parameter_missing");
    let link = stripe.post("/v1/account_links", &params).await.ok();
    assert_eq!(link["object"], "account_link");
    assert!(link["expires_at"].as_i64() > link["created"].as_i64() && link["id"].is_null(), "{link:#}");
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let url = link["url"].as_str().unwrap();
    let location = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(http.get(url).send().await.unwrap().text().await.unwrap().contains("Onboarding test page"));
    let again = http.get(url).send().await.unwrap();
    assert_eq!((again.status().as_u16(), location(&again).as_str()), (303, "http://127.0.0.1:1/refresh"));
    let form = [("outcome", "complete"), ("account_number", "000123456789")];
    let left = http.post(format!("{url}/leave")).form(&form).send().await.unwrap();
    assert_eq!((left.status().as_u16(), location(&left).as_str()), (303, "http://127.0.0.1:1/return"));
    let shown = stripe.get(&format!("/v1/accounts/{}", id(&account)), &[]).await.ok();
    assert_eq!(
        (&shown["payouts_enabled"], shown["external_accounts"]["data"].as_array().unwrap().len()),
        (&json!(true), 1)
    );
    assert_eq!(http.post(format!("{url}/leave")).form(&form).send().await.unwrap().status().as_u16(), 400);
    let path = format!("/v1/accounts/{}/login_links", id(&account));
    let login = stripe.post(&path, &[]).await.ok();
    assert!(http.get(login["url"].as_str().unwrap()).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn what_happens_to_an_account_goes_to_the_second_webhook_under_its_own_secret() {
    let (webhook, connect) = (Webhook::start(0).await, Webhook::start(0).await);
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    let form = [("connect_url", connect.url.as_str())];
    stripe.post("/_stand_in/webhooks/endpoint", &form).await.ok();
    let account = account_with(&stripe, "4000").await;
    let payout = pay_out(&stripe, &account, "1000").await;
    moved(&stripe, &payout, "pay").await;
    stripe.post("/_stand_in/accounts/deauthorize", &[("account", id(&account))]).await.ok();
    let has = |kind: &'static str| move |all: &[Delivery]| kinds(all).iter().any(|seen| seen == kind);
    for kind in ["payout.created", "payout.updated", "payout.paid"] {
        connect.wait_for(has(kind)).await;
    }
    let all = connect.wait_for(has("account.application.deauthorized")).await;
    assert!(all.iter().all(|delivery| delivery.event()["account"] == account["id"]));
    let first = &all[0];
    let at: i64 = first.signature[2..12].parse().unwrap();
    let wanted = lectern_stripe_stand_in::webhooks::signature_header(CONNECT_SECRET, at, &first.body);
    assert_eq!(first.signature, wanted);
    let platform = webhook.wait_for(has("transfer.created")).await;
    assert!(platform.iter().all(|delivery| delivery.event()["account"].is_null()));
    stripe.get(&format!("/v1/accounts/{}", id(&account)), &[]).await.refused(403, "account_invalid");
}

#[tokio::test]
async fn payouts_that_are_let_go_arrive_by_themselves() {
    let webhook = Webhook::start(0).await;
    let stripe = Stripe::start_with(Some(webhook.url.clone())).await;
    let account = account_with(&stripe, "4000").await;
    let payout = pay_out(&stripe, &account, "1000").await;
    assert_eq!(payout["status"], "pending");
    stripe.post("/_stand_in/payouts/let_go", &[]).await.ok();
    webhook.wait_for(|all| kinds(all).iter().any(|kind| kind == "payout.paid")).await;
    let shown = stripe.get_as(&account, &format!("/v1/payouts/{}", id(&payout)), &[]).await.ok();
    assert_eq!(shown["status"], "paid");
}
