use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_runtime::testing::{deliver, invoke};
use lectern_tutoring::{list_slots, project_lessons, put_availability, refresh_free_times, roll_free_times};
use serde_json::{Value, json};

use super::lessons::Lesson;
use super::search::{names, search};
use super::world::{NOW, World, as_nobody, as_tutor, at, availability, profile};

/// Gives the consumer every event that there was.
pub async fn catch_up(world: &World) {
    let kinds = ["tutor.availability_changed", "tutor.profile_updated", "tutor.approved"];
    let events: Vec<_> =
        world.bus.events().into_iter().filter(|e| kinds.contains(&e.kind.as_str())).collect();
    assert_eq!(deliver(&refresh_free_times::use_case(), &world.services, &events).await, 0);
}

pub async fn roll(world: &World) {
    invoke(&roll_free_times::use_case(), &world.services, json!({})).await.unwrap();
}

/// Whether the one tutor is found as free for so long between two moments.
pub async fn is_free(world: &World, from: &str, to: &str, minutes: u16) -> bool {
    let minutes = minutes.to_string();
    let query = [("availableFrom", from), ("availableTo", to), ("minutes", minutes.as_str())];
    !names(&search(world, &query).await).is_empty()
}

/// Tuesdays 09:00 to 17:00 in Berlin are 07:00 to 15:00 in UTC.
pub const TUESDAY: [&str; 2] = ["2027-05-04T07:00:00Z", "2027-05-04T15:00:00Z"];

#[tokio::test]
async fn who_has_a_free_time_between_two_moments_is_found() {
    let world = World::new().await;
    world.approved(&profile(), &availability()).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await, "nobody has computed it yet");
    catch_up(&world).await;
    let cases = [
        (TUESDAY[0], TUESDAY[1], 60, true),
        ("2027-05-04T14:00:00Z", "2027-05-04T20:00:00Z", 60, true),
        ("2027-05-04T14:15:00Z", "2027-05-04T20:00:00Z", 60, false),
        ("2027-05-04T14:15:00Z", "2027-05-04T20:00:00Z", 30, true),
        ("2027-05-04T14:29:00Z", "2027-05-04T20:00:00Z", 30, true),
        ("2027-05-04T14:31:00Z", "2027-05-04T20:00:00Z", 30, false),
        ("2027-05-04T05:00:00Z", "2027-05-04T07:59:00Z", 60, false),
        ("2027-05-04T16:00:00+09:00", "2027-05-04T17:00:00+09:00", 60, true),
        ("2027-05-05T00:00:00Z", "2027-05-11T07:00:00Z", 60, false),
        ("2027-05-05T00:00:00Z", "2027-05-11T08:00:00Z", 60, true),
        ("2020-01-01T00:00:00Z", TUESDAY[1], 60, true),
        (TUESDAY[0], TUESDAY[1], 45, false),
    ];
    for (from, to, minutes, expected) in cases {
        assert_eq!(
            is_free(&world, from, to, minutes).await,
            expected,
            "{minutes} minutes from {from} to {to}"
        );
    }
}

#[tokio::test]
async fn a_search_for_a_free_time_costs_one_round_trip() {
    let world = World::new().await;
    let (_, trips) = world.counted(is_free(&world, TUESDAY[0], TUESDAY[1], 60)).await;
    assert_eq!(trips, 1);
}

#[tokio::test]
async fn a_lesson_takes_its_time_at_once_and_gives_it_back_with_the_next_run() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    let lesson = Lesson::of(tutor, TUESDAY[0], TUESDAY[1]);
    let deliver_it = |event| {
        let (world, use_case) = (&world, project_lessons::use_case());
        async move { assert_eq!(deliver(&use_case, &world.services, &[event]).await, 0) }
    };
    deliver_it(lesson.event("lesson.requested", 1)).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    assert!(is_free(&world, "2027-05-11T07:00:00Z", "2027-05-11T08:00:00Z", 60).await);
    roll(&world).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    deliver_it(lesson.event("lesson.cancelled", 2)).await;
    roll(&world).await;
    assert!(is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
}

