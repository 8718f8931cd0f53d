//! How a tutor comes to be found: profile, files, verification, hours; and how students find exactly that tutor, in
//! their own time zone.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::files::fetch;
use crate::support::http::{Answer, Call};
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// Sent with the version of what is there.
async fn put(world: &World, tutor: &Person, path: &str, body: Value) -> Answer {
    let present = world.api.get("/v1/tutors/me", &tutor.access_token).await;
    let call = Call::new("PUT", path).token(&tutor.access_token).body(body);
    world.api.call(call.header("if-match", present.header("etag").unwrap())).await
}

fn missing(answer: &Value) -> Vec<&str> {
    answer.as_array().unwrap().iter().map(|each| each["what"].as_str().unwrap()).collect()
}

/// Profile, subjects and rates of a tutor in Madrid who has one word of their own.
async fn fills_the_profile(world: &World, tutor: &Person, word: &str) {
    let begun = world.api.get("/v1/tutors/me", &tutor.access_token).await;
    assert_eq!(begun.data(200)["profile"], Value::Null, "the account's events began it");
    let profile = json!({
        "displayName": "Emmy Noether", "headline": format!("Invariants by {word}"), "bio": "Rings and more.",
        "timeZone": "Europe/Madrid", "country": "ES",
        "languages": [{ "language": "es", "level": "native" }, { "language": "en", "level": "fluent" }],
        "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4500, "currency": "EUR" },
    });
    let call = Call::new("PUT", "/v1/tutors/me").token(&tutor.access_token).body(profile);
    world.api.call(call).await.data(200);
    let subjects = json!({ "subjects": [
        { "subject": "linear-algebra", "levels": ["school", "university"], "yearsOfExperience": 9 },
    ] });
    put(world, tutor, "/v1/tutors/me/subjects", subjects).await.data(200);
    let rates = json!({
        "hourlyRate": { "amount": 5200, "currency": "EUR" }, "trialPrice": { "amount": 1000, "currency": "EUR" },
    });
    put(world, tutor, "/v1/tutors/me/rates", rates).await.data(200);
}

/// Tuesdays in the evening, in Madrid.
async fn publishes_hours(world: &World, tutor: &Person) {
    let hours = json!({
        "weekly": [{ "weekday": "tuesday", "from": "18:00", "to": "21:00" }],
        "bufferBeforeMinutes": 0, "bufferAfterMinutes": 10, "minimumNoticeMinutes": 0, "horizonDays": 60,
        "lessonMinutes": [50],
    });
    let call = Call::new("PUT", "/v1/tutors/me/availability").token(&tutor.access_token).body(hours);
    world.api.call(call).await.data(200);
}

async fn submits(world: &World, tutor: &Person) -> String {
    let answer = world.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
    answer.data(201)["verificationId"].as_str().unwrap().to_owned()
}

async fn decide(world: &World, admin: &Person, verification: &str, how: &str, body: Value) -> Answer {
    let path = format!("/v1/admin/verifications/{verification}/{how}");
    world.api.post(&path, &admin.access_token, body).await
}

/// Submits with too little, hands in what is missing, is asked for changes, submits again; gives the submission.
async fn is_reviewed(world: &World, tutor: &Person, admins: &[Person; 2]) -> String {
    let path = "/v1/tutors/me/verification";
    let early = world.api.post(path, &tutor.access_token, json!({})).await;
    early.is_problem(409, "wrong-state");
    assert_eq!(missing(&early.body["missing"]), ["identity_document", "qualification"]);
    let identity = world.hand_in(tutor, "identity").await;
    world.hand_in(tutor, "degree").await;
    let first = submits(world, tutor).await;

    decide(world, &admins[0], &first, "claim", json!({})).await.data(200);
    let second = decide(world, &admins[1], &first, "approve", json!({})).await;
    second.is_problem(409, "wrong-state");
    reads_the_document(world, &admins[0], &identity, tutor).await;
    let reason = json!({ "reason": "Please say more about yourself." });
    decide(world, &admins[0], &first, "request-changes", reason).await.data(200);
    let told = world.api.get(path, &tutor.access_token).await;
    assert_eq!(told.data(200)["status"], "changes_requested");
    assert_eq!(told.data(200)["reason"], "Please say more about yourself.");

    let again = submits(world, tutor).await;
    assert_ne!(again, first);
    let seen = world.api.get(&format!("/v1/admin/verifications/{again}"), &admins[1].access_token).await;
    assert_eq!(seen.data(200)["documents"].as_array().unwrap().len(), 2);
    again
}

