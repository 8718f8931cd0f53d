//! The commission policy: who sets it, from when on it counts, and for whom.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{count_taught_hours, create_payment, get_commission_policy, put_commission_policy};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::World;

fn admin() -> As {
    As::User(UserId(Uuid::now_v7()), Role::Admin)
}

/// A table with these shares of a lesson, by hours taught.
fn rules(lesson: &[(u32, u32)]) -> Value {
    let mut rules = vec![
        json!({ "purpose": "trial", "fromHours": 0, "basisPoints": 5_000 }),
        json!({ "purpose": "course", "fromHours": 0, "basisPoints": 3_000 }),
    ];
    for (hours, points) in lesson {
        rules.push(json!({ "purpose": "lesson", "fromHours": hours, "basisPoints": points }));
    }
    json!(rules)
}

async fn set(world: &World, seen: i64, valid_from: Option<Timestamp>, rules: Value) -> Answered {
    let mut body = json!({ "rules": rules });
    if let Some(at) = valid_from {
        body["validFrom"] = json!(at);
    }
    let request = TestRequest::new(admin()).header("if-match", format!("\"{seen}\"")).json(&body);
    request.send(&put_commission_policy::use_case(), &world.services).await
}

async fn read(world: &World, query: &[(&str, &str)]) -> Answered {
    let request = query.iter().fold(TestRequest::new(admin()), |it, (name, value)| it.query(name, value));
    request.send(&get_commission_policy::use_case(), &world.services).await
}

/// The rate and the version that a new payment of 100.00 keeps.
async fn rate(world: &World, purpose: Option<&str>) -> (i64, Option<i64>) {
    let mut input = json!({ "lessonId": Uuid::now_v7(), "studentId": world.student, "tutorId": world.tutor,
        "amount": { "amount": 10_000, "currency": "USD" } });
    if let Some(purpose) = purpose {
        input["purpose"] = json!(purpose);
    }
    let made = invoke(&create_payment::use_case(), &world.services, input).await.unwrap();
    kept(world, made["paymentId"].as_str().unwrap()).await
}

async fn kept(world: &World, payment: &str) -> (i64, Option<i64>) {
    let client = lectern_postgres::database::connect(&world.database.admin_url, None).await.unwrap();
    let sql =
        "SELECT platform_fee, tutor_earnings, commission, commission_version FROM payments WHERE id = $1";
    let row = client.query_one(sql, &[&Uuid::parse_str(payment).unwrap()]).await.unwrap();
    let (fee, earnings): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!((fee + earnings, fee), (10_000, i64::from(row.get::<_, i32>(2))));
    (fee, row.get(3))
}

fn completed(world: &World, lesson: Uuid, minutes: i64) -> Envelope {
    let mut event = world.approval();
    let end = world.clock.now();
    event.kind = "lesson.completed".to_owned();
    event.aggregate.kind = "lesson".to_owned();
    event.aggregate.id = lesson;
    event.data = json!({ "lessonId": lesson, "studentId": world.student, "tutorId": world.tutor,
        "subject": "algebra", "start": end - SignedDuration::from_mins(minutes), "end": end,
        "status": "completed" });
    event
}

async fn count(world: &World, events: &[Envelope]) -> usize {
    deliver(&count_taught_hours::use_case(), &world.services, events).await
}

#[tokio::test]
async fn without_a_policy_the_stage_decides() {
    let world = World::new().await;
    let answer = read(&world, &[]).await;
    assert_eq!(answer.data(), &json!({ "defaultBasisPoints": 2_000, "items": [] }));
    assert_eq!(answer.headers["etag"], "\"0\"");
    assert_eq!(rate(&world, None).await, (2_000, None));
    assert_eq!(rate(&world, Some("trial")).await, (2_000, None));
}

#[tokio::test]
async fn a_version_counts_from_its_very_second_on_and_earlier_payments_keep_their_rate() {
    let world = World::new().await;
    let start = world.clock.now();
    let first = set(&world, 0, None, rules(&[(0, 1_500)])).await;
    assert_eq!((&first.data()["version"], &first.data()["state"]), (&json!(1), &json!("current")));
    assert_eq!(first.headers["etag"], "\"1\"");
    assert_eq!(rate(&world, None).await, (1_500, Some(1)));
    assert_eq!(rate(&world, Some("trial")).await, (5_000, Some(1)));

    let from = start + SignedDuration::from_secs(3_600);
    let second = set(&world, 1, Some(from), rules(&[(0, 1_000)])).await;
    assert_eq!(second.data()["state"], "coming");
    world.clock.advance(SignedDuration::from_secs(3_599));
    let old = world.made(10_000).await;
    assert_eq!(kept(&world, &old.id).await, (1_500, Some(1)));
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(rate(&world, None).await, (1_000, Some(2)));

    // What was made before is paid, released and given back by its own rate.
    world.pay(&old, "pm_card_visa").await;
    world.hear_all().await;
    world.release(&old).await.unwrap();
    world.refund(&old, "r", 2_000).await.unwrap();
    assert_eq!(kept(&world, &old.id).await, (1_500, Some(1)));
    assert_eq!(world.balance("platform_revenue").await, -1_200);
    world.check().await;
}