#[tokio::test]
async fn a_lesson_in_the_middle_leaves_what_is_before_and_after_with_its_pauses() {
    let world = World::new().await;
    let mut hours = availability();
    hours["bufferAfterMinutes"] = json!(30);
    let tutor = world.approved(&profile(), &hours).await;
    catch_up(&world).await;
    let lesson = Lesson::of(tutor, "2027-05-04T08:00:00Z", "2027-05-04T14:00:00Z");
    deliver(&project_lessons::use_case(), &world.services, &[lesson.event("lesson.scheduled", 1)]).await;
    assert!(
        is_free(&world, "2027-05-04T14:00:00Z", "2027-05-04T15:00:00Z", 60).await,
        "the pause comes a moment later"
    );
    roll(&world).await;
    assert!(!is_free(&world, "2027-05-04T14:00:00Z", "2027-05-04T15:00:00Z", 60).await);
    assert!(is_free(&world, "2027-05-04T14:00:00Z", "2027-05-04T15:00:00Z", 30).await);
    assert!(is_free(&world, TUESDAY[0], "2027-05-04T07:30:00Z", 30).await);
    assert!(!is_free(&world, TUESDAY[0], "2027-05-04T08:00:00Z", 60).await);
}

async fn put_hours(world: &World, tutor: UserId, change: impl Fn(&mut Value)) {
    let mut hours = availability();
    change(&mut hours);
    world.send(put_availability::use_case(), as_tutor(tutor).json(&hours)).await.data();
}

#[tokio::test]
async fn other_hours_notice_and_horizon_change_who_is_found() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    put_hours(&world, tutor, |h| h["minimumNoticeMinutes"] = json!(24 * 60)).await;
    catch_up(&world).await;
    assert!(!is_free(&world, TUESDAY[0], "2027-05-04T12:30:00Z", 60).await, "nearer than a day");
    assert!(is_free(&world, TUESDAY[0], "2027-05-04T13:00:00Z", 60).await);
    put_hours(&world, tutor, |h| h["horizonDays"] = json!(3)).await;
    catch_up(&world).await;
    assert!(is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    assert!(!is_free(&world, "2027-05-11T00:00:00Z", "2027-05-12T00:00:00Z", 60).await);
    put_hours(&world, tutor, |h| h["weekly"][0]["weekday"] = json!("friday")).await;
    catch_up(&world).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    assert!(is_free(&world, "2027-05-07T00:00:00Z", "2027-05-07T08:00:00Z", 60).await);
}

#[tokio::test]
async fn the_weeks_roll_on_with_the_clock() {
    let world = World::new().await;
    world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    for _ in 0..5 {
        world.clock.advance(SignedDuration::from_hours(13 * 24));
        roll(&world).await;
        let last = world.clock.now() + SignedDuration::from_hours(59 * 24);
        let from = (last - SignedDuration::from_hours(7 * 24)).to_string();
        assert!(is_free(&world, &from, &last.to_string(), 60).await);
        let weeks = world.look("SELECT 1 FROM free_weeks").await.len();
        assert_eq!(weeks, 10, "the past is not kept");
    }
}

#[tokio::test]
async fn a_run_without_anything_to_do_costs_three_round_trips() {
    let world = World::new().await;
    world.approved(&profile(), &availability()).await;
    roll(&world).await;
    let ((), trips) = world.counted(roll(&world)).await;
    assert_eq!(trips, 3);
}

#[tokio::test]
async fn who_is_suspended_is_not_found_and_has_no_free_times() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    world.look(&format!("UPDATE tutors SET active = false WHERE id = '{tutor}'")).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    roll(&world).await;
    assert_eq!(world.look("SELECT 1 FROM free_weeks").await.len(), 0);
    world.look(&format!("UPDATE tutors SET active = true WHERE id = '{tutor}'")).await;
    roll(&world).await;
    assert!(is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
}