/// An admin reads a document; the audit log tells.
async fn reads_the_document(world: &World, admin: &Person, document: &str, tutor: &Person) {
    let path = format!("/v1/admin/documents/{document}/link");
    let link = world.api.get(&path, &admin.access_token).await.data(200).clone();
    let file = fetch(link["url"].as_str().unwrap()).await;
    assert_eq!((file.0, file.1.as_str(), file.2.get(..5)), (200, "application/pdf", Some(&b"%PDF-"[..])));
    let path = format!("/v1/admin/audit-log?action=tutor.document_read&subject=user:{}", tutor.id);
    until("the look is in the audit log", SOON, async || {
        let log = world.api.get(&path, &admin.access_token).await;
        let found = log.data(200)["items"].as_array().unwrap().first().cloned()?;
        assert_eq!(found["actor"], format!("user:{}", admin.id));
        assert_eq!(found["details"]["documentId"], document);
        Some(())
    })
    .await;
}

/// The first Tuesday that is at least a day ahead, 17:00 to 23:00 in UTC: the evening in Madrid, whatever the season.
fn tuesday_evening() -> (Timestamp, Timestamp) {
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    let mut day = tomorrow.to_zoned(jiff::tz::TimeZone::UTC).date();
    while day.weekday() != jiff::civil::Weekday::Tuesday {
        day = day.tomorrow().unwrap();
    }
    let at = |hour| day.at(hour, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    (at(15), at(22))
}

async fn found(world: &World, query: &str) -> Vec<String> {
    let answer = world.api.read(&format!("/v1/tutors?{query}")).await;
    let items = answer.data(200)["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["tutorId"].as_str().unwrap().to_owned()).collect()
}

async fn is_found_exactly(world: &World, tutor: &Person, word: &str) {
    let (from, to) = tuesday_evening();
    let wrong_day = SignedDuration::from_hours(48);
    let free = format!("availableFrom={from}&availableTo={to}&minutes=50");
    let not_free = format!("availableFrom={}&availableTo={}&minutes=50", from + wrong_day, to + wrong_day);
    let mut mistyped = word.to_owned();
    mistyped.remove(4);
    let queries = [
        format!("q={word}"),
        format!("q={mistyped}"),
        // A part of mathematics is found by its whole.
        format!("q={word}&subject=mathematics&level=university&language=en&country=ES"),
        format!("q={word}&currency=EUR&minPrice=5000&maxPrice=5500&sort=price"),
        format!("q={word}&{free}"),
    ];
    for query in queries {
        until(&format!("the tutor is found by {query}"), SOON, async || {
            (found(world, &query).await == [tutor.id.clone()]).then_some(())
        })
        .await;
    }
    for query in [format!("q={word}&subject=programming"), format!("q={word}&{not_free}")] {
        assert!(found(world, &query).await.is_empty(), "{query}");
    }
}

/// What anybody sees, and when a student in Kolkata (half an hour off the full ones) can book.
async fn is_seen(world: &World, tutor: &Person) {
    let answer = world.api.read(&format!("/v1/tutors/{}", tutor.id)).await;
    let profile = answer.data(200);
    assert_eq!(profile["displayName"], "Emmy N.");
    assert_eq!(profile["hourlyRate"]["amount"], 5200);
    let text = profile.to_string();
    for hidden in ["Noether", tutor.email.as_str(), "document", "trialled"] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
    let (from, to) = tuesday_evening();
    let path = format!("/v1/tutors/{}/slots?from={from}&to={to}&minutes=50&timeZone=Asia/Kolkata", tutor.id);
    let answer = world.api.read(&path).await;
    let slots = answer.data(200)["items"].as_array().unwrap().clone();
    assert!(!slots.is_empty());
    for slot in &slots {
        let start: Timestamp = slot["start"].as_str().unwrap().parse().unwrap();
        let in_madrid = start.in_tz("Europe/Madrid").unwrap();
        assert!((18..21).contains(&in_madrid.hour()), "{slot}");
        assert!(slot["localStart"].as_str().unwrap().contains("+05:30"), "{slot}");
    }
}

#[tokio::test]
async fn a_tutor_is_verified_and_a_student_finds_exactly_that_tutor_in_the_own_time_zone() {
    let world = World::shared().await;
    let (tutor, admins) =
        (world.newcomer().await, [world.staff("admin").await, world.appointed("admin").await]);
    let word = format!("w{}", Uuid::new_v4().simple());
    fills_the_profile(&world, &tutor, &word).await;
    publishes_hours(&world, &tutor).await;
    let submission = is_reviewed(&world, &tutor, &admins).await;
    assert!(found(&world, &format!("q={word}")).await.is_empty(), "only the approved are found");
    decide(&world, &admins[1], &submission, "approve", json!({})).await.data(200);
    is_found_exactly(&world, &tutor, &word).await;
    is_seen(&world, &tutor).await;

    // A day off; then the account is suspended for a while.
    let (tuesday, _) = tuesday_evening();
    let date = tuesday.in_tz("Europe/Madrid").unwrap().date();
    let off = json!({ "date": date.to_string(), "kind": "time_off" });
    let path = "/v1/tutors/me/availability/overrides";
    let off = world.api.post(path, &tutor.access_token, off).await.data(201)["overrideId"].clone();
    let (from, to) = tuesday_evening();
    let free = format!("q={word}&availableFrom={from}&availableTo={to}&minutes=50");
    until("nobody is free on a day off", SOON, async || found(&world, &free).await.is_empty().then_some(()))
        .await;
    let back = Call::new("DELETE", format!("{path}/{}", off.as_str().unwrap())).token(&tutor.access_token);
    world.api.call(back).await.data(200);
    until("the hours are back", SOON, async || (found(&world, &free).await.len() == 1).then_some(())).await;
    let user = format!("/v1/admin/users/{}", tutor.id);
    let why = json!({ "reason": "a test" });
    world.api.post(&format!("{user}/suspend"), &admins[0].access_token, why).await.data(200);
    until("a suspended tutor is not found", SOON, async || {
        found(&world, &format!("q={word}")).await.is_empty().then_some(())
    })
    .await;
    world.api.post(&format!("{user}/reinstate"), &admins[0].access_token, json!({})).await.data(200);
    until("a reinstated tutor is found", SOON, async || {
        (found(&world, &format!("q={word}")).await.len() == 1).then_some(())
    })
    .await;

    let mut kinds = vec!["tutor.profile_created"; 1];
    kinds.extend(["tutor.profile_updated", "tutor.profile_updated", "tutor.availability_changed"]);
    kinds.extend(["tutor.verification_submitted", "tutor.changes_requested"]);
    kinds.extend(["tutor.verification_submitted", "tutor.approved"]);
    kinds.extend(["tutor.availability_changed", "tutor.availability_changed"]);
    world.assert_events("tutor", &tutor.id, &kinds).await;
}

#[tokio::test]
async fn a_rejected_tutor_is_told_why_and_can_not_submit_again() {
    let world = World::shared().await;
    let (tutor, admin) = (world.newcomer().await, world.staff("admin").await);
    world.put_profile(&tutor).await;
    let document = world.hand_in(&tutor, "identity").await;
    world.hand_in(&tutor, "certificate").await;
    let submission = submits(&world, &tutor).await;
    let wordless = decide(&world, &admin, &submission, "reject", json!({})).await;
    wordless.is_problem(422, "invalid-fields");
    let body = json!({ "reason": "This is not you.", "documents": [{ "documentId": document, "reason": "Another's." }] });
    decide(&world, &admin, &submission, "reject", body).await.data(200);
    let told = world.api.get("/v1/tutors/me/verification", &tutor.access_token).await;
    assert_eq!(
        (&told.data(200)["status"], &told.data(200)["reason"]),
        (&json!("rejected"), &json!("This is not you."))
    );
    let again = world.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
    again.is_problem(409, "wrong-state");
    let documents = world.api.get("/v1/tutors/me/documents", &tutor.access_token).await;
    let documents = documents.data(200)["documents"].as_array().unwrap().clone();
    let refused = documents.iter().find(|each| each["documentId"] == document.as_str()).unwrap();
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("rejected"), &json!("Another's.")));
    world
        .assert_events(
            "tutor",
            &tutor.id,
            &["tutor.profile_created", "tutor.verification_submitted", "tutor.rejected"],
        )
        .await;
}
