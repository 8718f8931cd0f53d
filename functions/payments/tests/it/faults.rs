//! Stripe that fails before, while and after it does what it is asked, and functions that die: nothing is lost and
//! nothing happens twice.

use std::sync::Arc;
use std::time::Duration;

use lectern_domain::payments::OperationKind;
use lectern_payments::{refund_payment, release_payment};
use lectern_runtime::testing::invoke;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::support::{Made, Trouble, World};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn ready_world(timeout: Duration) -> World {
    let world = World::with_timeout(timeout).await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    world
}

/// All that can be asked of Stripe for a payment, each once: 4 500 paid, released, 1 500 of it given back.
async fn whole_life(world: &World, mut again: impl AsyncFnMut(&World, &str, Option<&Made>) -> Value) {
    let created = again(world, "create", None).await;
    let id = created["paymentId"].as_str().unwrap().to_owned();
    let made = Made { lesson: uuid::Uuid::nil(), id };
    world.pay(&made, "pm_card_visa").await;
    world.hear_all().await;
    again(world, "release", Some(&made)).await;
    again(world, "refund", Some(&made)).await;
    world.later(3);
    world.settle().await;
    world.later(3);
    world.settle().await;
    assert_eq!(world.intents().await, json!({ "succeeded": 1 }));
    assert_eq!((world.at_stripe("charged").await, world.at_stripe("refunded").await), (4_500, 1_500));
    // Either all of the share was sent before the refund and a part of it taken back, or Stripe refused to send so
    // much of a charge that was refunded meanwhile, and less was sent.
    let moved = (world.at_stripe("transferred").await, world.at_stripe("reversed").await);
    assert!([(3_600, 1_200), (2_400, 0)].contains(&moved), "{moved:?}");
    world.check().await;
}

async fn step(world: &World, name: &str, made: Option<&Made>) -> Result<Value, lectern_runtime::Fault> {
    match (name, made) {
        ("release", Some(made)) => world.release(made).await,
        ("refund", Some(made)) => world.refund(made, "r", 1_500).await,
        _ => world.create(uuid::Uuid::nil(), 4_500).await,
    }
}

/// As a state machine does: again after what may pass, for as long as it takes.
async fn until_done(world: &World, name: &str, made: Option<&Made>) -> Value {
    for _ in 0..10 {
        match step(world, name, made).await {
            Ok(output) => return output,
            Err(fault) => assert!(["Transient", "StripeRefused"].contains(&fault.kind), "{fault}"),
        }
    }
    panic!("{name} does not come to an end");
}

const MOVES: [&str; 4] = ["/v1/payment_intents", "/v1/transfers", "/v1/refunds", "/v1/transfers/tr_"];

#[tokio::test]
async fn stripe_that_times_out_after_doing_the_work_does_it_once() {
    let world = ready_world(Duration::from_millis(300)).await;
    whole_life(&world, async |world, name, made| {
        for path in MOVES {
            // More often than the client tries, so that the step itself fails and comes again.
            let fault = [
                ("kind", "timeout_after"),
                ("method", "POST"),
                ("path", path),
                ("times", "1"),
                ("delay_ms", "1000"),
            ];
            if !(path.ends_with("intents") && made.is_some()) {
                world.stripe_fault(&fault).await;
            }
        }
        let output = until_done(world, name, made).await;
        world.http.delete(format!("{}/_stand_in/faults", world.base)).send().await.unwrap();
        output
    })
    .await;
}

#[tokio::test]
async fn a_500_after_the_work_was_done_is_looked_up() {
    let world = ready_world(Duration::from_secs(10)).await;
    whole_life(&world, async |world, name, made| {
        for path in MOVES {
            let fault = [("kind", "error_500_after"), ("method", "POST"), ("path", path)];
            if !(path.ends_with("intents") && made.is_some()) {
                world.stripe_fault(&fault).await;
            }
        }
        let output = until_done(world, name, made).await;
        world.http.delete(format!("{}/_stand_in/faults", world.base)).send().await.unwrap();
        output
    })
    .await;
}

#[tokio::test]
async fn a_500_that_stripe_remembers_without_having_done_anything_is_a_known_failure() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    let fault =
        [("kind", "error_500_before"), ("method", "POST"), ("path", "/v1/refunds"), ("remember", "true")];
    world.stripe_fault(&fault).await;
    world.refund(&made, "r", 500).await.unwrap_err();
    assert_eq!(world.at_stripe("refunded").await, 0);
    // It is tried again by itself, after a while, under another key.
    world.later(3);
    world.settle().await;
    assert_eq!(world.at_stripe("refunded").await, 500);
    let sent = world.stripe.sent.lock().unwrap().clone();
    let refunds: Vec<_> = sent.iter().filter(|key| key.contains(":refund:")).map(|k| &k[37..]).collect();
    assert_eq!(refunds, ["refund:r:1", "refund:r:2"]);
    world.check().await;
}

#[tokio::test]
async fn lost_answers_and_requests_are_made_good() {
    for lost in [|| Trouble::AnswerLost, || Trouble::RequestLost] {
        let world = ready_world(Duration::from_secs(10)).await;
        for kind in OperationKind::ALL {
            if *kind != OperationKind::Cancel {
                world.trouble(*kind, lost());
            }
        }
        whole_life(&world, until_done_of).await;
    }
}

async fn until_done_of(world: &World, name: &str, made: Option<&Made>) -> Value {
    until_done(world, name, made).await
}

