//! From what a student wishes to a tutor who says yes; and what ratings show for.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::http::Call;
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// An approved tutor of what hardly anybody teaches.
async fn rare_tutor(world: &World) -> Person {
    let tutor = world.newcomer().await;
    let profile = json!({
        "displayName": "Evariste G.", "headline": "Symmetries of roots", "bio": "Written down in one night.",
        "timeZone": "Europe/Paris", "country": "FR", "languages": [{ "language": "eo", "level": "fluent" }],
        "subjects": [{ "subject": "galois-theory", "levels": ["professional"], "yearsOfExperience": 3 }],
        "hourlyRate": { "amount": 4000, "currency": "EUR" },
    });
    let call = Call::new("PUT", "/v1/tutors/me").token(&tutor.access_token).body(profile);
    world.api.call(call).await.data(200);
    world.put_hours(&tutor).await;
    let verification = world.submit(&tutor).await;
    world.approve(&verification).await;
    tutor
}

fn wish() -> Value {
    json!({
        "subject": "galois-theory", "level": "professional", "goal": "To see which roots can be told apart.",
        "budget": { "amount": 5000, "currency": "EUR" }, "languages": ["eo"], "timeZone": "Asia/Kathmandu",
        "weeklyTimes": [{ "weekday": "monday", "from": "16:00", "to": "20:00" }],
    })
}

/// Asks, is shown the tutor first, invites; gives the request and the invitation.
async fn invites(world: &World, student: &Person, tutor: &Person) -> (String, String) {
    let answer = world.api.post("/v1/match-requests", &student.access_token, wish()).await;
    let request = answer.data(201);
    let best = request["items"].as_array().unwrap().iter().find(|item| item["tutorId"] == tutor.id.as_str());
    let best = best.unwrap_or_else(|| panic!("the tutor is not in {request:#}"));
    assert!(best["score"].as_i64().unwrap() > 50, "{best:#}");
    let parts = best["parts"].as_array().unwrap();
    assert!(parts.iter().all(|part| part["reason"].as_str().is_some_and(|words| words.len() > 10)));
    let points = parts.iter().map(|part| part["points"].as_i64().unwrap()).sum::<i64>();
    assert_eq!((parts.len(), points), (7, best["score"].as_i64().unwrap()), "{best:#}");
    let id = request["matchRequestId"].as_str().unwrap().to_owned();
    let path = format!("/v1/match-requests/{id}/invitations");
    let sent = world.api.post(&path, &student.access_token, json!({ "tutorIds": [tutor.id] })).await;
    let invitation = sent.data(201)["items"][0]["invitationId"].as_str().unwrap().to_owned();
    (id, invitation)
}

