//! A person's export: asked for, made, fetched, and gone.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use futures::future::join_all;
use jiff::SignedDuration;
use lectern_domain::event::Envelope;
use lectern_domain::id::{ExportId, UserId};
use lectern_domain::role::{Actor, Role};
use lectern_identity::erase::erase;
use lectern_identity::store::erasures::Wish;
use lectern_identity::store::users;
use lectern_identity::{build_export, delete_exports, get_export, request_export};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver};
use serde_json::{Value, json};
use zip::ZipArchive;

use super::world::{World, world};

async fn ask(w: &World, user: UserId, key: &str) -> Answered {
    let request = TestRequest::new(As::User(user, Role::Student)).header("idempotency-key", key);
    request.send(&request_export::use_case(), &w.services).await
}

async fn read(w: &World, user: UserId, export: &str) -> Answered {
    let request = TestRequest::new(As::User(user, Role::Student)).path("exportId", export);
    request.send(&get_export::use_case(), &w.services).await
}

async fn status(w: &World, user: UserId, export: &str) -> String {
    read(w, user, export).await.data()["status"].as_str().unwrap().to_owned()
}

fn id_of(asked: &Answered) -> String {
    asked.data()["exportId"].as_str().unwrap().to_owned()
}

fn requested(w: &World) -> Vec<Envelope> {
    w.bus.events().into_iter().filter(|event| event.kind == "export.requested").collect()
}

async fn build(w: &World) -> usize {
    deliver(&build_export::use_case(), &w.services, &requested(w)).await
}

fn key(user: UserId, export: &str) -> String {
    format!("exports/{user}/{export}.zip")
}

fn document(w: &World, key: &str, name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(w.exports.file(key).expect("an archive"))).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn json_of(w: &World, key: &str, name: &str) -> Value {
    serde_json::from_str(&document(w, key, name)).unwrap()
}

/// Erases as its owner; the row is gone, the event is not out yet.
async fn erased(w: &World, user: UserId) {
    let cx = w.cx();
    let stored = users::by_id(&cx.base.db, user).await.unwrap().unwrap();
    w.bus.set_down(true);
    erase(&cx, stored, Wish::Own, &Actor::User(user)).await.unwrap();
    w.bus.set_down(false);
}

#[tokio::test]
async fn an_export_is_asked_for_made_and_fetched_by_its_owner() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    w.contexts.hold(
        "booking",
        &[
            json!({ "kind": "summary", "data": ["Lessons as a student: 3 <all> done."] }),
            json!({ "kind": "lesson", "data": { "lessonId": "1", "price": 9_007_199_254_740_993_u64 } }),
            json!({ "kind": "lesson", "data": { "lessonId": "2" } }),
            json!({ "kind": "lesson", "data": { "lessonId": "3" } }),
        ],
    );
    w.contexts.hold("tutoring", &[json!({ "kind": "tutorProfile", "data": { "bio": "\"quoted\"" } })]);
    let asked = ask(&w, user, "one").await;
    let id = id_of(&asked);
    assert_eq!((asked.status, &asked.data()["status"]), (202, &json!("pending")));
    assert_eq!(asked.headers["location"], format!("/v1/users/me/export/{id}"));
    assert_eq!(read(&w, user, &id).await.data()["status"], "pending");
    assert_eq!(build(&w).await, 0);

    let ready = read(&w, user, &id).await;
    assert_eq!(
        (&ready.data()["status"], &ready.data()["linkExpiresAt"]),
        (&json!("ready"), &json!("2026-11-21T12:15:00Z"))
    );
    assert_eq!(ready.data()["expiresAt"], "2026-11-28T12:00:00Z");
    let key = key(user, &id);
    assert!(ready.data()["link"].as_str().unwrap().contains(&key));
    assert_eq!(ready.data()["bytes"], w.exports.file(&key).unwrap().len());

    assert_eq!(json_of(&w, &key, "identity.json")["account"]["email"], format!("{user}@example.org"));
    let lessons = json_of(&w, &key, "booking.json");
    assert_eq!((&lessons["context"], lessons["items"].as_array().unwrap().len()), (&json!("booking"), 3));
    assert_eq!(lessons["items"][0]["data"]["price"], 9_007_199_254_740_993_u64);
    assert_eq!(json_of(&w, &key, "tutoring.json")["items"][0]["data"]["bio"], "\"quoted\"");
    assert_eq!(json_of(&w, &key, "payments.json"), json!({ "context": "payments", "items": [] }));
    let summary = document(&w, &key, "summary.html");
    for part in [
        "Name: Ada Lovelace.",
        "3 &lt;all&gt; done",
        "<li>lesson: 3</li>",
        "<li>tutor profile: 1</li>",
        "Nothing is held",
    ] {
        assert!(summary.contains(part), "{summary} lacks {part}");
    }
}

