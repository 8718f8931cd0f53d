//! Payments that wait because nobody has told us what became of them.

use lectern_domain::payments::OperationKind;
use lectern_payments::sweep_stuck_payments;
use lectern_runtime::testing::invoke;
use serde_json::json;

use super::support::{Trouble, World};

async fn sweep(world: &World) {
    invoke(&sweep_stuck_payments::use_case(), &world.services, json!({})).await.unwrap();
}

#[tokio::test]
async fn what_a_lost_webhook_would_have_told_is_read_from_stripe() {
    let world = World::new().await;
    let (paid, declined, waiting) =
        (world.made(4_500).await, world.made(3_000).await, world.made(2_000).await);
    world.pay(&paid, "pm_card_visa").await;
    world.pay(&declined, "pm_card_chargeDeclined").await;
    sweep(&world).await;
    assert_eq!(world.status(&paid).await, "requires_payment", "the webhook may still be on its way");
    world.later(6);
    sweep(&world).await;
    assert_eq!(world.status(&paid).await, "held");
    assert_eq!(world.status(&declined).await, "failed");
    assert_eq!(world.status(&waiting).await, "requires_payment");
    assert!(world.kinds().contains(&"payment.held".to_owned()));
    world.settle().await;
    world.later(1);
    world.settle().await;
    // The webhook comes after all.
    world.check().await;
}

#[tokio::test]
async fn nobody_is_asked_about_twice_in_five_minutes_and_everybody_in_turn() {
    let world = World::new().await;
    for _ in 0..3 {
        world.made(1_000).await;
    }
    world.later(6);
    let looked = "SELECT count(DISTINCT looked_at) FROM payments WHERE looked_at IS NOT NULL";
    let base = &world.services.base;
    sweep(&world).await;
    assert_eq!(world.number(looked).await, 1);
    let before = base.round_trips();
    sweep(&world).await;
    assert_eq!(base.round_trips() - before, 1, "nothing to look at");
    world.later(5);
    world.made(1_000).await;
    sweep(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM payments WHERE looked_at IS NULL").await, 1);
    world.later(5);
    sweep(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM payments WHERE looked_at IS NULL").await, 0);
}

#[tokio::test]
async fn one_payment_that_cannot_be_followed_keeps_no_other_waiting() {
    let world = World::new().await;
    let (odd, paid) = (world.made(4_500).await, world.made(3_000).await);
    world.pay(&paid, "pm_card_visa").await;
    // Its intent at Stripe is not what we believe it to be.
    world.sql(&format!("UPDATE payments SET amount = 1, platform_fee = 0, tutor_earnings = 1, tutor_share = 1 WHERE id = '{}'", odd.id)).await.unwrap();
    world.trouble(OperationKind::Cancel, Trouble::RequestLost);
    world.later(6);
    sweep(&world).await;
    assert_eq!(
        (world.status(&odd).await, world.status(&paid).await),
        ("requires_payment".into(), "held".into())
    );
}
