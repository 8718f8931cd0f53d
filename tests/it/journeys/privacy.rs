//! What is held on a person is theirs to have, and to take away.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, Zoned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::archive::members;
use crate::support::copy::Copy;
use crate::support::database;
use crate::support::families::Child;
use crate::support::files::{pdf, send};
use crate::support::http::Call;
use crate::support::lessons::{Lesson, Pair};
use crate::support::people::{PASSWORD, Person};
use crate::support::search::Search;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// Somebody with words that nobody else has, so that each hit means something.
struct Somebody {
    person: Person,
    words: Words,
}

#[derive(Clone)]
struct Words {
    email: String,
    first_name: String,
    last_name: String,
    birth: String,
    /// What they, or others about them, write where there is room for it.
    bio: String,
}

impl Words {
    fn new(kind: &str) -> Self {
        let id = Uuid::new_v4();
        let [year, month, day, ..] = id.into_bytes();
        let birth = format!("{}-{:02}-{:02}", 1930 + u16::from(year % 40), 1 + month % 12, 1 + day % 28);
        let id = &id.simple().to_string()[..10];
        Self {
            email: format!("zyx-{kind}-{id}@lectern.example"),
            first_name: format!("Quorn{kind}{id}"),
            last_name: format!("Vrabelzott{id}"),
            birth,
            bio: format!("theremin{kind}{id}"),
        }
    }

    fn registration(&self, role: &str) -> Value {
        json!({
            "email": self.email, "password": PASSWORD, "firstName": self.first_name, "lastName": self.last_name,
            "dateOfBirth": self.birth, "role": role, "timeZone": "Europe/London",
        })
    }

    fn all(&self) -> [&str; 5] {
        [&self.email, &self.first_name, &self.last_name, &self.birth, &self.bio]
    }
}

impl World {
    /// Registers somebody with unusual words, who then tells of themselves.
    async fn somebody(&self, role: &str) -> Somebody {
        let words = Words::new(role);
        self.enrol(&words.registration(role)).await;
        let person = self.sign_in(&words.email, PASSWORD).await;
        let me = self.api.get("/v1/users/me", &person.access_token).await;
        let body = json!({ "bio": format!("I play the {}.", words.bio), "skills": [words.bio] });
        let patch = Call::new("PATCH", "/v1/users/me").token(&person.access_token).body(body);
        self.api.call(patch.header("if-match", me.header("etag").unwrap())).await.data(200);
        Somebody { person, words }
    }

    /// A tutor of that kind, whose profile tells the same, approved in words that name them.
    async fn tutor_in_full(&self) -> Somebody {
        let tutor = self.somebody("tutor").await;
        let words = &tutor.words;
        let profile = json!({
            "displayName": words.first_name, "headline": format!("With {}", words.bio),
            "bio": format!("I am {} {} and play the {}.", words.first_name, words.last_name, words.bio),
            "timeZone": "Europe/London", "country": "GB",
            "languages": [{ "language": "en", "level": "native" }],
            "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
            "hourlyRate": { "amount": 4500, "currency": "USD" },
            "videoUrl": format!("https://videos.example/{}", words.bio),
        });
        self.api.put("/v1/tutors/me", &tutor.person.access_token, profile).await.data(200);
        self.put_hours(&tutor.person).await;
        self.hands_over(&tutor).await;
        let verification = self.submit(&tutor.person).await;
        let admin = self.staff("admin").await;
        let path = format!("/v1/admin/verifications/{verification}/approve");
        let reason =
            json!({ "reason": format!("{} {} is who they say.", words.first_name, words.last_name) });
        self.api.post(&path, &admin.access_token, reason).await.data(200);
        self.stripe.onboard(&tutor.person.id).await;
        tutor
    }

    /// A document with the tutor's name in it, and the address of a calendar that nobody answers for.
    async fn hands_over(&self, tutor: &Somebody) {
        let (person, words) = (&tutor.person, &tutor.words);
        let file = pdf(&format!("{} {} is certified.", words.first_name, words.last_name));
        let announced = self.announces(person, "certificate", "application/pdf", &file).await;
        assert_eq!(send(&announced["upload"], &file, &[]).await, 204);
        let id = announced["documentId"].as_str().unwrap();
        assert_eq!(self.looked_at(person, id).await["status"], "uploaded");
        let calendar = json!({ "url": format!("https://calendars.example/{}.ics", words.bio) });
        self.api.put("/v1/tutors/me/busy-calendar", &person.access_token, calendar).await.data(200);
    }

