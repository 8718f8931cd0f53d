//! What every test here stands on: a database of its own, a bus that remembers, a clock that stands still.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::{UserId, uuid_v7};
use lectern_domain::role::Role;
use lectern_domain::tutoring::busy_calendar::{CalendarError, CalendarUrl};
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::testing::TestDatabase;
use lectern_postgres::{Base, Database};
use lectern_runtime::clock::{Clock, random_bytes};
use lectern_runtime::config::Env;
use lectern_runtime::objects::Objects;
use lectern_runtime::objects::testing::MemoryObjects;
use lectern_runtime::testing::{Answered, As, RecordingBus, TestRequest};
use lectern_runtime::{Kit, UseCase};
use lectern_tutoring::busy_calendar::Calendars;
use lectern_tutoring::{
    CONTEXT, Tutoring, approve_verification, migrations, put_availability, put_tutor_profile,
    submit_verification,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Monday noon in UTC.
pub const NOW: &str = "2027-05-03T12:00:00Z";

pub struct World {
    pub db: TestDatabase,
    pub bus: Arc<RecordingBus>,
    pub clock: Clock,
    pub services: Arc<Tutoring>,
    pub calendars: Arc<TableOfCalendars>,
    pub files: Arc<MemoryObjects>,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDatabase::new(CONTEXT, &migrations()).await;
        let (bus, clock) = (RecordingBus::new(), Clock::at(at(NOW)));
        let (calendars, files) = (Arc::default(), Arc::default());
        let services = services(db.connect(), &bus, &clock, &calendars, &files);
        Self { db, bus, clock, services, calendars, files }
    }

    /// Another function environment on the same database.
    pub fn another(&self) -> Arc<Tutoring> {
        services(self.db.connect(), &self.bus, &self.clock, &self.calendars, &self.files)
    }

    pub async fn send(&self, use_case: UseCase<Tutoring>, request: TestRequest) -> Answered {
        request.send(&use_case, &self.services).await
    }

    /// Runs something and counts its round trips to the database, the revocation check's apart.
    pub async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.services.base.round_trips();
        let outcome = work.await;
        (outcome, self.services.base.round_trips() - before)
    }

    /// A tutor with this profile.
    pub async fn tutor(&self, profile: &Value) -> UserId {
        let id = user();
        self.send(put_tutor_profile::use_case(), as_tutor(id).json(profile)).await.data();
        id
    }

    /// A tutor who has been approved and teaches at these hours.
    pub async fn approved(&self, profile: &Value, availability: &Value) -> UserId {
        let id = self.tutor(profile).await;
        self.send(put_availability::use_case(), as_tutor(id).json(availability)).await.data();
        self.approve(id).await;
        id
    }

    pub async fn approve(&self, id: UserId) {
        let verification = self.submit(id).await;
        let request = as_admin(user()).path("verificationId", verification).json(&json!({}));
        self.send(approve_verification::use_case(), request).await.data();
    }

    /// Hands in what a submission needs, and submits; gives the verification's id.
    pub async fn submit(&self, id: UserId) -> String {
        self.hands_in(id, &[("identity", "uploaded"), ("degree", "uploaded")]).await;
        let answer = self.send(submit_verification::use_case(), submission(id)).await;
        answer.data()["verificationId"].as_str().unwrap().to_owned()
    }

    /// Documents of these kinds in these states; gives their ids.
    pub async fn hands_in(&self, id: UserId, documents: &[(&str, &str)]) -> Vec<Uuid> {
        let client = lectern_postgres::database::connect(&self.db.admin_url, None).await.unwrap();
        let sql = "
            INSERT INTO documents (id, tutor_id, kind, status, content_type, size, sha256, created_at,
                                   uploaded_at, reason)
            VALUES ($1, $2, $3, $4::text, 'application/pdf', 1000, sha256('a'), $5::timestamptz,
                    CASE WHEN $4::text <> 'awaiting_upload' THEN $5::timestamptz END,
                    CASE $4::text WHEN 'rejected' THEN 'Not readable.' END)";
        let (now, mut ids) = (self.clock.now(), Vec::new());
        for (kind, status) in documents {
            let document = user().0;
            client.execute(sql, &[&document, &id.0, kind, status, &now]).await.unwrap();
            ids.push(document);
        }
        ids
    }

    /// What a superuser sees.
    pub async fn look(&self, sql: &str) -> Vec<lectern_postgres::Row> {
        Database::from_url(self.db.admin_url.clone()).read(sql, &[]).await.unwrap()
    }
}