#[tokio::test]
async fn a_function_that_dies_while_stripe_works_is_succeeded_by_the_sweep() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    let told = Arc::new(Notify::new());
    world.trouble(OperationKind::Refund, Trouble::Hangs(Arc::clone(&told)));
    let input = json!({ "paymentId": made.id, "refundId": "r", "reason": "x",
        "amount": { "amount": 1500, "currency": "USD" } });
    let services = world.another();
    let dying = tokio::spawn(async move { invoke(&refund_payment::use_case(), &services, input).await });
    tokio::time::timeout(PATIENCE, told.notified()).await.unwrap();
    dying.abort();
    assert_eq!(world.at_stripe("refunded").await, 1_500);
    assert_eq!(world.status(&made).await, "partially_refunded");
    assert!(!world.kinds().contains(&"payment.refunded".to_owned()), "nobody knows yet that Stripe took it");

    // Nobody else sends it while the dead one might still be at it.
    world.settle().await;
    assert_eq!(world.refund(&made, "r", 1_500).await.unwrap_err().kind, "Transient");
    assert_eq!(world.stripe.sent.lock().unwrap().iter().filter(|k| k.contains(":refund:")).count(), 1);
    world.later(1);
    world.settle().await;
    assert_eq!(world.at_stripe("refunded").await, 1_500);
    assert_eq!(world.refund(&made, "r", 1_500).await.unwrap()["status"], "partially_refunded");
    assert_eq!(world.kinds().last().unwrap(), "payment.refunded");
    world.check().await;
}

#[tokio::test]
async fn a_function_that_dies_between_release_and_transfer_leaves_the_money_payable() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    let told = Arc::new(Notify::new());
    world.trouble(OperationKind::Transfer, Trouble::Hangs(Arc::clone(&told)));
    let (services, input) = (world.another(), json!({ "paymentId": made.id }));
    let dying = tokio::spawn(async move { invoke(&release_payment::use_case(), &services, input).await });
    tokio::time::timeout(PATIENCE, told.notified()).await.unwrap();
    dying.abort();
    assert_eq!(world.earnings().await[0]["payable"], 3_600);
    // A refund that comes meanwhile: the transfer's amount is out of our hands, so its excess is taken back.
    world.refund(&made, "r", 4_500).await.unwrap();
    world.later(1);
    world.settle().await;
    let (sent, back) = (world.at_stripe("transferred").await, world.at_stripe("reversed").await);
    assert_eq!((sent, back), (3_600, 3_600));
    assert_eq!(
        world.earnings().await[0],
        json!({ "currency": "USD", "held": 0, "payable": 0, "inTransit": 0, "paid": 0 })
    );
    world.check().await;
}

#[tokio::test]
async fn a_transfer_that_stripe_refuses_stays_payable_and_is_tried_again() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    // We believe the account to be ready, and Stripe has changed its mind.
    let account = world.stripe_get("/v1/accounts").await["data"][0]["id"].as_str().unwrap().to_owned();
    world.sql("UPDATE payout_accounts SET stripe_account_id = 'acct_gone'").await.unwrap();
    assert_eq!(world.release(&made).await.unwrap(), json!({ "status": "released", "transferred": false }));
    assert_eq!(world.earnings().await[0]["payable"], 3_600);
    world.sql(&format!("UPDATE payout_accounts SET stripe_account_id = '{account}'")).await.unwrap();
    world.settle().await;
    assert_eq!(world.at_stripe("transferred").await, 0, "not at once");
    world.later(2);
    world.settle().await;
    assert_eq!(world.at_stripe("transferred").await, 3_600);
    world.check().await;
}

#[tokio::test]
async fn a_refund_that_stripe_refuses_again_and_again_is_given_to_a_person() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    let charge = world.stripe_get("/v1/charges").await["data"][0]["id"].as_str().unwrap().to_owned();
    // Somebody has refunded it past us.
    world.stripe_post("/v1/refunds", &[("charge", &charge)]).await;
    assert_eq!(world.refund(&made, "r", 4_500).await.unwrap_err().kind, "StripeRefused");
    for _ in 0..20 {
        world.later(130);
        world.settle().await;
    }
    let keys = world.stripe.sent.lock().unwrap().iter().filter(|k| k.contains(":refund:")).count();
    assert_eq!(keys, 8);
    let said = world.verified().await["differences"].to_string();
    assert!(said.contains("refuses the refund r of 4500 (charge_already_refunded)"), "{said}");
}

#[tokio::test]
async fn a_key_that_stripe_may_have_forgotten_is_looked_up_before_it_is_used_again() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    world.trouble(OperationKind::Transfer, Trouble::AnswerLost);
    world.release(&made).await.unwrap();
    world.later(24 * 60);
    world.settle().await;
    assert_eq!(world.stripe.sent.lock().unwrap().iter().filter(|k| k.contains(":transfer:")).count(), 1);
    assert_eq!(world.at_stripe("transferred").await, 3_600);
    assert_eq!(world.earnings().await[0]["payable"], 3_600);
    world.check().await;
}

#[tokio::test]
async fn too_many_requests_and_a_busy_key_are_waited_for() {
    let world = ready_world(Duration::from_secs(10)).await;
    let made = world.held(4_500).await;
    let fault = [("kind", "rate_limited"), ("method", "POST"), ("path", "/v1/refunds"), ("times", "2")];
    world.stripe_fault(&fault).await;
    world.refund(&made, "r", 500).await.unwrap();
    assert_eq!(world.stripe.sent.lock().unwrap().iter().filter(|k| k.contains(":refund:")).count(), 1);
    world.check().await;
}
