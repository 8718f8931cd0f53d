//! What is held on a tutor: given out whole, and taken away whole.

use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_domain::role::Role;
use lectern_runtime::objects::Objects as _;
use lectern_runtime::testing::{As, TestRequest, deliver, invoke};
use lectern_tutoring::{
    approve_verification, check_slot, erase_tutoring_user, export_tutoring_data, get_own_tutor_profile,
    get_tutor, list_verifications, put_tutor_profile, search_tutors, submit_verification,
};
use serde_json::{Value, json};

use lectern_domain::tutoring::upload::FileType;
use lectern_tutoring::inspection::samples;

use super::lessons::{Lesson, taken};
use super::world::{NOW, World, as_admin, as_nobody, as_tutor, at, availability, profile, submission, user};

/// What must be found before, and nowhere after.
const WORDS: [&str; 4] = ["Wilhelmina", "hypotenuse", "taught in Göttingen", "reason with her name"];

pub fn erased(id: UserId, role: Role) -> Envelope {
    Envelope {
        id: EventId(user().0),
        kind: "user.erased".to_owned(),
        version: 1,
        occurred_at: at(NOW).into(),
        aggregate: AggregateRef { kind: "user".to_owned(), id: id.0, sequence: 9 },
        actor: format!("user:{id}"),
        correlation_id: "c".to_owned(),
        causation_id: "c".to_owned(),
        data: json!({ "role": role }),
    }
}

pub async fn take_in(world: &World, event: &Envelope) {
    let events = std::slice::from_ref(event);
    assert_eq!(deliver(&erase_tutoring_user::use_case(), &world.services, events).await, 0);
}

/// Everything of them is filled: profile, hours, a decision with a reason, lessons, a kept answer.
async fn known_tutor(world: &World) -> UserId {
    let mut profile = profile();
    profile["displayName"] = json!("Wilhelmina T.");
    profile["headline"] = json!("The hypotenuse and I");
    profile["bio"] = json!("I taught in Göttingen.");
    let id = world.tutor(&profile).await;
    let hours = as_tutor(id).json(&availability());
    world.send(lectern_tutoring::put_availability::use_case(), hours).await.data();
    let verification = world.submit(id).await;
    let request = as_admin(user()).path("verificationId", verification);
    let request = request.json(&json!({ "reason": "A reason with her name: Wilhelmina" }));
    world.send(approve_verification::use_case(), request).await.data();
    let lesson = Lesson::of(id, "2027-05-04T08:00:00Z", "2027-05-04T09:00:00Z");
    taken(world, &[lesson.event("lesson.scheduled", 2)]).await;
    let document = samples::pdf();
    let (_, key) = world.send_document(id, FileType::Pdf, &document).await;
    assert_eq!(world.arrives(&key).await, 0);
    let (photo, wrong) = (samples::jpeg(120, 120), samples::png(120, 120));
    let (_, key) = world.send_photo(id, FileType::Jpeg, &photo, &photo).await;
    assert_eq!(world.arrives(&key).await, 0);
    let (_, key) = world.send_photo(id, FileType::Jpeg, &photo, &wrong).await;
    assert_eq!(world.arrives(&key).await, 0);
    id
}

