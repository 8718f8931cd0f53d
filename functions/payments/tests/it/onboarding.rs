//! A tutor's account: how it is made, what it says, how often it is paid out.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{begin_onboarding, get_payout_account, set_payout_schedule};
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::json;
use uuid::Uuid;

use super::support::World;

async fn begin(world: &World) -> Answered {
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor));
    request.send(&begin_onboarding::use_case(), &world.services).await
}

async fn read(world: &World) -> Answered {
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor));
    request.send(&get_payout_account::use_case(), &world.services).await
}

#[tokio::test]
async fn a_tutor_goes_from_no_account_through_stripes_page_to_a_ready_one() {
    let world = World::new().await;
    let trips = world.services.base.round_trips();
    let none = read(&world).await;
    assert_eq!(world.services.base.round_trips() - trips, 1);
    assert_eq!((&none.data()["status"], &none.data()["schedule"]), (&json!("none"), &json!("weekly")));
    let link = begin(&world).await;
    assert_eq!(link.data()["status"], "pending");
    let pending = read(&world).await;
    assert_eq!(pending.data()["status"], "pending");
    assert!(pending.data()["missing"].as_array().unwrap().contains(&json!("external_account")));
    let account = world.stripe_get(&format!("/v1/accounts/{}", world.account().await)).await;
    assert_eq!(account["settings"]["payouts"]["schedule"]["interval"], "manual", "we alone decide");

    // The owner's browser.
    let browser =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let url = link.data()["url"].as_str().unwrap();
    assert!(browser.get(url).send().await.unwrap().status().is_success());
    let form = [("outcome", "complete"), ("account_number", "000123456789")];
    let left = browser.post(format!("{url}/leave")).form(&form).send().await.unwrap();
    assert_eq!(left.headers()["location"], "http://127.0.0.1:1/return");
    world.hear_all().await;
    let ready = read(&world).await;
    assert_eq!((&ready.data()["status"], &ready.data()["missing"]), (&json!("ready"), &json!([])));
    assert_eq!(world.kinds(), ["payout_account.ready"]);
    assert_ne!(none.headers["etag"], ready.headers["etag"]);
}

#[tokio::test]
async fn however_often_and_at_once_it_is_asked_for_there_is_one_account() {
    let world = World::new().await;
    let asked = futures::future::join_all((0..4).map(|_| begin(&world))).await;
    assert!(asked.iter().all(|answer| [200, 503].contains(&answer.status)), "{asked:?}");
    world.approve_tutor().await;
    let (first, second) = (begin(&world).await, begin(&world).await);
    assert_ne!(first.data()["url"], second.data()["url"], "each link is for one visit");
    let accounts = world.stripe_get("/v1/accounts").await;
    assert_eq!(accounts["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_that_stripe_paid_out_by_itself_is_made_ours_to_pay_out() {
    let world = World::ready().await;
    let path = format!("/v1/accounts/{}", world.account().await);
    world.stripe_post(&path, &[("settings[payouts][schedule][interval]", "daily")]).await;
    begin(&world).await.data();
    let account = world.stripe_get(&path).await;
    assert_eq!(account["settings"]["payouts"]["schedule"]["interval"], "manual");
}

#[tokio::test]
async fn an_account_that_stripe_restricts_says_what_is_missing() {
    let world = World::ready().await;
    world.account_is("disable_payouts").await;
    world.hear_all().await;
    let restricted = read(&world).await;
    assert_eq!(restricted.data()["status"], "restricted");
    assert_eq!(restricted.data()["missing"], json!(["individual.verification.document"]));
    assert_eq!(restricted.data()["disabledReason"], "requirements.past_due");
    let made = world.held(4_500).await;
    assert_eq!(world.release(&made).await.unwrap()["transferred"], false);
    world.onboard_tutor().await;
    assert_eq!(read(&world).await.data()["status"], "ready");
    world.settle().await;
    world.check().await;
}

#[tokio::test]
async fn who_cuts_us_off_is_not_paid_out_and_is_told() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.account_is("deauthorize").await;
    world.hear_all().await;
    assert_eq!(read(&world).await.data()["status"], "restricted");
    world.monday();
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty());
    assert_eq!(begin(&world).await.problem(), "wrong-state");
    assert_eq!(world.verified().await["ok"], true);
}

#[tokio::test]
async fn how_often_one_is_paid_out_is_changed_for_the_version_that_one_has_seen() {
    let world = World::new().await;
    let put = |body: serde_json::Value, seen: Option<String>| {
        let mut request = TestRequest::new(As::User(world.tutor, Role::Tutor)).json(&body);
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        let services = std::sync::Arc::clone(&world.services);
        async move { request.send(&set_payout_schedule::use_case(), &services).await }
    };
    let monthly = json!({ "schedule": "monthly" });
    assert_eq!(put(monthly.clone(), Some("\"0\"".to_owned())).await.problem(), "not-found");
    begin(&world).await.data();
    let etag = read(&world).await.headers["etag"].clone();
    assert_eq!(put(monthly.clone(), None).await.problem(), "precondition-required");
    assert_eq!(put(monthly.clone(), Some("\"99\"".to_owned())).await.problem(), "precondition-failed");
    let trips = world.services.base.round_trips();
    let changed = put(monthly, Some(etag.clone())).await;
    assert_eq!(world.services.base.round_trips() - trips, 2);
    assert_eq!(changed.data()["schedule"], "monthly");
    assert!(changed.data()["nextPayoutAt"].as_str().unwrap().contains("-01T06:00:00Z"));
    assert_eq!(changed.headers["etag"], read(&world).await.headers["etag"]);
    let wrong = put(json!({ "schedule": "daily", "more": 1 }), Some(etag)).await;
    assert_eq!((wrong.problem(), wrong.bad_fields()), ("invalid-fields", vec!["schedule", "more"]));
    let request = TestRequest::new(As::User(UserId(Uuid::now_v7()), Role::Student));
    assert_eq!(request.send(&get_payout_account::use_case(), &world.services).await.status, 403);
}
