//! A tutor's money, to the bank: what is earned, when it goes out, what the tutor can read, and what comes back.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database;
use crate::support::http::Call;
use crate::support::lessons::Pair;
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// The bank takes its seconds, the webhook and its retries theirs.
const BANK: Duration = Duration::from_secs(60);

/// A lesson was given eight days ago, and its money lies in the tutor's account.
async fn has_earned(world: &World, pair: &Pair) {
    let lesson = world.scheduled(pair).await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    lesson.is_at_rest().await;
    // Only a superuser who turns the ledger's own guard off can do that: time passes for this payment alone.
    let payment = lesson.payment().await;
    let statement = format!(
        "SET session_replication_role = replica;
         UPDATE ledger_transactions SET posted_at = posted_at - interval '8 days' WHERE payment_id = '{payment}'"
    );
    database::batch("payments", &statement).await;
    // An earlier run of this week may have looked at the tutor before there was anything.
    let tutor = Uuid::parse_str(&pair.tutor.id).unwrap();
    let again = "UPDATE payout_accounts SET paid_out_until = NULL WHERE tutor_id = $1 RETURNING 1";
    assert_eq!(database::rows("payments", again, &[&tutor]).await.len(), 1);
}

async fn latest(world: &World, tutor: &Person) -> Value {
    let page = world.api.get("/v1/payouts?limit=1", &tutor.access_token).await;
    page.data(200)["items"][0].clone()
}

async fn comes_to(world: &World, tutor: &Person, status: &str) -> Value {
    until(&format!("the payout is {status}"), BANK, async || {
        let _next_time = world.aws.try_invoke("settle-payouts", &json!({})).await;
        let payout = latest(world, tutor).await;
        (payout["status"] == status).then_some(payout)
    })
    .await
}

#[tokio::test]
async fn what_a_tutor_has_earned_goes_to_the_bank_once_and_can_be_read() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    has_earned(&world, &pair).await;
    let account = world.api.get("/v1/payout-account", &pair.tutor.access_token).await;
    assert_eq!(
        (&account.data(200)["status"], &account.data(200)["schedule"]),
        (&json!("ready"), &json!("weekly"))
    );
    for _ in 0..2 {
        world.aws.invoke("run-payouts", &json!({})).await;
    }
    let paid = comes_to(&world, &pair.tutor, "paid").await;
    assert_eq!(paid["amount"], json!({ "amount": 3600, "currency": "USD" }));
    let earnings = world.api.get("/v1/earnings", &pair.tutor.access_token).await;
    let wanted = json!({ "currency": "USD", "held": 0, "payable": 0, "inTransit": 0, "paid": 3600 });
    assert_eq!(earnings.data(200)["balances"], json!([wanted]));
    let id = paid["payoutId"].as_str().unwrap();
    let explained = world.api.get(&format!("/v1/payouts/{id}"), &pair.tutor.access_token).await;
    assert_eq!(explained.data(200)["closing"]["amount"], 3600);
    assert_eq!(explained.data(200)["lines"][0]["kind"], "earning");
    let csv =
        Call::new("GET", format!("/v1/payouts/{id}/statement?format=csv")).token(&pair.tutor.access_token);
    let csv = world.api.call(csv).await;
    assert_eq!(csv.status, 200);
    world.assert_events("payout", id, &["payout.scheduled", "payout.paid"]).await;
    world.assert_ledger_is_right().await;
}

#[tokio::test]
async fn a_payout_that_the_bank_sends_back_is_payable_again_and_an_admin_sends_it_anew() {
    let world = World::alone().await;
    let pair = world.pair(48).await;
    has_earned(&world, &pair).await;
    let closed = [("tutor_id", pair.tutor.id.as_str()), ("account_number", "000111111113")];
    world.stripe.admin("accounts/complete_onboarding", &closed).await;
    world.aws.invoke("run-payouts", &json!({})).await;
    let failed = comes_to(&world, &pair.tutor, "failed").await;
    assert_eq!(failed["failure"]["code"], "account_closed");
    let id = failed["payoutId"].as_str().unwrap();
    world.assert_events("payout", id, &["payout.scheduled", "payout.failed"]).await;
    let good = [("tutor_id", pair.tutor.id.as_str()), ("account_number", "000123456789")];
    world.stripe.admin("accounts/complete_onboarding", &good).await;
    let admin = world.staff("admin").await;
    let call = Call::new("POST", format!("/v1/admin/payouts/{id}/retry"))
        .token(&admin.access_token)
        .header("idempotency-key", Uuid::new_v4().to_string());
    assert_eq!(world.api.call(call).await.data(200)["attempt"], 2);
    comes_to(&world, &pair.tutor, "paid").await;
    world.assert_ledger_is_right().await;
}

#[tokio::test]
async fn a_tutor_is_led_to_stripes_pages_and_chooses_how_often_to_be_paid() {
    let world = World::shared().await;
    let tutor = world.newcomer().await;
    let token = &tutor.access_token;
    let none = world.api.get("/v1/payout-account", token).await;
    assert_eq!(none.data(200)["status"], "none");
    let link = until("there is a link", SOON, async || {
        let answer = world.api.call(Call::new("POST", "/v1/payout-account").token(token)).await;
        (answer.status == 200).then(|| answer.data(200).clone())
    })
    .await;
    assert!(link["url"].as_str().unwrap().contains("/account_links/"), "{link}");
    let pending = world.api.get("/v1/payout-account", token).await;
    assert_eq!(pending.data(200)["status"], "pending");
    let call =
        Call::new("PUT", "/v1/payout-account/schedule").token(token).body(json!({ "schedule": "monthly" }));
    world.api.call(call.clone()).await.is_problem(428, "precondition-required");
    let changed = world.api.call(call.header("if-match", pending.header("etag").unwrap())).await;
    assert_eq!(changed.data(200)["schedule"], "monthly");
}