/// The starts of the slots that `list-slots` offers.
pub async fn slots(
    world: &World,
    tutor: UserId,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let request = as_nobody().path("tutorId", tutor).query("minutes", 60).query("from", from).query("to", to);
    let answer = world.send(list_slots::use_case(), request).await;
    let moment = |slot: &Value, end: &str| at(slot[end].as_str().unwrap());
    answer.data()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (moment(s, "start"), moment(s, "end")))
        .collect()
}

#[tokio::test]
async fn search_and_the_list_of_slots_agree() {
    let world = World::new().await;
    let mut hours = availability();
    let rule = |day: &str, from: &str, to: &str| json!({ "weekday": day, "from": from, "to": to });
    hours["weekly"] = json!([
        rule("sunday", "20:00", "24:00"),
        rule("monday", "00:00", "03:10"),
        rule("thursday", "11:05", "12:20")
    ]);
    hours["bufferBeforeMinutes"] = json!(10);
    let mut somewhere = profile();
    somewhere["timeZone"] = json!("Asia/Kathmandu");
    let tutor = world.approved(&somewhere, &hours).await;
    for (start, end) in
        [("2027-05-09T16:00:00Z", "2027-05-09T17:00:00Z"), ("2027-05-20T05:20:00Z", "2027-05-20T05:50:00Z")]
    {
        let lesson = Lesson::of(tutor, start, end);
        deliver(&project_lessons::use_case(), &world.services, &[lesson.event("lesson.scheduled", 1)]).await;
    }
    roll(&world).await;
    let (first, hour) = (at(NOW), SignedDuration::from_mins(45));
    let all = slots(&world, tutor, first, first + SignedDuration::from_hours(21 * 24)).await;
    assert!(!all.is_empty());
    // Windows of an hour and a half around every slot and around what is beside them.
    let mut windows: Vec<Timestamp> =
        all.iter().flat_map(|(start, _)| [*start - hour, *start, *start + hour]).collect();
    windows.dedup();
    for from in windows.into_iter().filter(|from| *from >= first) {
        let to = from + SignedDuration::from_mins(90);
        let expected = all.iter().any(|(start, end)| *start >= from && *end <= to);
        assert_eq!(is_free(&world, &from.to_string(), &to.to_string(), 60).await, expected, "from {from}");
    }
}

#[tokio::test]
async fn whatever_happens_at_once_the_free_times_end_up_right() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    let days = ["2027-05-04", "2027-05-11", "2027-05-18", "2027-05-25"];
    for round in 0..5 {
        let lessons =
            days.map(|day| Lesson::of(tutor, &format!("{day}T07:00:00Z"), &format!("{day}T15:00:00Z")));
        let bookings = lessons.iter().map(|lesson| {
            let (services, event) = (world.another(), lesson.event("lesson.requested", 1));
            async move { assert_eq!(deliver(&project_lessons::use_case(), &services, &[event]).await, 0) }
        });
        let runs = (0..3).map(|_| {
            let services = world.another();
            async move { drop(invoke(&roll_free_times::use_case(), &services, json!({})).await.unwrap()) }
        });
        let notice = json!(round);
        let change = put_hours(&world, tutor, |h| h["minimumNoticeMinutes"] = notice.clone());
        futures::future::join3(futures::future::join_all(bookings), futures::future::join_all(runs), change)
            .await;
        roll(&world).await;
        for day in days {
            let (from, to) = (format!("{day}T07:00:00Z"), format!("{day}T15:00:00Z"));
            assert!(!is_free(&world, &from, &to, 60).await, "{day} in round {round}");
        }
        let back: Vec<_> = lessons.iter().map(|lesson| lesson.event("lesson.cancelled", 2)).collect();
        assert_eq!(deliver(&project_lessons::use_case(), &world.services, &back).await, 0);
        roll(&world).await;
        for day in days {
            let (from, to) = (format!("{day}T07:00:00Z"), format!("{day}T15:00:00Z"));
            assert!(is_free(&world, &from, &to, 60).await, "{day} is free again");
        }
        assert_eq!(world.look("SELECT 1 FROM free_states WHERE stale").await.len(), 0);
    }
}