    /// Asks for an export and waits for it; gives the answer with the link.
    async fn export(&self, person: &Person) -> Value {
        let asked = self.api.call(Call::new("POST", "/v1/users/me/export").token(&person.access_token)).await;
        let id = asked.data(202)["exportId"].as_str().unwrap().to_owned();
        let path = format!("/v1/users/me/export/{id}");
        until("the export is ready", SOON, async || {
            let answer = self.api.get(&path, &person.access_token).await;
            let export = answer.data(200);
            assert_ne!(export["status"], "failed", "{export:#}");
            (export["status"] == "ready").then(|| export.clone())
        })
        .await
    }

    async fn cancel_because(&self, lesson: &Lesson<'_>, by: &Person, reason: &str) {
        let path = format!("/v1/lessons/{}/cancel", lesson.id);
        self.api.post(&path, &by.access_token, json!({ "reason": reason })).await.data(200);
    }
}

/// A GET without any authorization, as of somebody who has got hold of a link.
async fn fetch(link: &str) -> (u16, Vec<u8>) {
    let answer = reqwest::get(link).await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn an_export_is_one_archive_of_all_contexts_for_its_owner_alone() {
    let world = World::shared().await;
    let student = world.somebody("student").await;
    let tutor = world.tutor().await;
    let start = world.free_time(&tutor, 48).await;
    let pair = Pair { student: student.person.clone(), tutor, start };
    let lesson = world.scheduled(&pair).await;
    let payment = lesson.payment().await;

    let export = world.export(&student.person).await;
    let link = export["link"].as_str().unwrap();
    let (status, bytes) = fetch(link).await;
    assert_eq!(status, 200);
    assert_eq!(export["bytes"], bytes.len());
    let files: BTreeMap<_, _> = members(&bytes).into_iter().collect();
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    for context in Copy::get().contexts() {
        let name = format!("{context}.json");
        let parsed: Result<Value, _> = serde_json::from_str(&text(&name));
        assert!(parsed.is_ok(), "{name}: {parsed:?}");
    }
    for word in student.words.all() {
        assert!(text("identity.json").contains(word), "{word} is held and not exported");
    }
    assert!(text("booking.json").contains(&lesson.id), "{}", text("booking.json"));
    assert!(text("payments.json").contains(&payment), "{}", text("payments.json"));
    let readable = files.keys().find(|name| name.ends_with(".html") || name.ends_with(".txt"));
    assert!(text(readable.expect("a summary for people")).contains(&student.words.first_name));
    let others = pair.tutor.email.as_str();
    let leak = files.iter().find(|(_, content)| String::from_utf8_lossy(content).contains(others));
    assert!(leak.is_none(), "{others} in {leak:?}");

    let id = export["exportId"].as_str().unwrap();
    let path = format!("/v1/users/me/export/{id}");
    world.api.get(&path, &pair.tutor.access_token).await.is_problem(404, "not-found");
    the_link_can_not_be_changed(link).await;
    world.assert_events("export", id, &["export.requested"]).await;
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
}

async fn the_link_can_not_be_changed(link: &str) {
    let (object, query) = link.split_once('?').unwrap();
    assert_eq!(fetch(object).await.0, 403, "without a signature");
    let last = link.chars().last().unwrap();
    let other = if last == '0' { '1' } else { '0' };
    let forged = format!("{}{other}", &link[..link.len() - 1]);
    assert_eq!(fetch(&forged).await.0, 403, "with another signature");
    let (start, name) = object.rsplit_once('/').unwrap();
    let elsewhere = format!("{start}/{}?{query}", name.replace(|c: char| c.is_ascii_hexdigit(), "0"));
    assert_eq!(fetch(&elsewhere).await.0, 403, "for another object");
    let longer = link.replace("X-Amz-Expires=900", "X-Amz-Expires=604800");
    assert_ne!(longer, link, "a link of 15 minutes");
    assert_eq!(fetch(&longer).await.0, 403, "for longer");
}

#[tokio::test]
async fn nothing_personal_is_left_of_a_student_a_tutor_and_a_child_who_were_erased() {
    let world = World::shared().await;
    let (student, tutor) = futures::join!(student_in_full(&world), world.tutor_in_full());
    let (child, child_words, manage) = child_in_full(&world).await;
    let start = world.free_time(&tutor.person, 48).await;
    let pair = Pair { student: student.person.clone(), tutor: tutor.person.clone(), start };
    lead_a_life(&world, &pair, &student.words, &tutor.words).await;
    let (_, _) = futures::join!(world.export(&student.person), world.export(&tutor.person));

    let mut words: Vec<String> = child_words;
    words.extend(student.words.all().map(str::to_owned));
    words.extend(tutor.words.all().map(str::to_owned));
    let search = Search::new(&world, words.clone());
    the_search_finds(&world, &search, &student, &words).await;

    for person in [&student.person, &tutor.person] {
        let erased = world.api.delete("/v1/users/me", &person.access_token).await;
        assert_eq!(erased.data(200), &json!({ "erased": true }));
        let again = world.api.delete("/v1/users/me", &person.access_token).await;
        again.is_problem(401, "unauthenticated");
    }
    world.patiently(Call::new("DELETE", format!("/v1/consents/{manage}"))).await.data(200);
    nothing_is_left(&search, &world).await;
    a_tombstone_stands(&world, &[&student.person, &tutor.person]).await;
    world.api.read(&format!("/v1/tutors/{}", tutor.person.id)).await.is_problem(404, "not-found");

    for email in [&student.words.email, &tutor.words.email, &child.email] {
        let account = world.aws.pool_account(email).await;
        assert!(account.is_none(), "{account:#?}");
    }
    for (words, person) in [(&student.words, &student.person), (&tutor.words, &tutor.person)] {
        world.login(&words.email, PASSWORD).await.is_problem(401, "sign-in-failed");
        world.enrol(&words.registration("student")).await;
        let again = world.sign_in(&words.email, PASSWORD).await;
        assert_ne!(again.id, person.id, "it is another account");
        world.api.delete("/v1/users/me", &again.access_token).await.data(200);
    }
}

/// A student who has been suspended, and has signed in from two places.
async fn student_in_full(world: &World) -> Somebody {
    let student = world.somebody("student").await;
    let admin = world.staff("admin").await;
    let path = |what: &str| format!("/v1/admin/users/{}/{what}", student.person.id);
    let reason = json!({ "reason": format!("{} was rude.", student.words.last_name) });
    world.api.post(&path("suspend"), &admin.access_token, reason).await.data(200);
    world.api.post(&path("reinstate"), &admin.access_token, json!({})).await.data(200);
    let list = format!("/v1/admin/users?text={}", student.words.last_name);
    world.api.get(&list, &admin.access_token).await.data(200);
    let wrong = world.login(&student.words.email, "not-the-password").await;
    wrong.is_problem(401, "sign-in-failed");
    world.identity("/v1/auth/register", &student.words.registration("student")).await.data(202);
    let body = json!({ "email": student.words.email, "password": PASSWORD });
    let call = Call::new("POST", "/v1/auth/login").body(body);
    world
        .patiently(call.header("user-agent", format!("Phone of {}", student.words.last_name)))
        .await
        .data(200);
    let person = world.sign_in(&student.words.email, PASSWORD).await;
    Somebody { person, words: student.words }
}

/// A child with its parent's consent; its words, and the parent's link.
async fn child_in_full(world: &World) -> (Child, Vec<String>, String) {
    // Nobody else's birthday, in years when there are no other dates.
    let days = 4 * i32::from(Uuid::new_v4().as_bytes()[0]);
    let birth = (Zoned::now().date() - 8.years() - days.days()).to_string();
    let child = Child { birth, ..Child::new() };
    world.enrol(&child.registration()).await;
    let manage = world.consented(&child, &["collection"]).await;
    let kid = world.sign_in(&child.email, PASSWORD).await;
    let me = world.api.get("/v1/users/me", &kid.access_token).await;
    let last_name = format!("Vrabelkid{}", &Uuid::new_v4().simple().to_string()[..10]);
    let patch = Call::new("PATCH", "/v1/users/me").token(&kid.access_token);
    let patch = patch.body(json!({ "lastName": last_name })).header("if-match", me.header("etag").unwrap());
    world.api.call(patch).await.data(200);
    let words = vec![
        child.email.clone(),
        child.parent.clone(),
        child.first_name.clone(),
        child.birth.clone(),
        last_name,
    ];
    (child, words, manage)
}

/// A lesson paid and completed, and one called off by each, in words that name them.
async fn lead_a_life(world: &World, pair: &Pair, student: &Words, tutor: &Words) {
    let favourite = format!("/v1/users/me/favourites/{}", pair.tutor.id);
    world.api.call(Call::new("PUT", favourite).token(&pair.student.access_token)).await.data(200);
    let wish = json!({
        "subject": "algebra", "level": "school", "goal": format!("To count {} {}.", student.first_name, student.bio),
        "budget": { "amount": 5000, "currency": "USD" }, "languages": ["en"], "timeZone": "Europe/London",
        "weeklyTimes": [{ "weekday": "monday", "from": "16:00", "to": "20:00" }],
    });
    world.api.post("/v1/match-requests", &pair.student.access_token, wish).await.data(201);
    let lesson = world.scheduled(pair).await;
    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    for (hours, by, words) in [(96, &pair.student, student), (120, &pair.tutor, tutor)] {
        let start = world.free_time(&pair.tutor, hours).await;
        let off = Pair { start, student: pair.student.clone(), tutor: pair.tutor.clone() };
        let lesson = world.scheduled(&off).await;
        let reason = format!("{} {} has {} practice.", words.first_name, words.last_name, words.bio);
        world.cancel_because(&lesson, by, &reason).await;
        lesson.payment_is("refunded").await;
    }
    world.assert_ledger_is_right().await;
}

/// Else that it finds nothing later would mean nothing.
async fn the_search_finds(world: &World, search: &Search<'_>, student: &Somebody, words: &[String]) {
    let rows = search.postgres().await;
    for word in words {
        let word = word.to_lowercase();
        assert!(rows.iter().any(|hit| hit.starts_with(&word)), "{word} was never stored");
    }
    for context in ["identity", "tutoring", "booking"] {
        assert!(rows.iter().any(|hit| hit.contains(&format!("{context}'s"))), "{context}: {rows:#?}");
    }
    for table in ["tutors", "tutor_search", "busy_calendars", "match_requests", "verifications"] {
        assert!(
            rows.iter().any(|hit| hit.ends_with(&format!("tutoring's public.{table}"))),
            "{table}: {rows:#?}"
        );
    }
    let objects = search.objects().await;
    for object in [".zip!", "/documents/"] {
        assert!(objects.iter().any(|hit| hit.contains(object)), "{object}: {objects:#?}");
    }
    // What may be in events and logs is found there.
    let ids = Search::new(world, [student.person.id.as_str()]);
    assert!(!ids.dynamodb().await.is_empty(), "no event names the student's id");
    let logged = Search::new(world, ["request-export"]).logs().await;
    for place in ["the log", "functions.log"] {
        assert!(logged.iter().any(|hit| hit.contains(place)), "{place} was not read");
    }
}

async fn nothing_is_left(search: &Search<'_>, world: &World) {
    let mut found = Vec::new();
    let started = std::time::Instant::now();
    while started.elapsed() < SOON {
        found = search.postgres().await;
        found.extend(search.objects().await);
        found.extend(search.queues().await);
        if found.is_empty() {
            break;
        }
        world.settle().await;
    }
    assert!(found.is_empty(), "{found:#?}");
    let found = search.everywhere().await;
    assert!(found.is_empty(), "{found:#?}");
}

async fn a_tombstone_stands(world: &World, erased: &[&Person]) {
    for person in erased {
        let sql = "SELECT wish FROM erasures WHERE user_id = $1::text::uuid";
        let wish: String = database::one("identity", sql, &[&person.id]).await;
        assert_eq!(wish, "own");
        until("the erasure is in the event store", SOON, async || {
            let events = world.aws.events("user", &person.id).await;
            (events.last()?["type"] == "user.erased").then_some(())
        })
        .await;
    }
}
