use lectern_tutoring::{get_own_tutor_profile, put_availability};
use serde_json::json;

use super::world::{World, as_tutor, availability, profile, user};

#[tokio::test]
async fn a_tutor_sets_hours_and_reads_them_with_the_profile() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let put = world.send(put_availability::use_case(), as_tutor(id).json(&availability()));
    let (put, trips) = world.counted(put).await;
    assert_eq!((put.status, trips), (200, 3));
    assert_eq!(put.data()["availability"], availability());
    assert_eq!(put.headers["etag"], "\"2\"");
    let read = world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await;
    assert_eq!(read.data()["availability"], availability());
    assert_eq!(world.bus.kinds(), ["tutor.profile_created", "tutor.availability_changed"]);
}

#[tokio::test]
async fn hours_are_changed_only_from_the_version_that_was_named() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let put = |etag| {
        let request = as_tutor(id).header("if-match", etag).json(&availability());
        world.send(put_availability::use_case(), request)
    };
    assert_eq!(put("\"9\"").await.problem(), "precondition-failed");
    assert_eq!(put("\"1\"").await.status, 200);
    let again = world.send(put_availability::use_case(), as_tutor(id).json(&availability())).await;
    assert_eq!(
        (again.status, again.headers["etag"].as_str()),
        (200, "\"2\""),
        "the same hours are no change"
    );
}

#[tokio::test]
async fn hours_without_a_profile_are_nobodys() {
    let world = World::new().await;
    let answer = world.send(put_availability::use_case(), as_tutor(user()).json(&availability())).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
}

#[tokio::test]
async fn every_wrong_rule_and_number_is_named_at_once() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let mut wrong = availability();
    wrong["weekly"] = json!([
        { "weekday": "monday", "from": "09:00", "to": "12:00" }, { "weekday": "monday", "from": "11:30", "to": "13:00" },
        { "weekday": "friday", "from": "17:00", "to": "09:00" }, { "weekday": "sunday", "from": "09:00", "to": "09:00" },
    ]);
    wrong["lessonMinutes"] = json!([60, 20]);
    wrong["bufferBeforeMinutes"] = json!(-1);
    wrong["horizonDays"] = json!(366);
    let answer = world.send(put_availability::use_case(), as_tutor(id).json(&wrong)).await;
    assert_eq!(answer.problem(), "invalid-fields");
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    let expected = [
        "bufferBeforeMinutes",
        "horizonDays",
        "lessonMinutes[1]",
        "weekly[1].from",
        "weekly[2].to",
        "weekly[3].to",
    ];
    assert_eq!(fields, expected);

    let mut unreadable = availability();
    unreadable["weekly"] = json!([{ "weekday": "noday", "from": "9:00", "to": "25:00" }]);
    let answer = world.send(put_availability::use_case(), as_tutor(id).json(&unreadable)).await;
    assert_eq!(answer.bad_fields(), ["weekly[0].weekday", "weekly[0].from", "weekly[0].to"]);
}
