use lectern_domain::id::UserId;
use lectern_runtime::testing::{Answered, As, TestRequest};
use lectern_tutoring::{
    add_availability_override, check_slot, get_own_availability, list_slots, put_availability,
    remove_availability_override,
};
use serde_json::{Value, json};

use super::world::{World, as_nobody, as_tutor, availability, profile, user};

fn request(id: UserId, wanted: &Value) -> TestRequest {
    as_tutor(id).header("idempotency-key", user()).json(wanted)
}

async fn add(world: &World, id: UserId, wanted: &Value) -> Answered {
    world.send(add_availability_override::use_case(), request(id, wanted)).await
}

async fn remove(world: &World, id: UserId, overriding: &Value) -> Answered {
    let path = as_tutor(id).path("overrideId", overriding.as_str().unwrap());
    world.send(remove_availability_override::use_case(), path).await
}

async fn read(world: &World, id: UserId) -> Answered {
    world.send(get_own_availability::use_case(), as_tutor(id)).await
}

/// The starts of the slots of an hour in the week from Monday, 3 May 2027.
async fn starts(world: &World, id: UserId) -> Vec<String> {
    let answer =
        world.send(list_slots::use_case(), as_nobody().path("tutorId", id).query("minutes", 60)).await;
    let items = answer.data()["items"].as_array().unwrap().clone();
    items.iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
}

fn time_off(date: &str) -> Value {
    json!({ "date": date, "kind": "time_off" })
}

fn extra(date: &str, from: &str, to: &str) -> Value {
    json!({ "date": date, "kind": "extra_hours", "from": from, "to": to })
}

#[tokio::test]
async fn a_tutor_takes_a_day_off_and_has_it_back() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    assert_eq!(starts(&world, id).await.len(), 29);
    let before = read(&world, id).await;
    let (added, trips) = world.counted(add(&world, id, &time_off("2027-05-04"))).await;
    assert_eq!((added.status, trips), (201, 3), "load, save, mark as published");
    let (off, wanted) = (added.data(), time_off("2027-05-04"));
    assert_eq!((&off["date"], &off["kind"]), (&wanted["date"], &wanted["kind"]));
    assert_eq!((&off["from"], &off["to"]), (&json!("00:00"), &json!("24:00")));
    assert_eq!(starts(&world, id).await.len(), 0);
    let (listed, trips) = world.counted(read(&world, id)).await;
    assert_eq!((&listed.data()["overrides"], trips), (&json!([off]), 1));
    assert_eq!(listed.data()["availability"], availability());
    assert_eq!(listed.data()["timeZone"], "Europe/Berlin");
    assert_eq!(listed.headers["etag"], added.headers["etag"]);
    assert_ne!(listed.headers["etag"], before.headers["etag"]);

    let (removed, trips) = world.counted(remove(&world, id, &off["overrideId"])).await;
    assert_eq!((&removed.data()["overrides"], trips), (&json!([]), 3));
    assert_eq!(starts(&world, id).await.len(), 29);
    let again = remove(&world, id, &off["overrideId"]).await;
    assert_eq!((again.status, again.problem()), (404, "not-found"));
    let told = world.bus.kinds().into_iter().filter(|kind| kind == "tutor.availability_changed").count();
    assert_eq!(told, 3, "hours, day off, and back");
}

#[tokio::test]
async fn extra_hours_and_a_part_of_a_day_off_change_that_date_only() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    add(&world, id, &extra("2027-05-05", "20:00", "22:00")).await.data();
    let part = json!({ "date": "2027-05-04", "kind": "time_off", "from": "10:00", "to": "16:00" });
    add(&world, id, &part).await.data();
    let expected = [
        "2027-05-04T07:00:00Z",
        "2027-05-04T14:00:00Z",
        "2027-05-05T18:00:00Z",
        "2027-05-05T18:15:00Z",
        "2027-05-05T18:30:00Z",
        "2027-05-05T18:45:00Z",
        "2027-05-05T19:00:00Z",
    ];
    assert_eq!(starts(&world, id).await, expected);
    // What is listed can be booked, and what is not can't.
    for start in
        ["2027-05-04T07:00:00Z", "2027-05-04T08:00:00Z", "2027-05-05T19:00:00Z", "2027-05-05T19:15:00Z"]
    {
        let body = json!({ "tutorId": id, "start": start, "minutes": 60, "subject": "algebra" });
        let asked = TestRequest::new(As::Service("book-lesson")).json(&body);
        let asked = world.send(check_slot::use_case(), asked).await;
        assert_eq!(asked.data()["bookable"], expected.contains(&start), "{start}");
    }
}

