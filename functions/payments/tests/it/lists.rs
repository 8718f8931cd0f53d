//! Lists of payments: one's own, and everybody's for admins.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{list_payments, search_payments};
use lectern_runtime::UseCase;
use lectern_runtime::testing::{Answered, As, TestRequest};
use uuid::Uuid;

use super::support::{Made, World};

async fn list(
    world: &World,
    use_case: UseCase<lectern_payments::Payments>,
    who: As,
    query: &[(&str, &str)],
) -> Answered {
    let mut request = TestRequest::new(who);
    for (name, value) in query {
        request = request.query(name, *value);
    }
    request.send(&use_case, &world.services).await
}

fn ids(page: &Answered) -> Vec<String> {
    let items = page.data()["items"].as_array().unwrap();
    items.iter().map(|item| item["paymentId"].as_str().unwrap().to_owned()).collect()
}

async fn some(world: &World) -> Vec<Made> {
    let mut made = Vec::new();
    for paid in [true, false, true, false, true] {
        // Ids of one millisecond have no order.
        world.later(1);
        made.push(if paid { world.held(4_500).await } else { world.made(2_000).await });
    }
    made
}

#[tokio::test]
async fn ones_payments_come_newest_first_in_pages_without_gaps() {
    let world = World::new().await;
    let made = some(&world).await;
    let mut newest_first: Vec<_> = made.iter().map(|made| made.id.clone()).collect();
    newest_first.reverse();
    for (who, role) in [(world.student, Role::Student), (world.tutor, Role::Tutor)] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("limit", "2")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let before = world.services.base.round_trips();
            let page = list(&world, list_payments::use_case(), As::User(who, role), &query).await;
            assert_eq!(world.services.base.round_trips() - before, 1);
            seen.extend(ids(&page));
            if seen.len() == 2 && role == Role::Student {
                // What comes meanwhile is newer than every page to come.
                world.create(Uuid::now_v7(), 2_000).await.unwrap();
            }
            let Some(next) = page.data().get("nextCursor") else { break };
            cursor = Some(next.as_str().unwrap().to_owned());
        }
        let seen: Vec<_> = seen.into_iter().filter(|id| newest_first.contains(id)).collect();
        assert_eq!(seen, newest_first, "{role:?}");
    }
}

#[tokio::test]
async fn the_filters_of_ones_own_list_choose_by_status_and_side() {
    let world = World::new().await;
    let made = some(&world).await;
    let student = || As::User(world.student, Role::Student);
    let held = list(&world, list_payments::use_case(), student(), &[("status", "held")]).await;
    assert_eq!(ids(&held), [&made[4].id, &made[2].id, &made[0].id].map(String::clone));
    let paid = list(&world, list_payments::use_case(), student(), &[("role", "payer")]).await;
    assert_eq!(ids(&paid).len(), 5);
    assert!(paid.data()["items"][1]["clientSecret"].is_string(), "what is unpaid can be paid");
    assert!(ids(&list(&world, list_payments::use_case(), student(), &[("role", "tutor")]).await).is_empty());
    let tutor = As::User(world.tutor, Role::Tutor);
    let earned = list(&world, list_payments::use_case(), tutor, &[("role", "tutor")]).await;
    assert_eq!(ids(&earned).len(), 5);
    assert!(earned.data()["items"][1].get("clientSecret").is_none());
    let stranger = As::User(UserId(Uuid::now_v7()), Role::Student);
    assert!(ids(&list(&world, list_payments::use_case(), stranger, &[]).await).is_empty());
    let wrong = [("status", "lost"), ("role", "friend"), ("limit", "0"), ("cursor", "bm8")];
    let refused = list(&world, list_payments::use_case(), student(), &wrong[..3]).await;
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 3, "{}", refused.text);
    assert_eq!(list(&world, list_payments::use_case(), student(), &wrong[3..]).await.status, 422);
}

#[tokio::test]
async fn an_admin_finds_payments_by_person_lesson_status_and_time() {
    let world = World::new().await;
    let made = some(&world).await;
    let admin = || As::User(UserId(Uuid::now_v7()), Role::Admin);
    let (payer, tutor) = (world.student.to_string(), world.tutor.to_string());
    let lesson = made[1].lesson.to_string();
    let now = world.clock.now();
    let (hour_ago, soon) =
        (now - jiff::SignedDuration::from_hours(1), now + jiff::SignedDuration::from_hours(1));
    let (hour_ago, soon) = (hour_ago.to_string(), soon.to_string());
    for (query, found) in [
        (vec![("payer", payer.as_str()), ("status", "held")], 3),
        (vec![("tutor", tutor.as_str()), ("limit", "4")], 4),
        (vec![("payer", tutor.as_str())], 0),
        (vec![("lesson", lesson.as_str())], 1),
        (vec![("from", hour_ago.as_str()), ("to", soon.as_str())], 5),
        (vec![("from", soon.as_str())], 0),
        (vec![("to", hour_ago.as_str())], 0),
    ] {
        let page = list(&world, search_payments::use_case(), admin(), &query).await;
        assert_eq!(ids(&page).len(), found, "{query:?}");
    }
    let backwards = [("from", soon.as_str()), ("to", hour_ago.as_str())];
    assert_eq!(list(&world, search_payments::use_case(), admin(), &backwards).await.status, 422);
}