async fn pages(world: &World, id: UserId) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut request = TestRequest::new(As::Service("build-export")).path("userId", id);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let (page, trips) = world.counted(world.send(export_tutoring_data::use_case(), request)).await;
        assert_eq!(trips, 1);
        items.extend(page.data()["items"].as_array().unwrap().clone());
        match page.data()["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return items,
        }
    }
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everything_that_is_held_on_a_tutor_is_given_out_and_nothing_of_others() {
    let world = World::new().await;
    let (id, other) = (known_tutor(&world).await, world.tutor(&profile()).await);
    let items = pages(&world, id).await;
    // The third document came after the approval, and queued a second look.
    let held = [
        ["summary", "tutorProfile"].as_slice(),
        &["verification"; 2],
        &["lessonTime"],
        &["document"; 3],
        &["photo"; 2],
    ];
    assert_eq!(kinds(&items), held.concat());
    assert_eq!(items[0]["data"][2], "Documents that were announced or handed in for verification: 3.");
    let documents = items.iter().filter(|item| item["kind"] == "document");
    let mut statuses: Vec<_> = documents.map(|item| item["data"]["status"].as_str().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["accepted", "accepted", "uploaded"]);
    assert_eq!(
        items[0]["data"][0],
        "A tutor profile under the name Wilhelmina T.; its verification: approved."
    );
    let text = Value::from(items).to_string();
    for word in WORDS {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    assert!(!text.contains(&other.to_string()) && !text.contains("Ada L."));
    let admin = world.look("SELECT decided_by::text FROM verifications WHERE decided_by IS NOT NULL").await
        [0]
    .get::<_, String>(0);
    assert!(!text.contains(&admin), "which admin decided is not the tutor's to know");
    let of_admin = pages(&world, UserId::parse(&admin).unwrap()).await;
    assert_eq!(kinds(&of_admin), ["summary", "verificationInHand"]);
    assert!(pages(&world, user()).await.is_empty(), "of somebody unknown there is nothing");
}

#[tokio::test]
async fn what_is_held_comes_in_pages_of_a_megabyte_without_a_gap() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let client = lectern_postgres::database::connect(&world.db.admin_url, None).await.unwrap();
    let many = "INSERT INTO lesson_times (lesson_id, tutor_id, starts_at, ends_at, busy, sequence)
                SELECT gen_random_uuid(), $1, now(), now() + interval '1 hour', true, 1
                FROM generate_series(1, 12345)";
    client.execute(many, &[&id.0]).await.unwrap();
    let request = TestRequest::new(As::Service("build-export")).path("userId", id);
    let first = world.send(export_tutoring_data::use_case(), request).await;
    assert!((100_000..1_200_000).contains(&first.text.len()), "{} bytes", first.text.len());
    let items = pages(&world, id).await;
    assert_eq!(items.len(), 12_347);
    let mut ids: Vec<_> = items[2..].iter().map(|item| item["data"]["lessonId"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 12_345, "each once");
}

#[tokio::test]
async fn a_cursor_that_nobody_gave_is_refused() {
    let world = World::new().await;
    let request =
        TestRequest::new(As::Service("build-export")).path("userId", user()).query("cursor", "AAAA");
    let answer = world.send(export_tutoring_data::use_case(), request).await;
    assert_eq!((answer.status, answer.bad_fields()), (422, vec!["cursor"]));
}

#[tokio::test]
async fn an_erased_tutor_leaves_no_word_in_any_table_and_can_neither_be_found_nor_booked() {
    let world = World::new().await;
    let id = known_tutor(&world).await;
    for word in WORDS {
        assert!(!world.db.tables_with(word).await.is_empty(), "{word} was never there");
    }
    let event = erased(id, Role::Tutor);
    for _ in 0..2 {
        take_in(&world, &event).await;
        for word in WORDS.iter().chain(&["Europe/Berlin"]) {
            let tables = world.db.tables_with(word).await;
            // Events on their way name ids, zone and subjects; they go within days.
            assert!(
                tables.iter().all(|table| table == "outbox" && *word == "Europe/Berlin"),
                "{word}: {tables:?}"
            );
        }
        assert!(world.look("SELECT 1 FROM idempotency_keys").await.is_empty());
    }
    assert_eq!(world.look("SELECT 1 FROM inbox WHERE consumer = 'erase-tutoring-user'").await.len(), 1);
    assert_eq!(world.look("SELECT 1 FROM lesson_times").await.len(), 1, "the student's past");

    let found = world.send(search_tutors::use_case(), as_nobody()).await;
    assert_eq!(found.data()["items"], json!([]));
    assert_eq!(world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await.status, 404);
    let wanted =
        json!({ "tutorId": id, "start": "2027-05-04T10:00:00Z", "minutes": 60, "subject": "algebra" });
    let wanted = TestRequest::new(As::Service("book-lesson")).json(&wanted);
    assert_eq!(world.send(check_slot::use_case(), wanted).await.status, 404);
    let listed = world.send(list_verifications::use_case(), as_admin(user())).await;
    let decided = &listed.data()["items"][0];
    assert_eq!((&decided["status"], decided.get("displayName")), (&json!("approved"), None), "{decided}");
    assert_eq!(decided["decision"].get("reason"), None);
    assert_eq!(kinds(&pages(&world, id).await), ["summary", "verification", "lessonTime"]);
}

#[tokio::test]
async fn an_erased_tutor_can_not_come_back_under_the_same_id() {
    let world = World::new().await;
    let (known, unknown) = (known_tutor(&world).await, user());
    for id in [known, unknown] {
        take_in(&world, &erased(id, Role::Tutor)).await;
        let late = as_tutor(id).json(&profile());
        assert_eq!(world.send(put_tutor_profile::use_case(), late).await.status, 409);
        assert_eq!(world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await.status, 404);
        assert_eq!(world.send(submit_verification::use_case(), submission(id)).await.status, 409);
    }
    assert!(world.db.tables_with("Ada L.").await.is_empty());
}

#[tokio::test]
async fn what_nobody_has_decided_yet_can_not_be_decided_any_more() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let verification = world.submit(id).await;
    take_in(&world, &erased(id, Role::Tutor)).await;
    let request = as_admin(user()).path("verificationId", verification).json(&json!({}));
    assert_eq!(world.send(approve_verification::use_case(), request).await.status, 404);
    assert!(world.look("SELECT 1 FROM verifications").await.is_empty());
    assert_eq!(world.look("SELECT 1 FROM tutors WHERE erased_at IS NOT NULL").await.len(), 1);
}

