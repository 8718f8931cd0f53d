use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::tutoring::busy_calendar::CalendarError;
use lectern_runtime::testing::{Answered, invoke};
use lectern_tutoring::{
    get_own_availability, list_slots, put_busy_calendar, put_tutor_profile, refresh_busy_calendars,
    remove_busy_calendar,
};
use serde_json::{Value, json};

use super::world::{NOW, World, as_nobody, as_tutor, availability, profile, user};

const URL: &str = "https://calendar.example/private-0123456789/basic.ics";

/// A calendar with one event.
fn calendar(start: &str, end: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:Dentist\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// From ten to twelve in Berlin on the Tuesday of the hours.
fn two_hours() -> String {
    calendar("20270504T080000Z", "20270504T100000Z")
}

async fn put(world: &World, id: UserId, url: &str) -> Answered {
    world.send(put_busy_calendar::use_case(), as_tutor(id).json(&json!({ "url": url }))).await
}

async fn state(world: &World, id: UserId) -> Value {
    world.send(get_own_availability::use_case(), as_tutor(id)).await.data()["busyCalendar"].clone()
}

async fn refresh(world: &World) {
    invoke(&refresh_busy_calendars::use_case(), &world.services, json!({})).await.unwrap();
}

/// How many slots of an hour are free on the Tuesday: 29 when nothing is taken.
async fn free(world: &World, tutor: UserId) -> usize {
    let request = as_nobody().path("tutorId", tutor).query("minutes", 60);
    world.send(list_slots::use_case(), request).await.data()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_calendar_elsewhere_takes_time_at_once_until_it_is_removed() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    let (answer, trips) = world.counted(put(&world, id, URL)).await;
    assert_eq!(trips, 3, "the limit's count, load, save");
    let data = answer.data();
    assert_eq!((&data["url"], &data["status"]), (&json!("https://calendar.example/…"), &json!("current")));
    assert_eq!((&data["copiedAt"], &data["nextTryAt"]), (&json!(NOW), &json!("2027-05-03T12:15:00Z")));
    assert_eq!(free(&world, id).await, 29 - 11);
    assert_eq!(&state(&world, id).await, data);
    let remove = || world.send(remove_busy_calendar::use_case(), as_tutor(id));
    let (removed, trips) = world.counted(remove()).await;
    assert_eq!((removed.data(), trips), (&json!({ "removed": true }), 1));
    assert_eq!(free(&world, id).await, 29);
    assert_eq!(state(&world, id).await, Value::Null);
    assert_eq!(remove().await.problem(), "not-found");
}

#[tokio::test]
async fn a_calendar_is_read_again_when_it_is_due_and_not_before() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    put(&world, id, URL).await.data();
    world.calendars.put(URL, Ok(&calendar("20270504T070000Z", "20270504T150000Z")));
    world.clock.advance(SignedDuration::from_mins(14));
    refresh(&world).await;
    assert_eq!((world.calendars.fetched().len(), free(&world, id).await), (1, 18));
    world.clock.advance(SignedDuration::from_mins(1));
    refresh(&world).await;
    assert_eq!((world.calendars.fetched().len(), free(&world, id).await), (2, 0));
    refresh(&world).await;
    assert_eq!(world.calendars.fetched().len(), 2);
}

#[tokio::test]
async fn a_calendar_that_fails_keeps_its_last_good_copy_and_the_tutor_is_told() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    put(&world, id, URL).await.data();
    for (n, kind) in [CalendarError::TooSlow, CalendarError::Refused].into_iter().enumerate() {
        world.calendars.put(URL, Err(kind));
        world.clock.advance(SignedDuration::from_mins(15));
        refresh(&world).await;
        let state = state(&world, id).await;
        assert_eq!((&state["status"], &state["copiedAt"]), (&json!("outdated"), &json!(NOW)));
        assert_eq!(state["ageSeconds"], json!(900 * (n + 1)));
        assert_eq!(state["error"]["kind"], kind.as_str());
        assert_eq!(state["error"]["failures"], json!(n + 1));
        assert!(state["error"]["message"].as_str().unwrap().ends_with('.'));
        assert_eq!(free(&world, id).await, 18, "the last good copy");
    }
    // An answer that is no calendar is a failure like any other.
    world.calendars.put(URL, Ok("<html>Sign in</html>"));
    world.clock.advance(SignedDuration::from_mins(30));
    refresh(&world).await;
    assert_eq!(state(&world, id).await["error"]["kind"], "not_a_calendar");
    // The same URL again reads it again, and its copy stays when that fails.
    let again = put(&world, id, URL).await;
    assert_eq!((&again.data()["status"], free(&world, id).await), (&json!("outdated"), 18));
    world.calendars.put(URL, Ok(&calendar("20270504T080000Z", "20270504T081500Z")));
    put(&world, id, URL).await.data();
    assert_eq!(
        (state(&world, id).await["status"].clone(), free(&world, id).await),
        (json!("current"), 29 - 4)
    );
}

#[tokio::test]
async fn a_calendar_that_can_not_be_read_at_first_is_kept_and_tried_again() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let first = put(&world, id, URL).await;
    assert_eq!((first.status, &first.data()["status"]), (200, &json!("missing")));
    assert_eq!(first.data()["error"]["kind"], "unreachable");
    assert_eq!((free(&world, id).await, &first.data()["copiedAt"]), (29, &Value::Null));
    world.calendars.put(URL, Ok(&two_hours()));
    world.clock.advance(SignedDuration::from_mins(15));
    refresh(&world).await;
    assert_eq!((state(&world, id).await["status"].clone(), free(&world, id).await), (json!("current"), 18));
}

