//! What the platform has earned, out of the ledger.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::get_revenue;
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::World;

async fn ask(world: &World, from: &str, to: &str, group: &str) -> Answered {
    let request = TestRequest::new(As::User(UserId(Uuid::now_v7()), Role::Admin));
    let request = request.query("from", from).query("to", to).query("group", group);
    request.send(&get_revenue::use_case(), &world.services).await
}

/// (first day or purpose, volume, refunds, revenue, fees) of each item.
async fn sums(world: &World, from: &str, to: &str, group: &str) -> Vec<(String, [i64; 4])> {
    let before = world.services.base.round_trips();
    let answer = ask(world, from, to, group).await;
    assert_eq!(world.services.base.round_trips() - before, 1);
    let items = answer.data()["items"].as_array().unwrap().clone();
    let item = |it: &Value| {
        let key = it.get("startsOn").or_else(|| it.get("purpose")).and_then(Value::as_str).unwrap_or("");
        let amount = |name: &str| {
            assert_eq!(it[name]["currency"], it["currency"]);
            it[name]["amount"].as_i64().unwrap()
        };
        (key.to_owned(), ["volume", "refunds", "revenue", "fees"].map(amount))
    };
    items.iter().map(item).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn sums_are_those_of_the_ledger_by_day_week_month_purpose_and_currency() {
    let world = World::new().await;
    let made = world.made(4_500).await;
    let tutor = format!("tutor:{}:payable", world.tutor);
    let escrow = format!("escrow:{}", made.id);
    // A Sunday's last moment, and a Monday's first.
    let (sunday, monday) = (at("2026-05-31T23:59:59.999999Z"), at("2026-06-01T00:00:00Z"));
    world.post_at(&made, "charge", "ch_1", sunday, &[("stripe_balance", 4_500), (&escrow, -4_500)]).await;
    world
        .post_at(&made, "stripe_fee", "ch_1", monday, &[("stripe_fees", 161), ("stripe_balance", -161)])
        .await;
    let release: [(&str, i64); 3] = [(&escrow, 4_500), (&tutor, -3_600), ("platform_revenue", -900)];
    world.post_at(&made, "release", "", monday, &release).await;
    let refund: [(&str, i64); 3] = [(&tutor, 800), ("platform_revenue", 200), ("refunds", -1_000)];
    world.post_at(&made, "refund", "r", at("2026-06-02T12:00:00Z"), &refund).await;
    let settled = [("refunds", 1_000), ("stripe_balance", -1_000)];
    world.post_at(&made, "refund_settled", "r", at("2026-06-02T12:00:01Z"), &settled).await;

    let day = |key: &str, sums: [i64; 4]| (key.to_owned(), sums);
    let all = |group| sums(&world, "2026-05-31", "2026-06-02", group);
    assert_eq!(
        all("day").await,
        [
            day("2026-05-31", [4_500, 0, 0, 0]),
            day("2026-06-01", [0, 0, 900, 161]),
            day("2026-06-02", [0, 1_000, -200, 0]),
        ]
    );
    let second = [0, 1_000, 700, 161];
    assert_eq!(all("week").await, [day("2026-05-25", [4_500, 0, 0, 0]), day("2026-06-01", second)]);
    assert_eq!(all("month").await, [day("2026-05-01", [4_500, 0, 0, 0]), day("2026-06-01", second)]);
    assert_eq!(all("purpose").await, [day("lesson", [4_500, 1_000, 700, 161])]);
    assert_eq!(all("currency").await, [day("", [4_500, 1_000, 700, 161])]);
    assert_eq!(sums(&world, "2026-06-01", "2026-06-01", "currency").await, [day("", [0, 0, 900, 161])]);
    assert_eq!(sums(&world, "2026-06-03", "2026-07-03", "day").await, []);
}

#[tokio::test]
async fn the_money_of_a_lesson_is_counted_as_it_moves() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    world.refund(&made, "r", 500).await.unwrap();
    let today = world.clock.now().to_string()[..10].to_owned();
    let wanted = [(today.clone(), [4_500, 500, 800, 161])];
    assert_eq!(sums(&world, &today, &today, "day").await, wanted);
    world.check().await;
}

#[tokio::test]
async fn a_span_goes_forwards_and_is_two_years_at_most() {
    let world = World::new().await;
    let refused = ask(&world, "2026-06-02", "2026-06-01", "day").await;
    assert_eq!((refused.status, refused.bad_fields()), (422, vec!["to"]));
    assert_eq!(ask(&world, "2024-01-01", "2025-12-31", "day").await.status, 200);
    let first = at("2024-01-01T00:00:00Z");
    let day = |days: i64| (first + SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
    assert_eq!(ask(&world, "2024-01-01", &day(730), "day").await.status, 200);
    assert_eq!(ask(&world, "2024-01-01", &day(731), "day").await.status, 422);
    let mut bad = ask(&world, "x", "2026-02-30", "year").await.bad_fields().join(" ");
    bad.push(' ');
    assert_eq!(bad.split_whitespace().count(), 3, "{bad}");
    let json = ask(&world, "2026-01-01", "2026-01-31", "month").await;
    assert_eq!(
        json.data(),
        &json!({ "from": "2026-01-01", "to": "2026-01-31", "group": "month", "items": [] })
    );
}