#[tokio::test]
async fn of_a_student_who_never_taught_there_is_nothing_to_take_away() {
    let world = World::new().await;
    take_in(&world, &erased(user(), Role::Student)).await;
    assert!(world.look("SELECT 1 FROM tutors").await.is_empty());
}

#[tokio::test]
async fn a_decision_still_can_not_be_changed_and_its_words_go_only_with_the_tutor() {
    let world = World::new().await;
    let id = known_tutor(&world).await;
    let client = lectern_postgres::database::connect(&world.db.admin_url, None).await.unwrap();
    let refused = [
        "UPDATE verifications SET reason = NULL",
        "UPDATE verifications SET decided_at = now()",
        "DELETE FROM verifications",
    ];
    for sql in refused {
        assert!(client.execute(sql, &[]).await.is_err(), "{sql}");
    }
    take_in(&world, &erased(id, Role::Tutor)).await;
    for sql in &refused[1..] {
        assert!(client.execute(*sql, &[]).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn the_files_of_an_erased_tutor_are_gone_also_when_the_first_try_failed_and_those_of_others_stay() {
    let world = World::new().await;
    let (id, other) = (known_tutor(&world).await, known_tutor(&world).await);
    // Announced before, and sent while the erasure was under way.
    let late = samples::pdf();
    let (_, sent) = world.send_document(id, FileType::Pdf, &late).await;
    let of = |who: UserId| {
        let keys = world.files.keys().into_iter();
        keys.filter(|key| key.contains(&who.to_string())).count()
    };
    assert_eq!((of(id), of(other)), (3, 2), "document, photo, and what was sent");
    let event = erased(id, Role::Tutor);
    world.files.set_down(true);
    let failed =
        deliver(&erase_tutoring_user::use_case(), &world.services, std::slice::from_ref(&event)).await;
    assert_eq!(failed, 1, "the event comes again");
    world.files.set_down(false);
    take_in(&world, &event).await;
    assert_eq!((of(id), of(other)), (0, 2));
    for table in ["documents", "photos"] {
        let left = world.look(&format!("SELECT 1 FROM {table} WHERE tutor_id = '{id}'")).await;
        assert!(left.is_empty(), "{table}");
    }
    world.files.put(&sent, "application/pdf", late).await.unwrap();
    assert_eq!(world.arrives(&sent).await, 0);
    assert_eq!(of(id), 0, "nobody waits for it any more");
}

#[tokio::test]
async fn an_event_that_can_not_be_read_goes_back() {
    let world = World::new().await;
    let mut event = erased(user(), Role::Tutor);
    event.data = json!({});
    assert_eq!(deliver(&erase_tutoring_user::use_case(), &world.services, &[event]).await, 1);
    assert!(invoke(&erase_tutoring_user::use_case(), &world.services, json!({})).await.is_err());
}