#[tokio::test]
async fn another_calendars_copy_goes_with_it() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    put(&world, id, URL).await.data();
    let other = put(&world, id, "https://other.example/calendar.ics").await;
    assert_eq!(other.data()["status"], "missing");
    assert_eq!(free(&world, id).await, 29);
}

#[tokio::test]
async fn what_leads_out_of_the_public_internet_and_what_is_no_https_url_is_refused() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    for kind in [CalendarError::NotPublic, CalendarError::BadRedirect] {
        world.calendars.put(URL, Err(kind));
        let answer = put(&world, id, URL).await;
        assert_eq!((answer.status, answer.bad_fields()), (422, vec!["url"]));
    }
    for url in ["http://calendar.example/", "https://ada:pw@calendar.example/", "calendar", ""] {
        assert_eq!(put(&world, id, url).await.bad_fields(), ["url"], "{url}");
    }
    assert_eq!(state(&world, id).await, Value::Null);
    let nobody = put(&world, user(), URL).await;
    assert_eq!((nobody.status, nobody.problem()), (404, "not-found"));
}

#[tokio::test]
async fn the_url_is_in_no_answer() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    let answers = [
        put(&world, id, URL).await,
        put(&world, id, "https://other.example/private-0123456789?private-0123456789").await,
        put(&world, id, "http://other.example/private-0123456789").await,
        world.send(get_own_availability::use_case(), as_tutor(id)).await,
        world.send(remove_busy_calendar::use_case(), as_tutor(id)).await,
    ];
    for answer in answers {
        assert!(!answer.text.contains("0123456789"), "{}", answer.text);
    }
    assert!(
        !world.bus.events().iter().any(|e| serde_json::to_string(e).unwrap().contains("calendar.example"))
    );
}

#[tokio::test]
async fn times_without_a_zone_are_on_the_clock_that_the_tutor_has_now() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.calendars.put(URL, Ok(&calendar("20270504T100000", "20270504T120000")));
    put(&world, id, URL).await.data();
    let busy = "SELECT lower(busy)::timestamptz AS at FROM busy_calendars";
    let at = |rows: &[lectern_postgres::Row]| rows[0].get::<_, jiff::Timestamp>(0).to_string();
    assert_eq!(at(&world.look(busy).await), "2027-05-04T08:00:00Z");
    let mut moved = profile();
    moved["timeZone"] = json!("America/New_York");
    let request = as_tutor(id).header("if-match", "\"*\"".replace('*', &sequence(&world).await)).json(&moved);
    world.send(put_tutor_profile::use_case(), request).await.data();
    world.clock.advance(SignedDuration::from_mins(15));
    refresh(&world).await;
    assert_eq!(at(&world.look(busy).await), "2027-05-04T14:00:00Z");
}

async fn sequence(world: &World) -> String {
    world.look("SELECT sequence FROM tutors").await[0].get::<_, i64>(0).to_string()
}

#[tokio::test]
async fn two_runs_at_once_read_each_calendar_once() {
    let world = World::new().await;
    for n in 0..50 {
        let id = world.tutor(&profile()).await;
        let url = format!("https://calendar.example/{n}");
        world.calendars.put(&url, Ok(&two_hours()));
        put(&world, id, &url).await.data();
    }
    world.clock.advance(SignedDuration::from_mins(15));
    let (use_case, other) = (refresh_busy_calendars::use_case(), world.another());
    let (a, b) =
        futures::join!(invoke(&use_case, &world.services, json!({})), invoke(&use_case, &other, json!({})));
    a.unwrap();
    b.unwrap();
    let mut fetched = world.calendars.fetched().split_off(50);
    fetched.sort_unstable();
    let count = fetched.len();
    fetched.dedup();
    assert_eq!((count, fetched.len()), (50, 50));
    let left = world.look("SELECT 1 FROM busy_calendars WHERE claimed_until IS NOT NULL").await;
    assert_eq!(left.len(), 0);
}

#[tokio::test]
async fn what_a_run_left_in_hand_is_taken_up_after_its_lease() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    world.calendars.put(URL, Ok(&two_hours()));
    put(&world, id, URL).await.data();
    world.clock.advance(SignedDuration::from_mins(15));
    let hand = "UPDATE busy_calendars SET claimed_until = due_at + interval '2 minutes' RETURNING 1";
    assert_eq!(world.look(hand).await.len(), 1);
    refresh(&world).await;
    assert_eq!(world.calendars.fetched().len(), 1);
    world.clock.advance(SignedDuration::from_mins(2));
    refresh(&world).await;
    assert_eq!(world.calendars.fetched().len(), 2);
}

#[tokio::test]
async fn a_caller_can_not_make_us_connect_again_and_again() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    for _ in 0..20 {
        assert_eq!(put(&world, id, URL).await.status, 200);
    }
    let refused = put(&world, id, URL).await;
    assert_eq!((refused.status, refused.problem()), (429, "rate-limited"));
    assert_eq!(world.calendars.fetched().len(), 20);
}