#[tokio::test]
async fn a_second_export_while_one_is_pending_is_the_same_and_so_is_its_answer_ever_after() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let first = ask(&w, user, "one").await;
    let second = ask(&w, user, "two").await;
    assert_eq!(id_of(&first), id_of(&second));
    assert_eq!(requested(&w).len(), 1);
    build(&w).await;
    for key in ["one", "two"] {
        let again = ask(&w, user, key).await;
        assert_eq!((again.data(), &again.headers["idempotent-replayed"][..]), (first.data(), "true"));
    }
    let third = ask(&w, user, "three").await;
    assert_ne!(id_of(&first), id_of(&third), "a ready one is no reason not to make another");
}

#[tokio::test]
async fn of_fifty_at_once_one_is_made() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    // Beyond the rate limit, which would hide what the constraint does.
    let cx = w.cx();
    let asks = (0..50).map(|n| {
        let (services, n) = (Arc::clone(cx.services()), n % 25);
        async move {
            let request =
                TestRequest::new(As::User(user, Role::Student)).header("idempotency-key", format!("k{n}"));
            request.send(&request_export::use_case().rate_limits(&[]), &services).await
        }
    });
    let answers = join_all(asks).await;
    let first = id_of(&answers[0]);
    assert!(answers.iter().all(|answer| id_of(answer) == first));
    assert_eq!(requested(&w).len(), 1);
}

#[tokio::test]
async fn five_a_day_are_enough() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    for n in 0..5 {
        assert_eq!(ask(&w, user, &format!("k{n}")).await.status, 202);
    }
    let refused = ask(&w, user, "k5").await;
    assert_eq!((refused.status, refused.problem()), (429, "rate-limited"));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(ask(&w, other, "k0").await.status, 202, "another's are counted apart");
}

#[tokio::test]
async fn an_export_without_a_key_is_refused_and_one_of_another_user_is_unknown() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    let request = TestRequest::new(As::User(user, Role::Student));
    assert_eq!(
        request.send(&request_export::use_case(), &w.services).await.problem(),
        "idempotency-key-missing"
    );
    let id = id_of(&ask(&w, user, "one").await);
    build(&w).await;
    let foreign = read(&w, other, &id).await;
    assert_eq!((foreign.status, foreign.problem()), (404, "not-found"));
    let unknown = read(&w, user, &ExportId(uuid::Uuid::now_v7()).to_string()).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(read(&w, user, "x").await.bad_fields(), ["exportId"]);
}

#[tokio::test]
async fn only_what_is_ready_has_a_link_and_after_a_week_it_is_expired() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let id = id_of(&ask(&w, user, "one").await);
    assert!(read(&w, user, &id).await.data().get("link").is_none());
    build(&w).await;
    let clock = &w.services.base.kit.clock;
    // The last link ends with the archive.
    clock.advance(SignedDuration::from_hours(7 * 24) - SignedDuration::from_mins(5));
    let last = read(&w, user, &id).await;
    assert_eq!(last.data()["linkExpiresAt"], last.data()["expiresAt"]);
    clock.advance(SignedDuration::from_mins(5));
    let expired = read(&w, user, &id).await;
    assert_eq!((expired.status, &expired.data()["status"]), (200, &json!("expired")));
    assert!(expired.data().get("link").is_none());
}

#[tokio::test]
async fn a_link_that_can_not_be_signed_is_a_503() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let id = id_of(&ask(&w, user, "one").await);
    build(&w).await;
    w.exports.set_down(true);
    let answer = read(&w, user, &id).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
}

#[tokio::test]
async fn a_context_or_a_bucket_that_fails_leaves_the_export_pending_and_the_next_try_makes_it() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let id = id_of(&ask(&w, user, "one").await);
    w.contexts.fail(1);
    assert_eq!(build(&w).await, 1, "the queue has to bring it again");
    w.exports.set_down(true);
    assert_eq!(build(&w).await, 1);
    assert_eq!(status(&w, user, &id).await, "pending");
    assert!(w.exports.keys().is_empty(), "half an archive");
    w.exports.set_down(false);
    assert_eq!(build(&w).await, 0);
    assert_eq!(status(&w, user, &id).await, "ready");
    let asked = w.contexts.asked.lock().unwrap().len();
    assert_eq!(build(&w).await, 0, "the event comes twice");
    assert_eq!(w.contexts.asked.lock().unwrap().len(), asked, "and is made once");
}

