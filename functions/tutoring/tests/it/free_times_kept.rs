//! Free times follow whatever has a part in them: overrides, calendars elsewhere, profile, suspension, erasure.

use jiff::SignedDuration;
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_domain::tutoring::busy_calendar::CalendarError;
use lectern_runtime::testing::{deliver, invoke};
use lectern_tutoring::{
    add_availability_override, erase_tutoring_user, project_lessons, put_busy_calendar, put_tutor_profile,
    refresh_busy_calendars, refresh_free_times, remove_availability_override, remove_busy_calendar,
    roll_free_times,
};
use serde_json::{Value, json};

use super::free_times::{TUESDAY, catch_up, is_free, roll, slots};
use super::lessons::Lesson;
use super::world::{NOW, World, as_tutor, at, availability, profile, user};

/// Nothing is taught on Wednesdays.
const WEDNESDAY: [&str; 2] = ["2027-05-05T07:00:00Z", "2027-05-05T15:00:00Z"];
const URL: &str = "https://calendar.example/private-0123456789/basic.ics";

async fn add(world: &World, id: UserId, wanted: &Value) -> Value {
    let request = as_tutor(id).header("idempotency-key", user()).json(wanted);
    world.send(add_availability_override::use_case(), request).await.data()["overrideId"].clone()
}

async fn remove(world: &World, id: UserId, overriding: &Value) {
    let request = as_tutor(id).path("overrideId", overriding.as_str().unwrap());
    world.send(remove_availability_override::use_case(), request).await.data();
}

fn calendar(start: &str, end: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:{start}\r\nDTEND:{end}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

async fn put_calendar(world: &World, id: UserId) {
    world.send(put_busy_calendar::use_case(), as_tutor(id).json(&json!({ "url": URL }))).await.data();
}

/// The next quarter of an hour, in which calendars are read again.
async fn read_again(world: &World) {
    world.clock.advance(SignedDuration::from_mins(15));
    invoke(&refresh_busy_calendars::use_case(), &world.services, json!({})).await.unwrap();
}

async fn stale(world: &World) -> usize {
    world.look("SELECT 1 FROM free_states WHERE stale").await.len()
}

#[tokio::test]
async fn extra_hours_make_a_tutor_findable_until_they_are_taken_back() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    assert!(!is_free(&world, WEDNESDAY[0], WEDNESDAY[1], 60).await);
    let extra = json!({ "date": "2027-05-05", "kind": "extra_hours", "from": "10:00", "to": "12:00" });
    let extra = add(&world, id, &extra).await;
    catch_up(&world).await;
    assert!(is_free(&world, WEDNESDAY[0], WEDNESDAY[1], 60).await);
    assert!(is_free(&world, "2027-05-05T09:00:00Z", "2027-05-05T10:00:00Z", 60).await);
    assert!(!is_free(&world, "2027-05-05T09:15:00Z", "2027-05-05T11:00:00Z", 60).await);
    assert!(!is_free(&world, "2027-05-12T07:00:00Z", "2027-05-12T15:00:00Z", 60).await, "that day alone");
    remove(&world, id, &extra).await;
    catch_up(&world).await;
    assert!(!is_free(&world, WEDNESDAY[0], WEDNESDAY[1], 60).await);
}

#[tokio::test]
async fn who_has_a_day_off_is_not_found_on_that_day() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    catch_up(&world).await;
    let off = add(&world, id, &json!({ "date": "2027-05-04", "kind": "time_off" })).await;
    catch_up(&world).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    assert!(is_free(&world, "2027-05-11T07:00:00Z", "2027-05-11T15:00:00Z", 60).await, "the week after");
    remove(&world, id, &off).await;
    catch_up(&world).await;
    assert!(is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
}

