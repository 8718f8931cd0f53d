//! What becomes known of a tutor by teaching: lessons, ratings, the badge.

use jiff::SignedDuration;
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_runtime::testing::{deliver, invoke};
use lectern_tutoring::{award_badges, get_own_tutor_profile, get_tutor, project_reviews};
use serde_json::{Value, json};
use uuid::Uuid;

use super::invitations::{accept, invited};
use super::lessons::{Lesson, taken};
use super::search::search;
use super::world::{NOW, World, as_nobody, as_tutor, at, availability, profile, user};

/// A review as `reviews` tells of it.
#[derive(Clone, Copy)]
pub struct Review {
    id: Uuid,
    tutor: UserId,
}

impl Review {
    pub fn of(tutor: UserId) -> Self {
        Self { id: user().0, tutor }
    }

    pub fn event(self, verb: &str, sequence: i64, stars: u32) -> Envelope {
        let status = if verb == "hidden" { "hidden" } else { "visible" };
        Envelope {
            id: EventId(user().0),
            kind: format!("review.{verb}"),
            version: 1,
            occurred_at: at(NOW).into(),
            aggregate: AggregateRef { kind: "review".to_owned(), id: self.id, sequence },
            actor: format!("user:{}", user()),
            correlation_id: "c".to_owned(),
            causation_id: "c".to_owned(),
            data: json!({
                "reviewId": self.id, "tutorId": self.tutor, "studentId": user(), "stars": stars,
                "status": status, "postedAt": NOW,
            }),
        }
    }
}

async fn reviewed(world: &World, events: &[Envelope]) {
    assert_eq!(deliver(&project_reviews::use_case(), &world.services, events).await, 0);
}

/// The tutor as everybody sees it, which is how the tutor and a search see it too.
async fn public(world: &World, tutor: UserId) -> Value {
    let public = world.send(get_tutor::use_case(), as_nobody().path("tutorId", tutor)).await.data().clone();
    let own = world.send(get_own_tutor_profile::use_case(), as_tutor(tutor)).await.data().clone();
    let found = search(world, &[]).await;
    let found = found.data()["items"].as_array().unwrap().clone();
    let found = found.into_iter().find(|item| item["tutorId"] == json!(tutor)).unwrap();
    for field in ["rating", "lessonsTaught", "responseMinutes", "badge"] {
        assert_eq!((&own[field], &found[field]), (&public[field], &public[field]), "{field}");
    }
    public
}

async fn tutor(world: &World) -> UserId {
    world.approved(&profile(), &availability()).await
}

/// A lesson that began an hour after midnight so many days ago.
fn lesson(tutor: UserId, days_ago: i64) -> Lesson {
    let day = at("2027-05-03T01:00:00Z") - SignedDuration::from_hours(24 * days_ago);
    let end = day + SignedDuration::from_hours(1);
    Lesson::of(tutor, &day.to_string(), &end.to_string())
}

#[tokio::test]
async fn completed_lessons_are_counted_once_in_whatever_order_their_events_come() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    assert_eq!(public(&world, tutor).await["lessonsTaught"], 0);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let lesson = lesson(tutor, 1);
        let kinds = [("lesson.requested", 1), ("lesson.scheduled", 2), ("lesson.completed", 3)];
        let events = order.map(|n: usize| lesson.event(kinds[n].0, kinds[n].1));
        taken(&world, &events).await;
        taken(&world, &events).await;
    }
    let off = lesson(tutor, 1);
    taken(&world, &[off.event("lesson.scheduled", 1), off.event("lesson.cancelled", 2)]).await;
    assert_eq!(public(&world, tutor).await["lessonsTaught"], 3);
}

#[tokio::test]
async fn fifty_lessons_that_are_completed_at_once_are_fifty() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    let all = (0..50).map(|n| {
        let (services, event) = (world.another(), lesson(tutor, n).event("lesson.completed", 3));
        async move { deliver(&lectern_tutoring::project_lessons::use_case(), &services, &[event]).await }
    });
    assert_eq!(futures::future::join_all(all).await, [0; 50]);
    assert_eq!(public(&world, tutor).await["lessonsTaught"], 50);
}

#[tokio::test]
async fn ratings_follow_the_reviews_in_any_order_and_however_often_they_are_told() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    assert_eq!(public(&world, tutor).await.get("rating"), None);
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    for (n, order) in (1..).zip(orders) {
        let review = Review::of(tutor);
        let told = [("posted", 1), ("updated", 3), ("hidden", 3), ("restored", 4)];
        let events: Vec<_> =
            (1..).zip(told).map(|(sequence, (verb, stars))| review.event(verb, sequence, stars)).collect();
        let events = order.map(|n: usize| events[n].clone());
        reviewed(&world, &events).await;
        reviewed(&world, &events).await;
        assert_eq!(public(&world, tutor).await["rating"], json!({ "averageHundredths": 400, "count": n }));
    }
}

