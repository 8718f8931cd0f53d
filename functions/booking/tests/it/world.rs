//! What a test stands on.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lectern_booking::sagas::Sagas;
use lectern_booking::slots::{SlotCheck, Slots, Wanted};
use lectern_booking::{Booking, book_lesson};
use lectern_domain::booking::BookingTerms;
use lectern_domain::id::{LessonId, UserId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::role::Role;
use lectern_postgres::Base;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::testing::TestDatabase;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::internal::InternalError;
use lectern_runtime::testing::{Answered, As, RecordingBus, TestRequest};
use lectern_runtime::{Fault, Kit};
use serde_json::{Value, json};
use uuid::Uuid;

/// A state machine that only remembers, and can be told to be down.
#[derive(Default)]
pub struct ToldSagas {
    pub started: Mutex<Vec<LessonId>>,
    pub answered: Mutex<Vec<(String, Value)>>,
    pub down: Mutex<bool>,
    /// Attempts of executions that have died.
    pub dead: Mutex<Vec<String>>,
}

impl ToldSagas {
    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    fn check(&self) -> Result<(), Fault> {
        if *self.down.lock().unwrap() { Err(Fault::transient("down")) } else { Ok(()) }
    }

    pub fn answers(&self) -> Vec<(String, Value)> {
        self.answered.lock().unwrap().clone()
    }
}

#[async_trait]
impl Sagas for ToldSagas {
    async fn start(&self, lesson: LessonId, attempt: i32) -> Result<String, Fault> {
        self.check()?;
        self.started.lock().unwrap().push(lesson);
        Ok(format!("arn:{lesson}-{attempt}"))
    }
    async fn is_running(&self, execution_arn: &str) -> Result<bool, Fault> {
        self.check()?;
        Ok(!self.dead.lock().unwrap().iter().any(|dead| dead == execution_arn))
    }
    async fn answer(&self, token: &str, output: &Value) -> Result<(), Fault> {
        self.check()?;
        self.answered.lock().unwrap().push((token.to_owned(), output.clone()));
        Ok(())
    }
}

/// A tutor whose every hour is free, or who is told otherwise.
pub struct ToldSlots {
    pub answer: Mutex<Result<Option<SlotCheck>, String>>,
}

pub fn free_slot() -> SlotCheck {
    SlotCheck {
        bookable: true,
        reason: None,
        reason_code: None,
        price: Some(Money::new(4_500, Currency::Usd)),
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        nearest: Vec::new(),
    }
}

#[async_trait]
impl Slots for ToldSlots {
    async fn check(&self, _wanted: &Wanted, _correlation: &str) -> Result<Option<SlotCheck>, InternalError> {
        self.answer.lock().unwrap().clone().map_err(InternalError::Unavailable)
    }
}

pub struct World {
    pub services: Arc<Booking>,
    pub bus: Arc<RecordingBus>,
    pub sagas: Arc<ToldSagas>,
    pub slots: Arc<ToldSlots>,
    pub database: TestDatabase,
    pub tutor: UserId,
    pub student: UserId,
}

pub const NOW: &str = "2027-03-01T09:00:00Z";

pub async fn world() -> World {
    let database = TestDatabase::new(lectern_booking::CONTEXT, &lectern_booking::migrations()).await;
    let (bus, sagas) = (RecordingBus::new(), Arc::new(ToldSagas::default()));
    let slots = Arc::new(ToldSlots { answer: Mutex::new(Ok(Some(free_slot()))) });
    let base = Base {
        kit: Kit { clock: Clock::at(NOW.parse().unwrap()) },
        env: Arc::new(Env::of(&[])),
        db: database.connect(),
        bus: bus.clone(),
        revocation_cache: RevocationCache::default(),
    };
    let services = Arc::new(Booking {
        base,
        sagas: sagas.clone(),
        slots: slots.clone(),
        terms: BookingTerms::default(),
    });
    let fresh = || UserId(Uuid::now_v7());
    World { services, bus, sagas, slots, database, tutor: fresh(), student: fresh() }
}

impl World {
    pub fn advance(&self, by: SignedDuration) {
        self.services.base.kit.clock.advance(by);
    }

    pub fn as_student(&self) -> As {
        As::User(self.student, Role::Student)
    }

    pub fn as_tutor(&self) -> As {
        As::User(self.tutor, Role::Tutor)
    }

    /// What books an hour with the tutor, `hours` from the start of the test.
    pub fn wish(&self, hours: i64) -> Value {
        let start: Timestamp = NOW.parse().unwrap();
        let start = start + SignedDuration::from_hours(hours);
        json!({ "tutorId": self.tutor, "start": start, "minutes": 60, "subject": "algebra" })
    }

    pub async fn book(&self, who: As, key: &str, wish: &Value) -> Answered {
        let request = TestRequest::new(who).header("Idempotency-Key", key).json(wish);
        request.send(&book_lesson::use_case(), &self.services).await
    }

    /// A booked lesson's id.
    pub async fn booked(&self, hours: i64) -> LessonId {
        let answer = self.book(self.as_student(), &Uuid::now_v7().to_string(), &self.wish(hours)).await;
        LessonId::parse(answer.data()["lessonId"].as_str().unwrap()).unwrap()
    }
}