#[tokio::test]
async fn what_a_calendar_elsewhere_takes_is_not_found_and_reading_the_same_again_computes_nothing() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    roll(&world).await;
    world.calendars.put(URL, Ok(&calendar("20270504T070000Z", "20270504T150000Z")));
    put_calendar(&world, id).await;
    assert_eq!(stale(&world).await, 1);
    roll(&world).await;
    assert!(!is_free(&world, TUESDAY[0], TUESDAY[1], 60).await);
    read_again(&world).await;
    world.calendars.put(URL, Err(CalendarError::TooSlow));
    read_again(&world).await;
    assert_eq!((world.calendars.fetched().len(), stale(&world).await), (3, 0), "the same, then none");
    world.calendars.put(URL, Ok(&calendar("20270504T070000Z", "20270504T140000Z")));
    read_again(&world).await;
    assert_eq!(stale(&world).await, 1);
    roll(&world).await;
    assert!(is_free(&world, "2027-05-04T14:00:00Z", "2027-05-04T15:00:00Z", 60).await);
    assert!(!is_free(&world, TUESDAY[0], "2027-05-04T14:00:00Z", 60).await);
    world.send(remove_busy_calendar::use_case(), as_tutor(id)).await.data();
    roll(&world).await;
    assert!(is_free(&world, TUESDAY[0], "2027-05-04T14:00:00Z", 60).await);
}

#[tokio::test]
async fn a_change_of_words_alone_computes_nothing() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    roll(&world).await;
    let mut other = profile();
    other["headline"] = json!("Proofs with tea");
    let request = as_tutor(id).header("if-match", "\"4\"").json(&other);
    world.send(put_tutor_profile::use_case(), request).await.data();
    assert_eq!(stale(&world).await, 0);
    other["timeZone"] = json!("Europe/Lisbon");
    let request = as_tutor(id).header("if-match", "\"5\"").json(&other);
    world.send(put_tutor_profile::use_case(), request).await.data();
    catch_up(&world).await;
    assert!(!is_free(&world, TUESDAY[0], "2027-05-04T08:59:00Z", 60).await, "an hour later than in Berlin");
    assert!(is_free(&world, TUESDAY[0], "2027-05-04T09:00:00Z", 60).await);
}

/// One round of everything that takes and gives time, all of it at once, beside computing.
async fn all_at_once(world: &World, id: UserId, round: usize) {
    let odd = round % 2 == 1;
    let lessons: Vec<_> = ["2027-05-04", "2027-05-05"]
        .map(|day| Lesson::of(id, &format!("{day}T0{}:00:00Z", 7 + round % 3), &format!("{day}T10:00:00Z")))
        .iter()
        .map(|lesson| lesson.event("lesson.requested", 1))
        .collect();
    let hours =
        if odd { ("20270504T110000Z", "20270504T130000Z") } else { ("20270504T120000Z", "20270505T090000Z") };
    world.calendars.put(URL, Ok(&calendar(hours.0, hours.1)));
    let zone = if odd { "Europe/Berlin" } else { "Asia/Kathmandu" };
    let zone = format!("UPDATE tutors SET time_zone = '{zone}' WHERE id = '{id}'");
    let (from, to) = (format!("{}:00", 10 + 2 * round), format!("{}:00", 12 + 2 * round));
    let extra = json!({ "date": "2027-05-05", "kind": "extra_hours", "from": from, "to": to });
    let book = async {
        assert_eq!(deliver(&project_lessons::use_case(), &world.another(), &lessons).await, 0);
    };
    let change = async {
        let overriding = add(world, id, &extra).await;
        if odd {
            remove(world, id, &overriding).await;
        }
    };
    let compute = (0..3).map(|_| async {
        invoke(&roll_free_times::use_case(), &world.another(), json!({})).await.unwrap();
        let events = world.bus.events();
        let events: Vec<_> = events.into_iter().filter(|e| e.kind == "tutor.availability_changed").collect();
        assert_eq!(deliver(&refresh_free_times::use_case(), &world.another(), &events).await, 0);
    });
    let all = futures::future::join4(book, change, put_calendar(world, id), world.look(&zone));
    futures::future::join(all, futures::future::join_all(compute)).await;
    if !odd {
        let back = lessons.into_iter().map(|event| Envelope {
            id: EventId(user().0),
            kind: "lesson.cancelled".to_owned(),
            aggregate: AggregateRef { sequence: 2, ..event.aggregate.clone() },
            ..event
        });
        let back: Vec<_> = back.collect();
        assert_eq!(deliver(&project_lessons::use_case(), &world.services, &back).await, 0);
    }
}

