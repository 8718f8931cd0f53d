use jiff::Timestamp;
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_runtime::testing::deliver;
use lectern_tutoring::{list_slots, project_lessons};
use serde_json::json;
use uuid::Uuid;

use super::world::{NOW, World, as_nobody, at, availability, profile, user};

/// A lesson as booking tells of it.
#[derive(Clone, Copy)]
pub struct Lesson {
    id: Uuid,
    student: UserId,
    tutor: UserId,
    start: Timestamp,
    end: Timestamp,
}

impl Lesson {
    pub fn of(tutor: UserId, start: &str, end: &str) -> Self {
        Self { id: user().0, student: user(), tutor, start: at(start), end: at(end) }
    }

    pub fn event(&self, kind: &str, sequence: i64) -> Envelope {
        Envelope {
            id: EventId(user().0),
            kind: kind.to_owned(),
            version: 1,
            occurred_at: at(NOW).into(),
            aggregate: AggregateRef { kind: "lesson".to_owned(), id: self.id, sequence },
            actor: format!("user:{}", self.student),
            correlation_id: "c".to_owned(),
            causation_id: "c".to_owned(),
            data: json!({
                "lessonId": self.id, "studentId": self.student, "tutorId": self.tutor, "subject": "algebra",
                "start": self.start, "end": self.end, "status": "whatever",
            }),
        }
    }
}

pub async fn taken(world: &World, events: &[Envelope]) {
    assert_eq!(deliver(&project_lessons::use_case(), &world.services, events).await, 0);
}

/// How many slots of an hour are free on the Tuesday: 29 when nothing is taken.
async fn free(world: &World, tutor: UserId) -> usize {
    let request = as_nobody().path("tutorId", tutor).query("minutes", 60);
    let answer = world.send(list_slots::use_case(), request).await;
    answer.data()["items"].as_array().unwrap().len()
}

const START: &str = "2027-05-04T08:00:00Z";
const END: &str = "2027-05-04T09:00:00Z";

#[tokio::test]
async fn a_lesson_takes_its_time_until_it_is_cancelled_or_expires() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    assert_eq!(free(&world, tutor).await, 29);
    for end_of_it in ["lesson.cancelled", "lesson.expired"] {
        let lesson = Lesson::of(tutor, START, END);
        taken(&world, &[lesson.event("lesson.requested", 1)]).await;
        assert_eq!(free(&world, tutor).await, 22);
        taken(&world, &[lesson.event("lesson.scheduled", 2)]).await;
        assert_eq!(free(&world, tutor).await, 22);
        taken(&world, &[lesson.event(end_of_it, 3)]).await;
        assert_eq!(free(&world, tutor).await, 29);
    }
    let done = Lesson::of(tutor, START, END);
    taken(&world, &[done.event("lesson.scheduled", 2), done.event("lesson.completed", 3)]).await;
    assert_eq!(free(&world, tutor).await, 22, "a completed lesson was at its time");
}

#[tokio::test]
async fn a_lesson_that_is_moved_takes_its_new_time_and_gives_the_old_one_back() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let before = Lesson::of(tutor, START, END);
    // To the Wednesday, when there are no hours that it could take.
    let after = Lesson { start: at("2027-05-05T02:00:00Z"), end: at("2027-05-05T03:00:00Z"), ..before };
    let moved = after.event("lesson.rescheduled", 3);
    taken(&world, &[before.event("lesson.scheduled", 2)]).await;
    assert_eq!(free(&world, tutor).await, 22);
    taken(&world, std::slice::from_ref(&moved)).await;
    assert_eq!(free(&world, tutor).await, 29);
    taken(&world, &[before.event("lesson.scheduled", 2)]).await;
    assert_eq!(free(&world, tutor).await, 29, "what comes late is old");
}

#[tokio::test]
async fn repeated_and_late_events_change_nothing() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let lesson = Lesson::of(tutor, START, END);
    let (requested, scheduled, cancelled) = (
        lesson.event("lesson.requested", 1),
        lesson.event("lesson.scheduled", 2),
        lesson.event("lesson.cancelled", 3),
    );
    taken(&world, &[cancelled.clone(), scheduled.clone(), requested.clone()]).await;
    assert_eq!(free(&world, tutor).await, 29, "the cancellation came first, and is the newest");
    taken(&world, &[requested, scheduled, cancelled]).await;
    assert_eq!(free(&world, tutor).await, 29);
    assert_eq!(world.look("SELECT 1 FROM inbox").await.len(), 3);
    assert_eq!(world.look("SELECT 1 FROM lesson_times WHERE sequence = 3 AND NOT busy").await.len(), 1);
}

#[tokio::test]
async fn one_event_costs_one_round_trip() {
    let world = World::new().await;
    let lesson = Lesson::of(user(), START, END);
    let ((), trips) = world.counted(taken(&world, &[lesson.event("lesson.requested", 1)])).await;
    assert_eq!(trips, 1);
}

#[tokio::test]
async fn an_event_that_can_not_be_read_goes_back_alone() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let (good, mut bad) = (
        Lesson::of(tutor, START, END).event("lesson.requested", 1),
        Lesson::of(tutor, START, END).event("lesson.requested", 1),
    );
    bad.data["start"] = bad.data["end"].clone();
    let mut empty = Lesson::of(tutor, START, END).event("lesson.requested", 1);
    empty.data = json!({});
    let failed = deliver(&project_lessons::use_case(), &world.services, &[bad, good, empty]).await;
    assert_eq!((failed, free(&world, tutor).await), (2, 22));
}

#[tokio::test]
async fn every_order_of_a_lessons_events_ends_the_same() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let lesson = Lesson::of(tutor, START, END);
        let kinds = [("lesson.requested", 1), ("lesson.scheduled", 2), ("lesson.cancelled", 3)];
        let events: Vec<_> = order.iter().map(|n| lesson.event(kinds[*n].0, kinds[*n].1)).collect();
        taken(&world, &events).await;
        taken(&world, &events).await;
        assert_eq!(free(&world, tutor).await, 29, "{order:?}");
    }
}