/// Calendars elsewhere, out of a table: what is at each URL, or why it can't be had.
#[derive(Default)]
pub struct TableOfCalendars {
    known: Mutex<HashMap<String, Result<String, CalendarError>>>,
    fetched: Mutex<Vec<String>>,
}

impl TableOfCalendars {
    pub fn put(&self, url: &str, text: Result<&str, CalendarError>) {
        self.known.lock().unwrap().insert(url.to_owned(), text.map(str::to_owned));
    }

    /// The URLs that were asked for, in order.
    pub fn fetched(&self) -> Vec<String> {
        self.fetched.lock().unwrap().clone()
    }
}

#[async_trait]
impl Calendars for TableOfCalendars {
    async fn fetch(&self, url: &CalendarUrl) -> Result<String, CalendarError> {
        self.fetched.lock().unwrap().push(url.secret().to_owned());
        let known = self.known.lock().unwrap().get(url.secret()).cloned();
        known.unwrap_or(Err(CalendarError::Unreachable))
    }
}

fn services(
    db: Database,
    bus: &Arc<RecordingBus>,
    clock: &Clock,
    calendars: &Arc<TableOfCalendars>,
    files: &Arc<MemoryObjects>,
) -> Arc<Tutoring> {
    let base = Base {
        kit: Kit { clock: clock.clone() },
        env: Arc::new(Env::of(&[])),
        db,
        bus: Arc::clone(bus) as Arc<dyn lectern_runtime::bus::EventBus>,
        revocation_cache: RevocationCache::default(),
    };
    let calendars = Arc::clone(calendars) as Arc<dyn Calendars>;
    let files = Arc::clone(files) as Arc<dyn Objects>;
    Arc::new(Tutoring { base, policy: TutoringPolicy::default(), calendars, files })
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn user() -> UserId {
    UserId(uuid_v7(at(NOW), random_bytes()))
}

pub fn as_tutor(id: UserId) -> TestRequest {
    TestRequest::new(As::User(id, Role::Tutor))
}

pub fn as_student(id: UserId) -> TestRequest {
    TestRequest::new(As::User(id, Role::Student))
}

pub fn as_admin(id: UserId) -> TestRequest {
    TestRequest::new(As::User(id, Role::Admin))
}

pub fn as_nobody() -> TestRequest {
    TestRequest::new(As::Nobody)
}

pub fn submission(id: UserId) -> TestRequest {
    as_tutor(id).header("idempotency-key", user()).json(&json!({}))
}

pub fn profile() -> Value {
    json!({
        "displayName": "Ada L.", "headline": "Proofs with patience", "bio": "I taught.\nI teach.",
        "timeZone": "Europe/Berlin", "country": "DE",
        "languages": [{ "language": "en", "level": "native" }],
        "subjects": [{ "subject": "algebra", "levels": ["school", "university"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4_500, "currency": "EUR" },
    })
}

/// A profile that differs in what a search looks at.
pub fn profile_of(name: &str, headline: &str, subject: &str) -> Value {
    let mut profile = profile();
    profile["displayName"] = json!(name);
    profile["headline"] = json!(headline);
    profile["subjects"][0]["subject"] = json!(subject);
    profile
}

/// 09:00 to 17:00 on Tuesdays.
pub fn availability() -> Value {
    json!({
        "weekly": [{ "weekday": "tuesday", "from": "09:00", "to": "17:00" }],
        "bufferBeforeMinutes": 0, "bufferAfterMinutes": 0, "minimumNoticeMinutes": 0, "horizonDays": 60,
        "lessonMinutes": [30, 60],
    })
}
