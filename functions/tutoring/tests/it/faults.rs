use std::sync::Arc;

use jiff::SignedDuration;
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::{Base, Database, health, relay, tidy};
use lectern_runtime::Kit;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::objects::testing::MemoryObjects;
use lectern_runtime::testing::{RecordingBus, assert_valid_event, deliver, invoke};
use lectern_tutoring::busy_calendar::HttpsCalendars;
use lectern_tutoring::{
    Tutoring, get_tutor, migrations, project_lessons, put_tutor_profile, search_tutors, submit_verification,
};
use serde_json::{Value, json};

use super::lessons::Lesson;
use super::world::{NOW, World, as_nobody, as_tutor, at, profile, submission, user};

/// Services whose database nobody listens for.
fn without_database() -> Arc<Tutoring> {
    let base = Base {
        kit: Kit { clock: Clock::at(at(NOW)) },
        env: Arc::new(Env::of(&[])),
        db: Database::from_url("postgres://tutoring_app:x@127.0.0.1:1/tutoring"),
        bus: RecordingBus::new(),
        revocation_cache: RevocationCache::default(),
    };
    let calendars = Arc::new(HttpsCalendars::default());
    let files = Arc::new(MemoryObjects::default());
    Arc::new(Tutoring { base, policy: TutoringPolicy::default(), calendars, files })
}

#[tokio::test]
async fn without_its_database_every_route_says_when_to_come_back() {
    let services = without_database();
    let answers = [
        as_tutor(user()).json(&profile()).send(&put_tutor_profile::use_case(), &services).await,
        submission(user()).send(&submit_verification::use_case(), &services).await,
        as_nobody().send(&search_tutors::use_case(), &services).await,
        as_nobody().path("tutorId", user()).send(&get_tutor::use_case(), &services).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
        assert!(answer.headers["retry-after"].parse::<u32>().unwrap() > 0);
        assert!(!answer.body.to_string().contains("127.0.0.1"), "nothing of the inside is told");
    }
    let lesson = Lesson::of(user(), "2027-05-04T08:00:00Z", "2027-05-04T09:00:00Z");
    let failed =
        deliver(&project_lessons::use_case(), &services, &[lesson.event("lesson.requested", 1)]).await;
    assert_eq!(failed, 1, "the event goes back into the queue");
}

#[tokio::test]
async fn an_event_that_the_bus_did_not_take_is_sent_by_the_relay() {
    let world = World::new().await;
    world.bus.set_down(true);
    world.tutor(&profile()).await;
    assert!(world.bus.kinds().is_empty());
    world.bus.set_down(false);
    // The relay leaves what is younger than a few seconds to the function that wrote it; rows are stamped by
    // the database's own clock, which is not the one that stands still here.
    world.clock.advance(SignedDuration::from_hours(24 * 365 * 20));
    let relay = relay::use_case::<Tutoring>("relay-tutoring-outbox", "RelayRate");
    invoke(&relay, &world.services, json!({})).await.unwrap();
    invoke(&relay, &world.services, json!({})).await.unwrap();
    assert_eq!(world.bus.kinds(), ["tutor.profile_created"]);
}

#[tokio::test]
async fn the_context_tells_its_health_and_tidies_up() {
    let world = World::new().await;
    let health = health::use_case::<Tutoring>("check-tutoring-health");
    let answer = invoke(&health, &world.services, json!({})).await.unwrap();
    let newest = migrations().iter().map(lectern_postgres::Migration::version).max();
    assert_eq!(
        answer,
        json!({ "context": "tutoring", "database": "up", "schemaVersion": newest, "outboxWaiting": 0 })
    );
    let answer = invoke(&health, &without_database(), json!({})).await.unwrap();
    assert_eq!(answer["database"], "down");

    let id = world.tutor(&profile()).await;
    world.submit(id).await;
    world.clock.advance(SignedDuration::from_hours(24 * 365 * 20));
    let tidy = tidy::use_case::<Tutoring>("tidy-tutoring-records");
    invoke(&tidy, &world.services, json!({})).await.unwrap();
    assert!(world.look("SELECT 1 FROM idempotency_keys UNION ALL SELECT 1 FROM outbox").await.is_empty());
}

#[test]
fn the_samples_of_the_events_are_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let kinds = [
        "profile_created",
        "profile_updated",
        "availability_changed",
        "verification_submitted",
        "approved",
        "rejected",
        "changes_requested",
    ];
    for kind in kinds {
        let text = std::fs::read_to_string(folder.join(format!("tutor.{kind}.sample.json"))).unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(sample["type"], format!("tutor.{kind}"));
        assert_valid_event(&sample);
    }
}
