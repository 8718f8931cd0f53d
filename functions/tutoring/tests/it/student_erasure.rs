//! What is held of favourites, matching, ratings and lessons taught: given out whole, and taken away whole.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_runtime::testing::{As, TestRequest};
use lectern_tutoring::{add_favourite, export_tutoring_data, invite_tutors};
use serde_json::{Value, json};

use super::erasure::{erased, take_in};
use super::lessons::{Lesson, taken};
use super::matching::{ask, wish};
use super::teaching::Review;
use super::world::{World, as_student, availability, profile_of, user};

const GOAL: &str = "my stepfather says I will fail";

/// A student with a favourite and an invited tutor, who has taught and been rated.
async fn known(world: &World) -> (UserId, UserId) {
    let student = user();
    let tutor = world.approved(&profile_of("Wilhelmina", "h", "algebra"), &availability()).await;
    let favourite = as_student(student).path("tutorId", tutor);
    world.send(add_favourite::use_case(), favourite).await.data();
    let mut wish = wish();
    wish["goal"] = json!(GOAL);
    let asked = ask(world, student, &wish).await;
    let invite = as_student(student)
        .path("matchRequestId", asked.data()["matchRequestId"].as_str().unwrap())
        .header("idempotency-key", user())
        .json(&json!({ "tutorIds": [tutor] }));
    world.send(invite_tutors::use_case(), invite).await.data();
    let lesson = Lesson::of(tutor, "2027-05-01T08:00:00Z", "2027-05-01T09:00:00Z");
    taken(world, &[lesson.event("lesson.completed", 3)]).await;
    let review = [Review::of(tutor).event("posted", 1, 5)];
    let delivered = lectern_tutoring::project_reviews::use_case();
    assert_eq!(lectern_runtime::testing::deliver(&delivered, &world.services, &review).await, 0);
    (student, tutor)
}

async fn held(world: &World, of: UserId) -> Vec<Value> {
    let request = TestRequest::new(As::Service("build-export")).path("userId", of);
    let page = world.send(export_tutoring_data::use_case(), request).await;
    page.data()["items"].as_array().unwrap().clone()
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

async fn count(world: &World, table: &str) -> usize {
    world.look(&format!("SELECT 1 FROM {table}")).await.len()
}

#[tokio::test]
async fn everything_that_is_held_on_a_student_is_given_out_to_the_student_alone() {
    let world = World::new().await;
    let (student, tutor) = known(&world).await;
    let items = held(&world, student).await;
    assert_eq!(kinds(&items), ["summary", "favourite", "matchRequest"]);
    let sentences = [
        "Tutors whom you keep as favourites: 1.",
        "Times that you looked for a tutor by a matching request: 1.",
    ];
    assert_eq!(items[0]["data"], json!(sentences));
    assert_eq!(items[2]["data"]["request"]["goal"], GOAL);
    assert_eq!(items[2]["data"]["invitations"][0]["tutorId"], json!(tutor));
    let of_tutor = held(&world, tutor).await;
    let expected = [
        "summary",
        "tutorProfile",
        "verification",
        "lessonTime",
        "document",
        "document",
        "matchInvitation",
        "teaching",
        "rating",
    ];
    assert_eq!(kinds(&of_tutor), expected);
    let text = Value::from(of_tutor).to_string();
    assert!(
        !text.contains(GOAL) && !text.contains(&student.to_string()),
        "a student's words are the student's"
    );
}

#[tokio::test]
async fn an_erased_student_leaves_neither_goal_nor_favourite_nor_invitation() {
    let world = World::new().await;
    let (student, tutor) = known(&world).await;
    let (other, _) = known(&world).await;
    assert!(!world.db.tables_with(GOAL).await.is_empty());
    let event = erased(student, Role::Student);
    for _ in 0..2 {
        take_in(&world, &event).await;
        for table in ["favourites", "match_requests", "match_invitations"] {
            assert_eq!(count(&world, table).await, 1, "{table} of the other student");
        }
        assert!(held(&world, student).await.is_empty());
    }
    assert_eq!(
        kinds(&held(&world, tutor).await).last(),
        Some(&"rating"),
        "the tutor's are not the student's"
    );
    take_in(&world, &erased(other, Role::Student)).await;
    assert!(world.db.tables_with(GOAL).await.is_empty());
}

#[tokio::test]
async fn an_erased_tutor_is_no_favourite_is_not_invited_and_has_no_rating_any_more() {
    let world = World::new().await;
    let (student, tutor) = known(&world).await;
    take_in(&world, &erased(tutor, Role::Tutor)).await;
    for table in ["favourites", "match_invitations", "tutor_standings", "review_ratings"] {
        assert_eq!(count(&world, table).await, 0, "{table}");
    }
    assert_eq!(kinds(&held(&world, student).await), ["summary", "matchRequest"]);
    assert!(world.db.tables_with("Wilhelmina").await.is_empty(), "nor in answers that others were given");
    // What comes late finds nobody to count it for.
    let late = [Review::of(tutor).event("posted", 1, 5)];
    let use_case = lectern_tutoring::project_reviews::use_case();
    assert_eq!(lectern_runtime::testing::deliver(&use_case, &world.services, &late).await, 0);
    let row = &world.look("SELECT rating_count FROM tutors").await[0];
    assert_eq!(row.get::<_, i32>(0), 0);
}