#[tokio::test]
async fn a_hidden_review_does_not_count_until_it_is_restored() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    let (good, bad) = (Review::of(tutor), Review::of(tutor));
    reviewed(&world, &[good.event("posted", 1, 5), bad.event("posted", 1, 2)]).await;
    let ((), trips) = world.counted(reviewed(&world, &[bad.event("hidden", 2, 2)])).await;
    assert_eq!(trips, 1);
    assert_eq!(public(&world, tutor).await["rating"], json!({ "averageHundredths": 500, "count": 1 }));
    reviewed(&world, &[bad.event("restored", 3, 2)]).await;
    assert_eq!(public(&world, tutor).await["rating"], json!({ "averageHundredths": 350, "count": 2 }));
    let mut course = Review::of(tutor).event("posted", 1, 1);
    course.data["courseId"] = json!(user());
    reviewed(&world, &[course]).await;
    assert_eq!(public(&world, tutor).await["rating"]["count"], 2, "a course's stars are the course's");
}

#[tokio::test]
async fn fifty_reviews_at_once_are_all_in_the_sum() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    let all = (0..50_u32).map(|n| {
        let review = Review::of(tutor);
        let events = [review.event("posted", 1, 1 + n % 5), review.event("updated", 2, 1 + (n + 1) % 5)];
        let services = world.another();
        async move { deliver(&project_reviews::use_case(), &services, &events).await }
    });
    assert_eq!(futures::future::join_all(all).await, [0; 50]);
    assert_eq!(public(&world, tutor).await["rating"], json!({ "averageHundredths": 300, "count": 50 }));
}

#[tokio::test]
async fn a_review_that_can_not_be_read_goes_back_alone() {
    let world = World::new().await;
    let tutor = tutor(&world).await;
    let (good, six) = (Review::of(tutor).event("posted", 1, 5), Review::of(tutor).event("posted", 1, 6));
    let mut empty = Review::of(tutor).event("posted", 1, 5);
    empty.data = json!({});
    let failed = deliver(&project_reviews::use_case(), &world.services, &[six, good, empty]).await;
    assert_eq!((failed, &public(&world, tutor).await["rating"]["count"]), (2, &json!(1)));
}

async fn award(world: &World) {
    invoke(&award_badges::use_case(), &world.services, json!({})).await.unwrap();
}

/// Ten lessons and five ratings of five stars: enough.
async fn good_tutor(world: &World) -> UserId {
    let tutor = tutor(world).await;
    let lessons: Vec<_> = (1..=10).map(|n| lesson(tutor, n).event("lesson.completed", 3)).collect();
    taken(world, &lessons).await;
    let reviews: Vec<_> = (0..5).map(|_| Review::of(tutor).event("posted", 1, 5)).collect();
    reviewed(world, &reviews).await;
    tutor
}

#[tokio::test]
async fn the_badge_is_given_kept_with_its_date_and_taken_again() {
    let world = World::new().await;
    let (good, plain) = (good_tutor(&world).await, tutor(&world).await);
    assert_eq!(public(&world, good).await.get("badge"), None);
    world.clock.advance(SignedDuration::from_secs(1));
    let ((), trips) = world.counted(award(&world)).await;
    assert_eq!(trips, 3, "a page of tutors, their badges, and no further page");
    let badge = json!({ "awardedAt": "2027-05-03T12:00:01Z" });
    assert_eq!(
        (&public(&world, good).await["badge"], public(&world, plain).await.get("badge")),
        (&badge, None)
    );
    world.clock.advance(SignedDuration::from_hours(24 * 30));
    award(&world).await;
    assert_eq!(public(&world, good).await["badge"], badge, "since then, without a break");
    // The lessons are too long ago now.
    world.clock.advance(SignedDuration::from_hours(24 * 60));
    award(&world).await;
    assert_eq!(public(&world, good).await.get("badge"), None);
}

#[tokio::test]
async fn what_a_tutor_called_off_or_missed_and_slow_answers_cost_the_badge() {
    let world = World::new().await;
    // Somebody who answered within a day, which is not fast enough.
    let (slow, id, _) = invited_good(&world).await;
    world.clock.advance(SignedDuration::from_hours(13));
    accept(&world, slow, &id).await.data();
    let (good, cancels, absent, student_cancels) = (
        good_tutor(&world).await,
        good_tutor(&world).await,
        good_tutor(&world).await,
        good_tutor(&world).await,
    );
    let called_off = |tutor, by: &str| {
        let mut event = lesson(tutor, 20).event("lesson.cancelled", 2);
        event.data["cancelledBy"] = json!(by);
        event
    };
    taken(&world, &[called_off(cancels, "tutor"), called_off(student_cancels, "student")]).await;
    let missed = format!(
        "INSERT INTO lesson_times (lesson_id, tutor_id, starts_at, ends_at, busy, sequence, outcome)
         VALUES (gen_random_uuid(), '{absent}', '2027-04-01T10:00:00Z', '2027-04-01T11:00:00Z', true, 3,
                 'no_show_tutor')
         RETURNING 1"
    );
    world.look(&missed).await;
    award(&world).await;
    let mut has = Vec::new();
    for tutor in [good, cancels, absent, student_cancels, slow] {
        has.push(public(&world, tutor).await.get("badge").is_some());
    }
    assert_eq!(has, [true, false, false, true, false]);
}

/// As [`good_tutor`], with an invitation.
async fn invited_good(world: &World) -> (UserId, String, UserId) {
    let (tutor, id, student) = invited(world).await;
    let lessons: Vec<_> = (1..=10).map(|n| lesson(tutor, n).event("lesson.completed", 3)).collect();
    taken(world, &lessons).await;
    let reviews: Vec<_> = (0..5).map(|_| Review::of(tutor).event("posted", 1, 5)).collect();
    reviewed(world, &reviews).await;
    (tutor, id, student)
}
