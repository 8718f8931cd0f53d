//! Subjects and prices by themselves, the trial lesson's price, and the terms for other contexts.

use lectern_runtime::testing::{As, TestRequest};
use lectern_tutoring::{
    check_slot, get_own_tutor_profile, get_tutor, get_tutor_terms, put_rates, put_taught_subjects,
    put_tutor_profile,
};
use serde_json::{Value, json};

use super::world::{World, as_nobody, as_tutor, availability, profile, user};

fn rates(amount: i64, trial: Option<i64>) -> Value {
    let price = |amount| json!({ "amount": amount, "currency": "EUR" });
    json!({ "hourlyRate": price(amount), "trialPrice": trial.map(price) })
}

fn subjects(ids: &[&str]) -> Value {
    let taught = |id: &&str| json!({ "subject": id, "levels": ["school"], "yearsOfExperience": 2 });
    json!({ "subjects": ids.iter().map(taught).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_tutor_sets_the_price_of_an_hour_and_of_a_trial_and_nothing_else_changes() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let put = |version: &str, body: &Value| {
        world.send(put_rates::use_case(), as_tutor(id).header("if-match", version).json(body))
    };
    let (set, trips) = world.counted(put("\"4\"", &rates(6_000, Some(900)))).await;
    assert_eq!((set.headers["etag"].as_str(), trips), ("\"5\"", 3));
    let own = world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await;
    assert_eq!(own.data(), set.data());
    for (name, value) in profile().as_object().unwrap() {
        let expected = if name == "hourlyRate" { &rates(6_000, None)["hourlyRate"] } else { value };
        assert_eq!(&own.data()[name], expected, "{name}");
    }
    let public = world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await;
    assert_eq!(public.data()["trialPrice"], json!({ "amount": 900, "currency": "EUR" }));
    let same = put("\"5\"", &rates(6_000, Some(900))).await;
    assert_eq!(same.headers["etag"], "\"5\"", "the same again is no change");
    let without = put("\"5\"", &rates(6_000, None)).await;
    assert_eq!(without.data().get("trialPrice"), None);
    assert_eq!(world.bus.events().pop().unwrap().kind, "tutor.profile_updated");
}

#[tokio::test]
async fn prices_and_subjects_need_the_version_that_they_replace() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let bodies = [
        (put_rates::use_case as fn() -> _, rates(6_000, None)),
        (put_taught_subjects::use_case as fn() -> _, subjects(&["calculus"])),
    ];
    for (use_case, body) in bodies {
        let blind = world.send(use_case(), as_tutor(id).json(&body)).await;
        assert_eq!((blind.status, blind.problem()), (428, "precondition-required"));
        let stale = world.send(use_case(), as_tutor(id).header("if-match", "\"9\"").json(&body)).await;
        assert_eq!((stale.status, stale.problem()), (412, "precondition-failed"));
        let nobody = world.send(use_case(), as_tutor(user()).header("if-match", "\"0\"").json(&body)).await;
        assert_eq!((nobody.status, nobody.problem()), (404, "not-found"), "the profile comes first");
    }
}

#[tokio::test]
async fn every_wrong_price_is_named_at_once() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let put =
        |body: Value| world.send(put_rates::use_case(), as_tutor(id).header("if-match", "\"1\"").json(&body));
    let wrong = put(rates(50_001, Some(0))).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!((wrong.status, fields), (422, vec!["hourlyRate.amount", "trialPrice.amount"]));
    let mut mixed = rates(5_000, Some(500));
    mixed["trialPrice"]["currency"] = json!("USD");
    assert_eq!(put(mixed).await.bad_fields(), ["trialPrice.currency"]);
    let mut whole = profile();
    whole["trialPrice"] = json!({ "amount": 500, "currency": "USD" });
    let whole = as_tutor(id).header("if-match", "\"1\"").json(&whole);
    assert_eq!(world.send(put_tutor_profile::use_case(), whole).await.bad_fields(), ["trialPrice.currency"]);
}

