use lectern_domain::id::UserId;
use lectern_runtime::testing::{Answered, As, TestRequest, deliver};
use lectern_tutoring::{check_slot, list_slots, project_lessons};
use serde_json::{Value, json};

use super::lessons::Lesson;
use super::world::{World, as_nobody, availability, profile, user};

async fn list(world: &World, tutor: UserId, query: &[(&str, &str)]) -> Answered {
    let request =
        query.iter().fold(as_nobody().path("tutorId", tutor), |r, (name, value)| r.query(name, value));
    world.send(list_slots::use_case(), request).await
}

async fn check(world: &World, tutor: UserId, start: &str, minutes: u16, subject: &str) -> Answered {
    let body = json!({ "tutorId": tutor, "start": start, "minutes": minutes, "subject": subject });
    world.send(check_slot::use_case(), TestRequest::new(As::Service("book-lesson")).json(&body)).await
}

fn starts(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn slots_are_the_tutors_hours_in_utc_for_a_week() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let (answer, trips) = world.counted(list(&world, tutor, &[("minutes", "60")])).await;
    assert_eq!(trips, 1);
    let data = answer.data();
    // 09:00 to 17:00 in Berlin in May are 07:00 to 15:00 UTC: 29 quarter hours leave room for an hour.
    let starts = starts(&data["items"]);
    assert_eq!((starts.len(), starts[0], starts[28]), (29, "2027-05-04T07:00:00Z", "2027-05-04T14:00:00Z"));
    assert_eq!(data["items"][0]["end"], "2027-05-04T08:00:00Z");
    assert_eq!(
        (&data["from"], &data["to"]),
        (&json!("2027-05-03T12:00:00Z"), &json!("2027-05-10T12:00:00Z"))
    );
    assert_eq!(data["price"], json!({ "amount": 4_500, "currency": "EUR" }));
    assert_eq!(data["timeZone"], "Europe/Berlin");
    let shortest = list(&world, tutor, &[]).await;
    assert_eq!(
        (&shortest.data()["minutes"], &shortest.data()["price"]["amount"]),
        (&json!(30), &json!(2_250))
    );
}

#[tokio::test]
async fn slots_are_told_in_the_students_own_time_on_both_sides_of_a_change() {
    let world = World::new().await;
    let mut hours = availability();
    hours["horizonDays"] = json!(365);
    let tutor = world.approved(&profile(), &hours).await;
    // Berlin puts its clock back on 31 October 2027, New York a week later; Kathmandu is 5:45 ahead all year.
    let first = async |from: &str, zone: &str| {
        let answer = list(&world, tutor, &[("minutes", "60"), ("from", from), ("timeZone", zone)]).await;
        let data = answer.data();
        assert_eq!((&data["timeZone"], &data["tutorTimeZone"]), (&json!(zone), &json!("Europe/Berlin")));
        let slot = &data["items"][0];
        ["start", "localStart", "localEnd"].map(|name| slot[name].as_str().unwrap().to_owned())
    };
    let before = ["2027-10-26T07:00:00Z", "2027-10-26T03:00:00-04:00", "2027-10-26T04:00:00-04:00"];
    assert_eq!(first("2027-10-25T00:00:00Z", "America/New_York").await, before);
    let between = ["2027-11-02T08:00:00Z", "2027-11-02T04:00:00-04:00", "2027-11-02T05:00:00-04:00"];
    assert_eq!(first("2027-11-01T00:00:00Z", "America/New_York").await, between);
    let after = ["2027-11-09T08:00:00Z", "2027-11-09T03:00:00-05:00", "2027-11-09T04:00:00-05:00"];
    assert_eq!(first("2027-11-08T00:00:00Z", "America/New_York").await, after);
    let quarter = ["2027-11-02T08:00:00Z", "2027-11-02T13:45:00+05:45", "2027-11-02T14:45:00+05:45"];
    assert_eq!(first("2027-11-01T00:00:00Z", "Asia/Kathmandu").await, quarter);
    let own = list(&world, tutor, &[("minutes", "60")]).await;
    assert_eq!(own.data()["items"][0]["localStart"], "2027-05-04T09:00:00+02:00");
    let unknown = list(&world, tutor, &[("timeZone", "Mars/Olympus")]).await;
    assert_eq!((unknown.status, unknown.bad_fields()), (422, vec!["timeZone"]));
}