async fn answers(world: &World, tutor: &Person, invitation: &str, how: &str) {
    let waiting = world.api.get("/v1/tutors/me/match-invitations?status=pending", &tutor.access_token).await;
    let items = waiting.data(200)["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| &item["invitationId"]).collect::<Vec<_>>(), [invitation]);
    assert_eq!(items[0]["request"]["subject"], "galois-theory");
    assert!(items[0].get("studentId").is_none(), "who asks is told to who says yes");
    let path = format!("/v1/match-invitations/{invitation}/{how}");
    world.api.post(&path, &tutor.access_token, json!({})).await.data(200);
}

#[tokio::test]
async fn a_student_keeps_a_tutor_in_mind_asks_and_the_tutor_accepts_or_declines() {
    let world = World::shared().await;
    let (tutor, student, other) = futures::join!(rare_tutor(&world), world.student(), world.student());
    let listed = format!("/v1/tutors/{}", tutor.id);
    until("the tutor is listed", SOON, async || (world.api.read(&listed).await.status == 200).then_some(()))
        .await;
    until("the tutor is found", SOON, async || {
        let found = world.api.read("/v1/tutors?subject=galois-theory&limit=100").await;
        found.data(200)["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|i| i["tutorId"] == tutor.id.as_str())
            .then_some(())
    })
    .await;
    let favourite = format!("/v1/users/me/favourites/{}", tutor.id);
    for _ in 0..2 {
        world.api.call(Call::new("PUT", &favourite).token(&student.access_token)).await.data(200);
    }
    let kept = world.api.get("/v1/users/me/favourites", &student.access_token).await;
    assert_eq!(kept.data(200)["items"].as_array().unwrap().len(), 1);
    world.api.call(Call::new("DELETE", &favourite).token(&student.access_token)).await.data(200);
    let kept = world.api.get("/v1/users/me/favourites", &student.access_token).await;
    assert!(kept.data(200)["items"].as_array().unwrap().is_empty());

    for (how, kind) in [("accept", "match.accepted"), ("decline", "match.declined")] {
        let (request, invitation) = invites(&world, &student, &tutor).await;
        answers(&world, &tutor, &invitation, how).await;
        let path = format!("/v1/match-requests/{request}");
        let seen = world.api.get(&path, &student.access_token).await;
        let items = seen.data(200)["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["tutorId"] == tutor.id.as_str()).unwrap();
        assert_eq!(item["invitation"]["status"], format!("{how}ed").replace("eed", "ed"));
        world.api.get(&path, &other.access_token).await.is_problem(404, "not-found");
        world.assert_events("match", &invitation, &["match.requested", kind]).await;
    }
}

/// As booking will tell that a lesson was moved.
#[tokio::test]
async fn a_lesson_that_is_moved_takes_its_new_time_and_no_other() {
    let world = World::shared().await;
    let tutor = world.tutor().await;
    let (first, second) = (world.free_time(&tutor, 48).await, world.free_time(&tutor, 72).await);
    let lesson = Uuid::now_v7();
    for (sequence, taken, free) in [(2, &first, &second), (3, &second, &first)] {
        let start: Timestamp = taken.parse().unwrap();
        let event = json!({
            "id": Uuid::now_v7(), "type": "lesson.rescheduled", "version": 1, "occurredAt": Timestamp::now(),
            "aggregate": { "type": "lesson", "id": lesson, "sequence": sequence },
            "actor": "system:tests", "correlationId": "tests", "causationId": "tests",
            "data": {
                "lessonId": lesson, "studentId": Uuid::now_v7(), "tutorId": tutor.id, "subject": "algebra",
                "start": start, "end": start + SignedDuration::from_hours(1), "status": "scheduled",
            },
        });
        lectern_runtime::testing::assert_valid_event(&event);
        world.aws.publish("lectern.booking", &event).await;
        until("the new time is taken and the old one free", SOON, async || {
            (!world.is_free(&tutor, taken).await && world.is_free(&tutor, free).await).then_some(())
        })
        .await;
    }
}

/// As the context of reviews will send it.
async fn review(world: &World, kind: &str, sequence: i64, review: Uuid, tutor: &Person, stars: i64) {
    let status = if kind == "review.hidden" { "hidden" } else { "visible" };
    let event = json!({
        "id": Uuid::now_v7(), "type": kind, "version": 1, "occurredAt": "2026-01-31T17:00:00Z",
        "aggregate": { "type": "review", "id": review, "sequence": sequence },
        "actor": "system:tests", "correlationId": "tests", "causationId": "tests",
        "data": {
            "reviewId": review, "tutorId": tutor.id, "studentId": Uuid::now_v7(), "stars": stars,
            "status": status, "postedAt": "2026-01-31T17:00:00Z",
        },
    });
    lectern_runtime::testing::assert_valid_event(&event);
    world.aws.publish("lectern.reviews", &event).await;
}

#[tokio::test]
async fn a_tutors_rating_follows_the_reviews() {
    let world = World::shared().await;
    let tutor = world.tutor().await;
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let path = format!("/v1/tutors/{}", tutor.id);
    let rating_is = async |what: &str, hundredths: i64, count: i64| {
        until(what, SOON, async || {
            let answer = world.api.read(&path).await;
            let rating = answer.data(200)["rating"].clone();
            (rating == json!({ "averageHundredths": hundredths, "count": count })).then_some(())
        })
        .await;
    };
    review(&world, "review.posted", 1, one, &tutor, 5).await;
    review(&world, "review.posted", 1, two, &tutor, 2).await;
    rating_is("both count", 350, 2).await;
    review(&world, "review.updated", 2, two, &tutor, 4).await;
    rating_is("the change counts", 450, 2).await;
    review(&world, "review.hidden", 3, two, &tutor, 4).await;
    rating_is("what is hidden doesn't count", 500, 1).await;
    review(&world, "review.restored", 4, two, &tutor, 4).await;
    rating_is("what is shown again counts", 450, 2).await;
}