#[tokio::test]
async fn whatever_takes_and_gives_time_at_once_search_ends_up_agreeing_with_the_slots() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    roll(&world).await;
    let mut free = 0;
    for round in 0..4 {
        all_at_once(&world, id, round).await;
        roll(&world).await;
        assert_eq!(stale(&world).await, 0);
        let (from, to) = (at("2027-05-03T18:00:00Z"), at("2027-05-05T18:00:00Z"));
        let slots = slots(&world, id, from, to).await;
        for half in 0..94 {
            let start = from + SignedDuration::from_mins(30 * half);
            let end = start + SignedDuration::from_mins(60);
            let expected = slots.contains(&(start, end));
            free += u32::from(expected);
            let found = is_free(&world, &start.to_string(), &end.to_string(), 60).await;
            assert_eq!(found, expected, "{start} in round {round}");
        }
    }
    assert!(free > 10, "{free} of the lessons were possible");
}

#[tokio::test]
async fn an_erased_tutor_leaves_nothing_that_search_keeps_not_even_when_it_was_being_computed() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.approved(&profile(), &availability()).await;
    roll(&world).await;
    world.calendars.put(URL, Ok(&calendar("20270504T070000Z", "20270504T080000Z")));
    put_calendar(&world, id).await;
    // A row that was replaced is kept for the pages of searches that began before.
    world.look(&format!("UPDATE tutors SET headline = 'Zygomorphic' WHERE id = '{id}'")).await;
    let kept = || async {
        let mut kept = Vec::new();
        for table in ["tutor_search", "free_states", "free_weeks", "busy_calendars"] {
            kept.push(world.look(&format!("SELECT 1 FROM {table} WHERE tutor_id = '{id}'")).await.len());
        }
        kept.push(world.look("SELECT 1 FROM search_vocabulary WHERE word = 'zygomorphic'").await.len());
        kept
    };
    assert_eq!(kept().await, [2, 1, 10, 1, 1]);
    let event = Envelope {
        id: EventId(user().0),
        kind: "user.erased".to_owned(),
        version: 1,
        occurred_at: at(NOW).into(),
        aggregate: AggregateRef { kind: "user".to_owned(), id: id.0, sequence: 9 },
        actor: format!("user:{id}"),
        correlation_id: "c".to_owned(),
        causation_id: "c".to_owned(),
        data: json!({ "role": "tutor" }),
    };
    let runs = (0..3).map(|_| async {
        invoke(&roll_free_times::use_case(), &world.another(), json!({})).await.unwrap();
    });
    let (consumer, event) = (erase_tutoring_user::use_case(), [event]);
    let erase = deliver(&consumer, &world.services, &event);
    assert_eq!(futures::future::join(erase, futures::future::join_all(runs)).await.0, 0);
    // A lesson that is told of late.
    let lesson = Lesson::of(id, TUESDAY[0], TUESDAY[1]).event("lesson.requested", 1);
    assert_eq!(deliver(&project_lessons::use_case(), &world.services, &[lesson]).await, 0);
    roll(&world).await;
    assert_eq!(kept().await, [0; 5]);
    assert_eq!(world.look("SELECT 1 FROM tutor_search").await.len(), 1, "the other one");
    let wrong = "SELECT 1 FROM search_vocabulary v WHERE tutors <> (SELECT count(*) FROM tutor_search s
                 WHERE ARRAY[v.word, 'b:' || v.word] && tsvector_to_array(s.tags))";
    assert_eq!(world.look(wrong).await.len(), 0, "words are counted right");
}