#[tokio::test]
async fn the_window_and_the_length_of_slots_are_checked() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let bad = async |query: &'static [(&'static str, &'static str)]| {
        let answer = list(&world, tutor, query).await;
        assert_eq!(answer.status, 422, "{query:?}");
        answer.bad_fields().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(bad(&[("minutes", "45")]).await, ["minutes"]);
    assert_eq!(bad(&[("minutes", "7")]).await, ["minutes"]);
    assert_eq!(bad(&[("from", "2027-06-01T00:00:00Z"), ("to", "2027-06-01T00:00:00Z")]).await, ["to"]);
    assert_eq!(bad(&[("from", "2027-06-01T00:00:00Z"), ("to", "2027-07-31T00:00:01Z")]).await, ["to"]);
    assert_eq!(bad(&[("from", "tomorrow"), ("to", "2027-06-31")]).await.len(), 2);
    let most = [("from", "2027-06-01T00:00:00Z"), ("to", "2027-07-31T00:00:00Z")];
    assert_eq!(list(&world, tutor, &most).await.status, 200);
    let end_of_time = [("from", "9999-12-30T00:00:00Z")];
    assert_eq!(list(&world, tutor, &end_of_time).await.data()["items"], json!([]));
    assert_eq!(list(&world, user(), &[]).await.problem(), "not-found");
}

#[tokio::test]
async fn a_tutor_without_hours_has_no_slots() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    assert_eq!(list(&world, tutor, &[]).await.problem(), "not-found", "not approved yet");
    world.approve(tutor).await;
    assert_eq!(list(&world, tutor, &[]).await.data()["items"], json!([]));
    let asked = check(&world, tutor, "2027-05-04T08:00:00Z", 60, "algebra").await;
    assert_eq!(asked.data()["reasonCode"], "outside_hours");
}

#[tokio::test]
async fn a_free_slot_is_bookable_at_the_hourly_rates_share() {
    let world = World::new().await;
    let mut hours = availability();
    hours["bufferBeforeMinutes"] = json!(5);
    hours["bufferAfterMinutes"] = json!(10);
    hours["lessonMinutes"] = json!([25, 60]);
    let tutor = world.approved(&profile(), &hours).await;
    let (asked, trips) = world.counted(check(&world, tutor, "2027-05-04T08:00:00Z", 25, "algebra")).await;
    assert_eq!(trips, 1);
    let data = asked.data();
    assert_eq!(data["bookable"], true);
    assert_eq!(data["price"], json!({ "amount": 1_875, "currency": "EUR" }));
    assert_eq!((&data["bufferBeforeMinutes"], &data["bufferAfterMinutes"]), (&json!(5), &json!(10)));
    assert_eq!(data["subject"], "algebra");
    // Should the time be lost to somebody else, these are still free: 15 minutes lie between.
    let near = ["2027-05-04T07:15:00Z", "2027-05-04T08:45:00Z", "2027-05-04T07:00:00Z"];
    assert_eq!(starts(&data["nearest"]), near);
}

#[tokio::test]
async fn what_can_not_be_booked_is_told_why_and_what_can_be() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let lesson = Lesson::of(tutor, "2027-05-04T08:00:00Z", "2027-05-04T09:00:00Z");
    assert_eq!(
        deliver(&project_lessons::use_case(), &world.services, &[lesson.event("lesson.requested", 1)]).await,
        0
    );
    let cases = [
        ("2027-05-04T08:30:00Z", 60, "algebra", "taken"),
        ("2027-05-04T06:00:00Z", 60, "algebra", "outside_hours"),
        ("2027-05-04T10:05:00Z", 60, "algebra", "off_grid"),
        ("2027-05-03T11:00:00Z", 60, "algebra", "too_soon"),
        ("2027-11-02T10:00:00Z", 60, "algebra", "too_far"),
        ("2027-05-04T10:00:00Z", 45, "algebra", "length_not_offered"),
        ("2027-05-04T10:00:00Z", 37, "algebra", "length_not_offered"),
        ("2027-05-04T10:00:00Z", 60, "calculus", "subject_not_taught"),
        ("2027-05-04T10:00:00Z", 60, "Al Gebra", "subject_not_taught"),
    ];
    for (start, minutes, subject, reason) in cases {
        let asked = check(&world, tutor, start, minutes, subject).await;
        assert_eq!(asked.data()["bookable"], false, "{start} {minutes} {subject}");
        assert_eq!(asked.data()["reasonCode"], reason);
        assert!(asked.data()["reason"].as_str().unwrap().ends_with('.'));
    }
    let taken = check(&world, tutor, "2027-05-04T08:30:00Z", 60, "algebra").await;
    let near = ["2027-05-04T09:00:00Z", "2027-05-04T09:15:00Z", "2027-05-04T09:30:00Z"];
    assert_eq!(starts(&taken.data()["nearest"]), near);
    assert_eq!(check(&world, user(), "2027-05-04T08:30:00Z", 60, "algebra").await.problem(), "not-found");
    let unlisted = world.tutor(&profile()).await;
    assert_eq!(check(&world, unlisted, "2027-05-04T08:30:00Z", 60, "algebra").await.problem(), "not-found");
}