#[tokio::test]
async fn a_tutor_says_what_is_taught_out_of_the_catalogue() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let put = |version: &str, body: Value| {
        world.send(put_taught_subjects::use_case(), as_tutor(id).header("if-match", version).json(&body))
    };
    let (set, trips) = world.counted(put("\"1\"", subjects(&["calculus", "rust"]))).await;
    assert_eq!((&set.data()["subjects"], trips), (&subjects(&["calculus", "rust"])["subjects"], 3));
    assert_eq!(set.data()["headline"], profile()["headline"]);
    let unknown = put("\"2\"", subjects(&["calculus", "alchemy", "astrology"])).await;
    assert_eq!(unknown.bad_fields(), ["subjects[1].subject", "subjects[2].subject"]);
    let twice = put("\"2\"", subjects(&["calculus", "calculus"])).await;
    assert_eq!(twice.bad_fields(), ["subjects[1].subject"]);
    assert_eq!(put("\"2\"", json!({ "subjects": [] })).await.bad_fields(), ["subjects"]);
}

#[tokio::test]
async fn a_video_is_part_of_the_profile_as_everybody_sees_it() {
    let world = World::new().await;
    let mut with_video = profile();
    with_video["videoUrl"] = json!("https://video.example/ada");
    let id = world.approved(&with_video, &availability()).await;
    let public = world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await;
    assert_eq!(public.data()["videoUrl"], "https://video.example/ada");
    with_video["videoUrl"] = json!("javascript:alert(1)");
    let wrong = as_tutor(user()).json(&with_video);
    assert_eq!(world.send(put_tutor_profile::use_case(), wrong).await.bad_fields(), ["videoUrl"]);
}

#[tokio::test]
async fn a_time_that_is_asked_for_has_a_trial_price_when_it_can_be_a_trial() {
    let world = World::new().await;
    let mut hours = availability();
    hours["lessonMinutes"] = json!([25, 30, 50]);
    let mut with_trial = profile();
    with_trial["trialPrice"] = json!({ "amount": 700, "currency": "EUR" });
    let (some, none) = (world.approved(&with_trial, &hours).await, world.approved(&profile(), &hours).await);
    let check = async |tutor, minutes: u16| {
        let wanted = json!({
            "tutorId": tutor, "start": "2027-05-04T10:00:00Z", "minutes": minutes, "subject": "algebra",
        });
        let request = TestRequest::new(As::Service("book-lesson")).json(&wanted);
        let answer = world.send(check_slot::use_case(), request).await;
        assert_eq!((&answer.data()["bookable"], answer.data()["price"].is_object()), (&json!(true), true));
        answer.data()["trialPrice"]["amount"].as_i64()
    };
    assert_eq!((check(some, 25).await, check(some, 50).await), (Some(700), Some(700)));
    assert_eq!((check(some, 30).await, check(none, 25).await), (None, None));
}

#[tokio::test]
async fn other_contexts_read_a_tutors_terms_listed_or_not() {
    let world = World::new().await;
    let mut with_trial = profile();
    with_trial["trialPrice"] = json!({ "amount": 700, "currency": "EUR" });
    let id = world.tutor(&with_trial).await;
    let read = |id| {
        let request = TestRequest::new(As::Service("book-lesson")).path("tutorId", id);
        world.send(get_tutor_terms::use_case(), request)
    };
    let (draft, trips) = world.counted(read(id)).await;
    assert_eq!(trips, 1);
    assert_eq!(
        (&draft.data()["listed"], &draft.data()["verificationStatus"]),
        (&json!(false), &json!("draft"))
    );
    assert_eq!(draft.data().get("booking"), None);
    world.approve(id).await;
    let request = as_tutor(id).json(&availability());
    world.send(lectern_tutoring::put_availability::use_case(), request).await.data();
    let read_again = read(id).await;
    let expected = json!({
        "tutorId": id, "displayName": "Ada L.", "timeZone": "Europe/Berlin", "country": "DE",
        "languages": profile()["languages"], "subjects": profile()["subjects"],
        "hourlyRate": { "amount": 4_500, "currency": "EUR" }, "trialPrice": { "amount": 700, "currency": "EUR" },
        "verificationStatus": "approved", "listed": true,
        "booking": {
            "lessonMinutes": [30, 60], "bufferBeforeMinutes": 0, "bufferAfterMinutes": 0,
            "minimumNoticeMinutes": 0, "horizonDays": 60,
        },
    });
    assert_eq!((read_again.data(), read_again.headers["etag"].as_str()), (&expected, "\"4\""));
    assert_eq!(read(user()).await.status, 404);
}
