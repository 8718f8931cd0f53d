use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_runtime::testing::Answered;
use lectern_tutoring::{add_favourite, list_favourites, remove_favourite};
use serde_json::{Value, json};

use super::world::{World, as_student, availability, profile, profile_of, user};

async fn add(world: &World, student: UserId, tutor: UserId) -> Answered {
    world.send(add_favourite::use_case(), as_student(student).path("tutorId", tutor)).await
}

async fn list(world: &World, student: UserId, query: &[(&str, &str)]) -> Value {
    let request = query.iter().fold(as_student(student), |r, (name, value)| r.query(name, value));
    world.send(list_favourites::use_case(), request).await.data().clone()
}

fn tutors(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["tutorId"].as_str().unwrap()).collect()
}

/// Listed tutors with little in them, faster than by the routes.
async fn many(world: &World, count: usize) -> Vec<UserId> {
    let sql = format!(
        "INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects, rate_amount,
                             rate_currency, subject_ids, sequence, created_at, updated_at, verification_status,
                             approved_at)
         SELECT gen_random_uuid(), 'Ada', 'h', 'b', 'UTC', 'DE', '[]', '[]', 4500, 'EUR', '{{}}', 1, now(), now(),
                'approved', now() FROM generate_series(1, {count}) RETURNING id"
    );
    world.look(&sql).await.iter().map(|row| UserId(row.get(0))).collect()
}

#[tokio::test]
async fn a_student_keeps_tutors_and_lets_them_go_again() {
    let world = World::new().await;
    let (student, other) = (user(), user());
    let ada = world.approved(&profile_of("Ada Lovelace", "Proofs", "algebra"), &availability()).await;
    let bob = world.approved(&profile(), &availability()).await;
    let (added, trips) = world.counted(add(&world, student, ada)).await;
    assert_eq!((added.data(), trips), (&json!({ "tutorId": ada, "favourite": true }), 1));
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(add(&world, student, bob).await.status, 200);
    assert_eq!(add(&world, student, ada).await.status, 200, "again is no change");
    let (page, trips) = world.counted(list(&world, student, &[])).await;
    assert_eq!((tutors(&page), trips), (vec![bob.to_string().as_str(), ada.to_string().as_str()], 1));
    let shown = &page["items"][1];
    assert_eq!(
        (&shown["tutor"]["displayName"], &shown["tutor"]["lessonsTaught"]),
        (&json!("Ada L."), &json!(0))
    );
    assert_eq!(list(&world, other, &[]).await["items"], json!([]));

    let remove = || {
        let request = as_student(student).path("tutorId", ada);
        world.send(remove_favourite::use_case(), request)
    };
    for _ in 0..2 {
        assert_eq!(remove().await.data(), &json!({ "tutorId": ada, "favourite": false }));
    }
    assert_eq!(tutors(&list(&world, student, &[]).await), [bob.to_string()]);
}

#[tokio::test]
async fn only_a_tutor_who_is_listed_becomes_one_and_one_who_is_not_any_more_is_shown_without_details() {
    let world = World::new().await;
    let (student, draft) = (user(), world.tutor(&profile()).await);
    for unknown in [draft, user()] {
        assert_eq!(add(&world, student, unknown).await.status, 404);
    }
    let tutor = world.approved(&profile(), &availability()).await;
    add(&world, student, tutor).await.data();
    world.look(&format!("UPDATE tutors SET active = false WHERE id = '{tutor}'")).await;
    let page = list(&world, student, &[]).await;
    assert_eq!((tutors(&page), page["items"][0].get("tutor")), (vec![tutor.to_string().as_str()], None));
    assert_eq!(add(&world, student, tutor).await.status, 200, "it is one");
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended() {
    let world = World::new().await;
    let student = user();
    for tutor in many(&world, 5).await {
        add(&world, student, tutor).await.data();
    }
    let all = list(&world, student, &[]).await;
    let mut seen = Vec::new();
    let mut page = list(&world, student, &[("limit", "2")]).await;
    seen.extend(tutors(&page).into_iter().map(str::to_owned).collect::<Vec<_>>());
    while let Some(cursor) = page["nextCursor"].as_str().map(str::to_owned) {
        page = list(&world, student, &[("limit", "2"), ("cursor", &cursor)]).await;
        seen.extend(tutors(&page).into_iter().map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!((seen.len(), seen), (5, tutors(&all).into_iter().map(str::to_owned).collect()));
    let wrong = world.send(list_favourites::use_case(), as_student(student).query("cursor", "AAAA")).await;
    assert_eq!((wrong.status, wrong.bad_fields()), (422, vec!["cursor"]));
}

#[tokio::test]
async fn there_are_never_more_than_two_hundred_however_many_come_at_once() {
    let world = World::new().await;
    let (student, all) = (user(), many(&world, 210).await);
    let sql = format!(
        "INSERT INTO favourites SELECT '{student}', id, now() FROM tutors ORDER BY id LIMIT 195 RETURNING tutor_id"
    );
    let known: Vec<UserId> = world.look(&sql).await.iter().map(|row| UserId(row.get(0))).collect();
    let adding = all.iter().filter(|tutor| !known.contains(tutor)).map(|tutor| {
        let (services, request) = (world.another(), as_student(student).path("tutorId", tutor));
        async move { request.send(&add_favourite::use_case(), &services).await }
    });
    let answers = futures::future::join_all(adding).await;
    let (fine, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((fine.len(), refused.len()), (5, 10));
    assert!(refused.iter().all(|answer| (answer.status, answer.problem()) == (409, "wrong-state")));
    assert_eq!(world.look("SELECT 1 FROM favourites").await.len(), 200);
    assert_eq!(add(&world, student, known[0]).await.status, 200, "one of the two hundred stays one");
}