#[tokio::test]
async fn an_export_that_nobody_could_make_fails_in_time_makes_room_and_can_still_become_ready() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    let first = id_of(&ask(&w, user, "one").await);
    w.services.base.kit.clock.advance(SignedDuration::from_mins(119));
    assert_eq!(status(&w, user, &first).await, "pending");
    w.services.base.kit.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(status(&w, user, &first).await, "failed");
    let second = id_of(&ask(&w, user, "two").await);
    assert_ne!(first, second);
    assert_eq!(build(&w).await, 0, "both events, the given up one's without effect");
    assert_eq!(
        (&status(&w, user, &first).await[..], &status(&w, user, &second).await[..]),
        ("failed", "ready")
    );
    assert_eq!(w.exports.keys(), [key(user, &second)]);

    let other = w.user(Role::Student).await;
    let late = id_of(&ask(&w, other, "one").await);
    w.services.base.kit.clock.advance(SignedDuration::from_hours(3));
    build(&w).await;
    assert_eq!(status(&w, other, &late).await, "ready", "an operator let it come again");
}

#[tokio::test]
async fn whoever_is_erased_leaves_no_archive_whenever_it_was_made() {
    let w = world().await;
    let (user, other) = (w.user(Role::Student).await, w.user(Role::Student).await);
    let (before, kept) = (id_of(&ask(&w, user, "one").await), id_of(&ask(&w, other, "one").await));
    build(&w).await;
    let during = id_of(&ask(&w, user, "two").await);
    erased(&w, user).await;
    assert_eq!(read(&w, user, &before).await.status, 401, "the token was taken back");
    // An archive of a try that was under way when the rows went.
    let objects: &dyn lectern_runtime::objects::Objects = &*w.exports;
    objects.put(&key(user, &during), "application/zip", b"PK".to_vec()).await.unwrap();
    let late = requested(&w).pop().unwrap();
    assert_eq!(deliver(&build_export::use_case(), &w.services, &[late]).await, 0);
    assert_eq!(w.exports.keys().len(), 2, "the late one is gone: {:?}", w.exports.keys());
    let event = erased_event(&w, user);
    w.exports.set_down(true);
    assert_eq!(deliver(&delete_exports::use_case(), &w.services, std::slice::from_ref(&event)).await, 1);
    w.exports.set_down(false);
    for _ in 0..2 {
        assert_eq!(deliver(&delete_exports::use_case(), &w.services, std::slice::from_ref(&event)).await, 0);
        assert_eq!(w.exports.keys(), [key(other, &kept)]);
    }
}

fn erased_event(w: &World, user: UserId) -> Envelope {
    let mut event = w
        .cx()
        .seal(lectern_domain::identity::Export::request(ExportId(uuid::Uuid::now_v7()), user, w.cx().now()).1)
        .remove(0);
    event.kind = "user.erased".to_owned();
    event.aggregate.kind = "user".to_owned();
    event.aggregate.id = user.0;
    event.data = json!({ "role": "student" });
    event
}

#[tokio::test]
async fn an_erased_user_gets_no_export_even_with_a_request_under_way() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    erased(&w, user).await;
    let late =
        TestRequest::new(As::User(user, Role::Student)).access_version(9).header("idempotency-key", "late");
    let late = late.send(&request_export::use_case(), &w.services).await;
    assert_eq!((late.status, late.problem()), (404, "not-found"));
    assert!(requested(&w).is_empty());
}

#[tokio::test]
async fn an_export_costs_two_round_trips_to_ask_for_and_one_to_read() {
    let w = world().await;
    let user = w.user(Role::Student).await;
    // The mark that an event was published comes on top when there is a bus; and the limit is counted by a
    // statement of its own, as everywhere.
    w.bus.set_down(true);
    let before = w.services.base.round_trips();
    let request = TestRequest::new(As::User(user, Role::Student)).header("idempotency-key", "one");
    let asked = request.send(&request_export::use_case().rate_limits(&[]), &w.services).await;
    let after = w.services.base.round_trips();
    assert_eq!(after - before, 2);
    read(&w, user, &id_of(&asked)).await.data();
    assert_eq!(w.services.base.round_trips() - after, 1);
}
