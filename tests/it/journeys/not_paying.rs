//! A slot that is not paid for is somebody else's again.

use std::time::Duration;

use crate::support::people::Person;
use crate::support::wait::SOON;
use crate::support::world::World;

#[tokio::test]
async fn a_declined_card_frees_the_slot() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    let (status, body) = lesson.pay("pm_card_chargeDeclined").await;
    assert_eq!((status, body["error"]["code"].as_str()), (402, Some("card_declined")));
    lesson.is("expired").await;
    lesson.is_at_rest().await;
    let payment = lesson.payment().await;
    world.assert_events("lesson", &lesson.id, &["lesson.requested", "lesson.expired"]).await;
    world.assert_events("payment", &payment, &["payment.created", "payment.failed"]).await;
    can_be_booked_by_another(&world, &pair.tutor, &pair.start).await;
}

#[tokio::test]
async fn an_unpaid_hold_expires() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let lesson = world.book(&pair).await;
    lesson.client_secret().await;
    // The hold is policy: seconds in the copy for tests.
    lesson.is_within("expired", SOON + Duration::from_secs(30)).await;
    lesson.is_at_rest().await;
    let (status, refunded) = lesson.money().await.unwrap();
    assert!(matches!(status.as_str(), "cancelled" | "failed") && refunded == 0, "{status} {refunded}");
    can_be_booked_by_another(&world, &pair.tutor, &pair.start).await;
}

async fn can_be_booked_by_another(world: &World, tutor: &Person, start: &str) {
    let another = world.student().await;
    let answer = world.api.call(World::booking(&another, tutor, start)).await;
    answer.data(201);
}