#[tokio::test]
async fn what_overlaps_or_contradicts_is_named() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let known = add(&world, id, &extra("2027-05-05", "20:00", "22:00")).await;
    let overlapping = add(&world, id, &extra("2027-05-05", "21:00", "23:00")).await;
    assert_eq!((overlapping.problem(), overlapping.bad_fields()), ("invalid-fields", vec!["from"]));
    let message = overlapping.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("overlaps the extra hours from 20:00 to 22:00"), "{message}");
    assert_eq!(overlapping.body["overrides"], json!([known.data()]));
    let contradicting = add(&world, id, &time_off("2027-05-05")).await;
    assert_eq!((contradicting.problem(), contradicting.bad_fields()), ("invalid-fields", vec!["date"]));
    assert!(contradicting.body["errors"][0]["message"].as_str().unwrap().starts_with("contradicts"));
    let wrong = json!({ "date": "2027-05-02", "kind": "extra_hours", "from": "12:00" });
    assert_eq!(add(&world, id, &wrong).await.bad_fields(), ["date", "to"]);
    let unreadable = json!({ "date": "5 May", "kind": "nap", "from": "9:00", "surprise": 1 });
    let mut fields = add(&world, id, &unreadable).await.bad_fields().join(" ");
    fields.make_ascii_lowercase();
    assert_eq!(fields, "date kind from surprise");
}

#[tokio::test]
async fn today_is_the_tutors_today_and_what_is_over_goes() {
    let world = World::new().await;
    let mut far_east = profile();
    far_east["timeZone"] = json!("Pacific/Kiritimati");
    let id = world.approved(&far_east, &availability()).await;
    // Noon of the 3rd in UTC is the 4th there.
    assert_eq!(add(&world, id, &time_off("2027-05-03")).await.bad_fields(), ["date"]);
    add(&world, id, &time_off("2027-05-04")).await.data();
    add(&world, id, &time_off("2027-05-06")).await.data();
    world.clock.advance(jiff::SignedDuration::from_hours(24));
    let listed = read(&world, id).await;
    assert_eq!(listed.data()["overrides"].as_array().unwrap().len(), 1, "over, and not shown");
    add(&world, id, &time_off("2027-05-07")).await.data();
    let kept = world.look("SELECT jsonb_array_length(overrides) FROM tutors").await;
    assert_eq!(kept[0].get::<_, i32>(0), 2, "over, and gone");
}

#[tokio::test]
async fn the_same_key_has_one_effect_also_twice_at_once() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let (use_case, other) = (add_availability_override::use_case(), world.another());
    let wanted = request(id, &time_off("2027-05-04"));
    let (a, b) = futures::join!(
        wanted.clone().send(&use_case, &world.services),
        wanted.clone().send(&use_case, &other)
    );
    assert_eq!((a.status, b.status), (201, 201), "{} {}", a.text, b.text);
    assert_eq!(a.data(), b.data());
    let again = wanted.send(&use_case, &world.services).await;
    assert_eq!((again.data(), again.headers["idempotent-replayed"].as_str()), (a.data(), "true"));
    assert_eq!(read(&world, id).await.data()["overrides"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_overrides_at_once_none_is_lost_unsaid() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let (use_case, other) = (add_availability_override::use_case(), world.another());
    let (a, b) = futures::join!(
        request(id, &time_off("2027-05-04")).send(&use_case, &world.services),
        request(id, &time_off("2027-05-11")).send(&use_case, &other)
    );
    let done = [&a, &b].iter().filter(|answer| answer.status == 201).count();
    let known = read(&world, id).await.data()["overrides"].as_array().unwrap().len();
    assert_eq!(known, done);
    assert!([&a, &b].iter().all(|x| x.status == 201 || x.problem() == "concurrent-change"));
}

#[tokio::test]
async fn other_weekly_hours_leave_the_overrides() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    add(&world, id, &time_off("2027-05-04")).await.data();
    let mut hours = availability();
    hours["weekly"][0]["to"] = json!("18:00");
    world.send(put_availability::use_case(), as_tutor(id).json(&hours)).await.data();
    assert_eq!(read(&world, id).await.data()["overrides"].as_array().unwrap().len(), 1);
    assert_eq!(starts(&world, id).await.len(), 0);
}

#[tokio::test]
async fn overrides_belong_to_a_tutor_with_hours() {
    let world = World::new().await;
    let nobody = add(&world, user(), &time_off("2027-05-04")).await;
    assert_eq!((nobody.status, nobody.problem()), (404, "not-found"));
    assert_eq!(read(&world, user()).await.problem(), "not-found");
    let id = world.tutor(&profile()).await;
    let without = add(&world, id, &time_off("2027-05-04")).await;
    assert_eq!((without.status, without.problem()), (409, "wrong-state"));
    assert_eq!(read(&world, id).await.data()["overrides"], json!([]));
    // Somebody else's is not to be found.
    let other = world.approved(&profile(), &availability()).await;
    let theirs = add(&world, other, &time_off("2027-05-04")).await;
    world.send(put_availability::use_case(), as_tutor(id).json(&availability())).await.data();
    assert_eq!(remove(&world, id, &theirs.data()["overrideId"]).await.status, 404);
}