#[tokio::test]
async fn the_share_depends_on_the_hours_taught_each_lesson_counted_once() {
    let world = World::new().await;
    set(&world, 0, None, rules(&[(0, 2_000), (2, 1_200)])).await.data();
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let event = completed(&world, first, 60);
    assert_eq!(count(&world, &[event.clone(), event.clone()]).await, 0);
    // The same lesson in another event.
    assert_eq!(count(&world, &[completed(&world, first, 60)]).await, 0);
    assert_eq!(count(&world, &[completed(&world, second, 59)]).await, 0);
    assert_eq!(rate(&world, None).await, (2_000, Some(1)), "119 minutes");
    assert_eq!(count(&world, &[completed(&world, Uuid::now_v7(), 1)]).await, 0);
    assert_eq!(rate(&world, None).await, (1_200, Some(1)), "120 minutes");
    assert_eq!(rate(&world, Some("trial")).await, (5_000, Some(1)));
    let nonsense = completed(&world, Uuid::now_v7(), 0);
    assert_eq!(count(&world, &[nonsense]).await, 1, "a lesson of no length is put aside");
}

#[tokio::test]
async fn everything_wrong_with_a_version_is_named_at_once() {
    let world = World::new().await;
    let past = world.clock.now() - SignedDuration::from_secs(1);
    let rule = json!({ "purpose": "lesson", "fromHours": 3, "basisPoints": 1 });
    let refused = set(&world, 0, Some(past), json!([rule, rule])).await;
    assert_eq!((refused.status, refused.problem()), (422, "invalid-fields"));
    let bad = refused.bad_fields();
    assert_eq!(bad, ["validFrom", "rules", "rules", "rules", "rules[1].fromHours"]);
    let strange = json!([{ "purpose": "gift", "fromHours": -1, "basisPoints": 10_001, "x": 1 }]);
    let refused = set(&world, 0, None, strange).await;
    let bad = refused.bad_fields();
    for field in ["rules[0].purpose", "rules[0].fromHours", "rules[0].basisPoints", "rules[0].x"] {
        assert!(bad.contains(&field), "{field} in {bad:?}");
    }
    assert_eq!(read(&world, &[]).await.data()["items"], json!([]));
}

#[tokio::test]
async fn of_two_admins_who_saw_the_same_version_one_sets_the_next() {
    let world = World::new().await;
    let body = json!({ "rules": rules(&[(0, 1)]) });
    let request = TestRequest::new(admin()).json(&body);
    let unseen = request.send(&put_commission_policy::use_case(), &world.services).await;
    assert_eq!((unseen.status, unseen.problem()), (428, "precondition-required"));
    let both = futures::join!(set(&world, 0, None, rules(&[(0, 1)])), set(&world, 0, None, rules(&[(0, 2)])));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 412], "{statuses:?}");
    let late = set(&world, 0, None, rules(&[(0, 3)])).await;
    assert_eq!((late.status, late.problem()), (412, "precondition-failed"));
    assert_eq!(read(&world, &[]).await.data()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn versions_are_listed_with_what_is_to_come_first_and_never_changed() {
    let world = World::new().await;
    let at = |minutes: i64| Some(world.clock.now() + SignedDuration::from_mins(minutes));
    set(&world, 0, None, rules(&[(0, 1)])).await.data();
    let coming = at(60);
    set(&world, 1, coming, rules(&[(0, 2)])).await.data();
    // Mends the second before it begins.
    set(&world, 2, coming, rules(&[(0, 3)])).await.data();
    set(&world, 3, at(120), rules(&[(0, 4)])).await.data();
    let states = async |world: &World| -> Vec<(i64, String)> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", "3")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = read(world, &query).await.data().clone();
            for it in page["items"].as_array().unwrap() {
                found.push((it["version"].as_i64().unwrap(), it["state"].as_str().unwrap().to_owned()));
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return found,
            }
        }
    };
    let named = |all: &[(i64, &str)]| all.iter().map(|(n, s)| (*n, (*s).to_owned())).collect::<Vec<_>>();
    let wanted = [(4, "coming"), (3, "coming"), (2, "past"), (1, "current")];
    assert_eq!(states(&world).await, named(&wanted));
    world.later(60);
    let wanted = [(4, "coming"), (3, "current"), (2, "past"), (1, "past")];
    assert_eq!(states(&world).await, named(&wanted));
    assert_eq!(rate(&world, None).await, (3, Some(3)));

    for attempt in ["UPDATE commission_policies SET valid_from = now()", "DELETE FROM commission_policies"] {
        let refused = world.sql(attempt).await.unwrap_err();
        assert_eq!(refused, "a version of the commission policy is never changed");
    }
}
