use lectern_runtime::testing::TestRequest;
use lectern_tutoring::{get_own_tutor_profile, get_tutor, put_tutor_profile};
use serde_json::json;

use super::world::{World, as_nobody, as_tutor, availability, profile, user};

#[tokio::test]
async fn a_tutor_makes_a_profile_reads_it_and_replaces_it() {
    let world = World::new().await;
    let id = user();
    let put = |request: TestRequest| world.send(put_tutor_profile::use_case(), request);
    let (made, trips) = world.counted(put(as_tutor(id).json(&profile()))).await;
    assert_eq!(made.status, 200);
    assert_eq!(trips, 3, "load, save, mark as published");
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.data()["tutorId"], json!(id));
    assert_eq!(made.data()["verification"], json!({ "status": "draft" }));

    let (read, trips) = world.counted(world.send(get_own_tutor_profile::use_case(), as_tutor(id))).await;
    assert_eq!(trips, 1);
    assert_eq!(read.data(), made.data());
    for (name, value) in profile().as_object().unwrap() {
        assert_eq!(&read.data()[name], value, "{name}");
    }

    let mut other = profile();
    other["headline"] = json!("Patience with proofs");
    let replaced = put(as_tutor(id).header("If-Match", "\"1\"").json(&other)).await;
    assert_eq!(replaced.data()["headline"], "Patience with proofs");
    assert_eq!(replaced.headers["etag"], "\"2\"");
    assert_eq!(world.bus.kinds(), ["tutor.profile_created", "tutor.profile_updated"]);
}

#[tokio::test]
async fn replacing_a_profile_needs_the_version_that_is_replaced() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let put = |request: TestRequest| world.send(put_tutor_profile::use_case(), request.json(&profile()));
    let blind = put(as_tutor(id)).await;
    assert_eq!((blind.status, blind.problem()), (428, "precondition-required"));
    let stale = put(as_tutor(id).header("If-Match", "\"7\"")).await;
    assert_eq!((stale.status, stale.problem()), (412, "precondition-failed"));
    let garbled = put(as_tutor(id).header("If-Match", "soon")).await;
    assert_eq!((garbled.status, garbled.problem()), (400, "malformed"));
    let nothing_yet = put(as_tutor(user()).header("If-Match", "\"1\"")).await;
    assert_eq!(nothing_yet.status, 412);
    assert_eq!(put(as_tutor(id).header("If-Match", "\"0\"")).await.status, 412);
    assert_eq!(world.bus.kinds(), ["tutor.profile_created"]);
    let first = put(as_tutor(user()).header("If-Match", "\"0\"")).await;
    assert_eq!(first.status, 200, "the version of a profile that isn't there yet");
}

#[tokio::test]
async fn the_same_profile_again_changes_nothing_and_says_nothing() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let again = as_tutor(id).header("If-Match", "\"1\"").json(&profile());
    let (answer, trips) = world.counted(world.send(put_tutor_profile::use_case(), again)).await;
    assert_eq!((answer.status, answer.headers["etag"].as_str(), trips), (200, "\"1\"", 1));
    assert_eq!(world.bus.kinds(), ["tutor.profile_created"]);
}

#[tokio::test]
async fn every_wrong_field_of_a_profile_is_named_at_once() {
    let world = World::new().await;
    let mut wrong = profile();
    wrong["displayName"] = json!("");
    wrong["bio"] = json!("x".repeat(4_001));
    wrong["timeZone"] = json!("Mars/Olympus");
    wrong["hourlyRate"] = json!({ "amount": 50_001, "currency": "XXX" });
    wrong["subjects"] = json!([]);
    wrong["surprise"] = json!(1);
    let answer = world.send(put_tutor_profile::use_case(), as_tutor(user()).json(&wrong)).await;
    assert_eq!((answer.status, answer.problem()), (422, "invalid-fields"));
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["bio", "displayName", "hourlyRate.currency", "subjects", "surprise", "timeZone"]);

    let nothing = world.send(put_tutor_profile::use_case(), as_tutor(user()).json(&json!({}))).await;
    assert_eq!(nothing.bad_fields().len(), 8, "each field is required: {:?}", nothing.bad_fields());
    let mut cheap = profile();
    cheap["hourlyRate"]["amount"] = json!(999);
    let answer = world.send(put_tutor_profile::use_case(), as_tutor(user()).json(&cheap)).await;
    assert_eq!(answer.bad_fields(), ["hourlyRate.amount"]);
}

#[tokio::test]
async fn of_two_first_profiles_at_once_one_is_kept() {
    let world = World::new().await;
    let (id, other) = (user(), world.another());
    let (use_case, request) = (put_tutor_profile::use_case(), as_tutor(id).json(&profile()));
    let (a, b) =
        futures::join!(request.clone().send(&use_case, &world.services), request.send(&use_case, &other));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    // The one that is later either finds the profile there, or loses the race for the row.
    assert!(statuses == [200, 409] || statuses == [200, 428], "{statuses:?}");
    assert_eq!(world.bus.kinds(), ["tutor.profile_created"]);
}

#[tokio::test]
async fn nobody_sees_a_tutor_who_is_not_approved() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let read = || world.send(get_tutor::use_case(), as_nobody().path("tutorId", id));
    assert_eq!((read().await.status, read().await.problem()), (404, "not-found"));
    world.submit(id).await;
    assert_eq!(read().await.status, 404);
    let unknown = world.send(get_tutor::use_case(), as_nobody().path("tutorId", user())).await;
    assert_eq!(unknown.status, 404);
    let garbled = world.send(get_tutor::use_case(), as_nobody().path("tutorId", "me-too")).await;
    assert_eq!((garbled.status, garbled.bad_fields()), (422, vec!["tutorId"]));
}

#[tokio::test]
async fn the_public_profile_shows_what_students_need_and_nothing_else() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let request = as_nobody().path("tutorId", id);
    let (read, trips) = world.counted(world.send(get_tutor::use_case(), request)).await;
    assert_eq!(trips, 1);
    assert_eq!(read.data()["lessonMinutes"], json!([30, 60]));
    let mut members: Vec<_> = read.data().as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expected = [
        "bio",
        "country",
        "displayName",
        "headline",
        "hourlyRate",
        "languages",
        "lessonMinutes",
        "lessonsTaught",
        "subjects",
        "timeZone",
        "tutorId",
    ];
    assert_eq!(members, expected);
}

#[tokio::test]
async fn of_somebody_whom_tutoring_does_not_know_there_is_no_profile_to_read() {
    let world = World::new().await;
    let answer = world.send(get_own_tutor_profile::use_case(), as_tutor(user())).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
}
