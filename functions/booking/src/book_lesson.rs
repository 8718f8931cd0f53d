//! `POST /v1/lessons`.

use deserr::Deserr;
use lectern_domain::booking::{Booking as Agreed, Lesson};
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{LessonId, UserId};
use lectern_domain::text::Line;
use lectern_domain::time::{Bounded, Instant, TimeRange};
use lectern_postgres::{DbError, idempotency};
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::internal::InternalError;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde_json::json;

use crate::services::{Booking, SAGAS, SLOTS};
use crate::slots::{Slot, SlotCheck, Wanted};
use crate::store::lessons::{self, NewLesson};
use crate::store::sagas;
use crate::view::LessonView;

const NAME: &str = "book-lesson";

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http(NAME, Method::Post, "/v1/lessons", book_lesson)
        .summary("Book a slot; it is held while the student pays")
        .needs(&[Need::Database, Need::Bus, SAGAS, SLOTS])
        .idempotent()
        .problems(&[&problem::SLOT_TAKEN, &problem::SLOT_NOT_BOOKABLE, &problem::NOT_FOUND])
}

/// A slot, and what for.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct BookLesson {
    tutor_id: UserId,
    /// Of a slot of `GET /v1/tutors/{tutorId}/slots`.
    start: Instant,
    minutes: Bounded<1, 480>,
    subject: Line<60>,
}

async fn book_lesson(
    cx: Cx<Booking>,
    caller: Student,
    request: Request<Nothing, Nothing, BookLesson>,
) -> Result<Created<LessonView>, Problem> {
    let key = request.idempotency_key()?.clone();
    let who = caller.id().to_string();
    let stored = lessons::first_answer(&cx.base.db, &who, NAME, &key).await?;
    if let Some(answer) = idempotency::earlier(stored, &key)? {
        return Ok(Created::replay(answer));
    }
    let body = request.body;
    if body.tutor_id == caller.id() {
        return Err(FieldErrors::one("tutorId", "must be somebody else").into());
    }
    let minutes = u16::try_from(body.minutes.get()).unwrap_or(u16::MAX);
    let wanted = Wanted { tutor_id: body.tutor_id, start: body.start.get(), minutes, subject: body.subject };
    let check = check(&cx, &wanted).await?;
    if check.is_taken() {
        let detail = check.reason.as_deref().unwrap_or("Somebody else was faster.");
        return taken(&cx, detail, &who, &key, &check.nearest).await;
    }
    let agreed = agree(&cx, caller.id(), &wanted, &check)?;
    let (lesson, events) = Lesson::request(LessonId(cx.fresh_id()), agreed, cx.now());
    let events = cx.seal(events);
    let view = LessonView::from(&lesson);
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    let new = NewLesson {
        lesson: &lesson,
        events: &events,
        caller: &who,
        use_case: NAME,
        key: &key,
        answer: &answer,
    };
    match lessons::insert(&cx.base.db, new).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::not_found("tutor")),
        Err(error) => return lost(&cx, error, &who, &key, &check.nearest).await,
    }
    // From here on the booking stands: what fails below is made up for by relay and sweep.
    cx.base.publish(&events).await;
    start_saga(&cx, lesson.id).await;
    let location = format!("/v1/lessons/{}", lesson.id);
    Ok(Created::new(view).location(location).etag(lesson.sequence))
}

async fn check(cx: &Cx<Booking>, wanted: &Wanted) -> Result<SlotCheck, Problem> {
    match cx.slots.check(wanted, cx.correlation_id()).await {
        Ok(Some(check)) => Ok(check),
        Ok(None) => Err(Problem::not_found("tutor")),
        Err(error @ InternalError::Unavailable(_)) => Err(Problem::unavailable(error)),
        Err(error @ InternalError::Refused { .. }) => Err(Problem::internal(error)),
    }
}

fn agree(
    cx: &Cx<Booking>,
    student_id: UserId,
    wanted: &Wanted,
    check: &SlotCheck,
) -> Result<Agreed, Problem> {
    let (true, Some(price)) = (check.bookable, check.price) else {
        let reason = check.reason.as_deref().unwrap_or("The tutor has no free slot at this time.");
        return Err(Problem::new(&problem::SLOT_NOT_BOOKABLE)
            .detail(reason)
            .with("nearest", json!(check.nearest)));
    };
    let time = TimeRange::of_minutes(wanted.start, wanted.minutes)
        .ok_or_else(|| FieldErrors::one("start", "must be a time that the calendar knows"))?;
    // Between two lessons the tutor wants the time after the one and the time before the other.
    let gap_minutes = check.buffer_before_minutes.saturating_add(check.buffer_after_minutes);
    Ok(Agreed {
        student_id,
        tutor_id: wanted.tutor_id,
        subject: wanted.subject.clone(),
        time,
        gap_minutes,
        price,
        terms: cx.terms,
    })
}

/// The insert was refused: by another lesson at this time, or by the same request at the same moment.
async fn lost(
    cx: &Cx<Booking>,
    error: DbError,
    who: &str,
    key: &IdempotencyKey,
    nearest: &[Slot],
) -> Result<Created<LessonView>, Problem> {
    if error.is_constraint(idempotency::CONSTRAINT) {
        return idempotency::read(&cx.base.db, who, NAME, key).await.map(Created::replay);
    }
    if error.is_constraint(lessons::TUTOR_FREE) || error.is_constraint(lessons::STUDENT_FREE) {
        let detail = if error.is_constraint(lessons::STUDENT_FREE) {
            "You have another lesson at this time."
        } else {
            "Somebody else was faster."
        };
        return taken(cx, detail, who, key, nearest).await;
    }
    Err(error.into())
}

/// There is a lesson at this time. It may be the one of this very request, sent twice at once: which constraint speaks
/// first isn't defined, and `tutoring` may have heard of it already.
async fn taken(
    cx: &Cx<Booking>,
    detail: &str,
    who: &str,
    key: &IdempotencyKey,
    nearest: &[Slot],
) -> Result<Created<LessonView>, Problem> {
    let stored = lessons::first_answer(&cx.base.db, who, NAME, key).await?;
    if let Some(answer) = idempotency::earlier(stored, key)? {
        return Ok(Created::replay(answer));
    }
    Err(Problem::new(&problem::SLOT_TAKEN).detail(detail).with("nearest", json!(nearest)))
}

async fn start_saga(cx: &Cx<Booking>, lesson: LessonId) {
    let started = match cx.sagas.start(lesson, 1).await {
        Ok(arn) => sagas::started(&cx.base.db, lesson, &arn).await.map_err(|e| e.to_string()),
        Err(fault) => Err(fault.message),
    };
    if let Err(cause) = started {
        tracing::warn!(cause, %lesson, "state machine not started; the sweep will");
    }
}
