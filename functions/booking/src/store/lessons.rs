//! The table `lessons`.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::booking::{Booking, BookingTerms, Cancellation, CancelledBy, Lesson, LessonStatus};
use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::role::{Person, Role};
use lectern_domain::text::Text;
use lectern_domain::time::TimeRange;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, idempotency, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;
use uuid::Uuid;

use super::sagas::{ready, ready_columns};
use crate::signal::Ready;

/// Refuses two lessons of one tutor at a time.
pub const TUTOR_FREE: &str = "lessons_tutor_free";
/// Refuses two lessons of one student at a time.
pub const STUDENT_FREE: &str = "lessons_student_free";

macro_rules! columns {
    () => {
        "id, student_id, tutor_id, subject, starts_at, ends_at, blocked_until, price_amount, price_currency, status,
         terms, hold_expires_at, payment_id, cancelled_by, cancel_reason, refund_amount, sequence"
    };
}

pub(super) use columns;

/// A lesson out of [`columns`].
pub(super) fn lesson(row: &Row) -> Result<Lesson, DbError> {
    let text = |name: &str| row.try_get::<_, &str>(name);
    let currency = Currency::parse(text("price_currency")?)?;
    let time = TimeRange::new(row.try_get("starts_at")?, row.try_get("ends_at")?)
        .ok_or_else(|| DbError::Stored("a lesson has no length".into()))?;
    let gap = row.try_get::<_, Timestamp>("blocked_until")?.duration_since(time.end()).as_mins();
    let Json(terms) = row.try_get::<_, Json<BookingTerms>>("terms")?;
    let cancellation = match row.try_get::<_, Option<&str>>("cancelled_by")? {
        Some(by) => Some(Cancellation {
            by: CancelledBy::parse(by)?,
            reason: Text::parse(text("cancel_reason")?)?,
            refund: Money::new(row.try_get("refund_amount")?, currency),
        }),
        None => None,
    };
    Ok(Lesson {
        id: LessonId(row.try_get("id")?),
        booking: Booking {
            student_id: UserId(row.try_get("student_id")?),
            tutor_id: UserId(row.try_get("tutor_id")?),
            subject: Text::parse(text("subject")?)?,
            time,
            gap_minutes: u16::try_from(gap).unwrap_or_default(),
            price: Money::new(row.try_get("price_amount")?, currency),
            terms,
        },
        status: LessonStatus::parse(text("status")?)?,
        hold_expires_at: row.try_get("hold_expires_at")?,
        payment_id: row.try_get::<_, Option<Uuid>>("payment_id")?.map(PaymentId),
        cancellation,
        sequence: row.try_get("sequence")?,
    })
}

/// The earlier answer to this key, if there is one.
pub async fn first_answer(
    db: &Database,
    caller: &str,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<idempotency::Stored, DbError> {
    let sql = concat!("SELECT ", first_answer!("$1", "$2", "$3"));
    let rows =
        db.read(sql, &[(&caller, Type::TEXT), (&use_case, Type::TEXT), (&key.key, Type::TEXT)]).await?;
    rows.first().map_or(Ok(None), |row| Ok(row.try_get(0)?))
}

/// What is written together with a new lesson.
pub struct NewLesson<'a> {
    /// The lesson.
    pub lesson: &'a Lesson,
    /// Its events.
    pub events: &'a [Envelope],
    /// Who asked.
    pub caller: &'a str,
    /// In which use case.
    pub use_case: &'a str,
    /// With which key.
    pub key: &'a IdempotencyKey,
    /// And was answered what.
    pub answer: &'a Value,
}

/// Puts a lesson in, with its saga, its events and the answer to its idempotency key: all or nothing. The
/// exclusion constraints refuse a time that is taken. `false`, and nothing done, when one of the two people was
/// erased.
pub async fn insert(db: &Database, new: NewLesson<'_>) -> Result<bool, DbError> {
    let sql = "
        WITH lesson AS (
            INSERT INTO lessons (id, student_id, tutor_id, subject, starts_at, ends_at, blocked_until,
                                 price_amount, price_currency, status, terms, hold_expires_at, sequence)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
            WHERE NOT EXISTS (SELECT 1 FROM erased_users WHERE user_id IN ($2, $3))
            RETURNING id
        ), saga AS (
            INSERT INTO lesson_sagas (lesson_id, created_at) SELECT id, $20 FROM lesson
        )
        SELECT outbox_put($14), idempotency_put($15, $16, $17, $18, $19) FROM lesson";
    let (lesson, booking) = (new.lesson, &new.lesson.booking);
    let (start, end) = (booking.time.start(), booking.time.end());
    let blocked_until = end + SignedDuration::from_mins(i64::from(booking.gap_minutes));
    let (subject, status) = (booking.subject.as_str(), lesson.status.as_str());
    let (terms, events) = (Json(booking.terms), outbox::rows(new.events));
    let currency = booking.price.currency.as_str();
    let fingerprint = new.key.fingerprint.as_slice();
    let answer = Json(new.answer);
    let created = lesson.hold_expires_at - SignedDuration::from_secs(i64::from(booking.terms.hold_seconds));
    let params: [Param<'_>; 20] = [
        (&lesson.id.0, Type::UUID),
        (&booking.student_id.0, Type::UUID),
        (&booking.tutor_id.0, Type::UUID),
        (&subject, Type::TEXT),
        (&start, Type::TIMESTAMPTZ),
        (&end, Type::TIMESTAMPTZ),
        (&blocked_until, Type::TIMESTAMPTZ),
        (&booking.price.amount, Type::INT8),
        (&currency, Type::TEXT),
        (&status, Type::TEXT),
        (&terms, Type::JSONB),
        (&lesson.hold_expires_at, Type::TIMESTAMPTZ),
        (&lesson.sequence, Type::INT8),
        (&events, Type::JSONB),
        (&new.caller, Type::TEXT),
        (&new.use_case, Type::TEXT),
        (&new.key.key, Type::TEXT),
        (&fingerprint, Type::BYTEA),
        (&answer, Type::JSONB),
        (&created, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The lesson, for one of its two people.
pub async fn of_participant(db: &Database, id: LessonId, person: Person) -> Result<Option<Lesson>, DbError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM lessons WHERE id = $1 AND CASE $3 WHEN 'tutor' THEN tutor_id ELSE student_id END = $2"
    );
    let role = person.role.as_str();
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&person.id.0, Type::UUID), (&role, Type::TEXT)]).await?;
    rows.first().map(lesson).transpose()
}

/// The lesson, for the state machine.
pub async fn by_id(db: &Database, id: LessonId) -> Result<Option<Lesson>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM lessons WHERE id = $1");
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(lesson).transpose()
}

/// One person's lessons, the latest first, and how many there are.
pub async fn page_of(
    db: &Database,
    person: Person,
    status: Option<LessonStatus>,
    limit: u32,
    offset: u32,
) -> Result<(Vec<Lesson>, u64), DbError> {
    let own = if person.role == Role::Tutor { "tutor_id = $1" } else { "student_id = $1" };
    let sql = format!(
        "SELECT {}, count(*) OVER () AS total FROM lessons
         WHERE {own} AND ($2::text IS NULL OR status = $2)
         ORDER BY starts_at DESC, id LIMIT $3 OFFSET $4",
        columns!()
    );
    let status = status.map(LessonStatus::as_str);
    let (limit, skipped) = (i64::from(limit), i64::from(offset));
    let params: [Param<'_>; 4] =
        [(&person.id.0, Type::UUID), (&status, Type::TEXT), (&limit, Type::INT8), (&skipped, Type::INT8)];
    let rows = db.read(&sql, &params).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    let lessons = rows.iter().map(lesson).collect::<Result<_, _>>()?;
    Ok((lessons, u64::try_from(total).unwrap_or_default()))
}

/// Saves a lesson whose stored sequence is `before`, its events, and what its saga waits for, if that is
/// decided now. Gives what is ready to be answered; `None`, and nothing done, when it has changed since.
pub async fn save(
    db: &Database,
    lesson: &Lesson,
    before: i64,
    events: &[Envelope],
    payment_outcome: Option<&Value>,
) -> Result<Option<Vec<Ready>>, DbError> {
    let sql = concat!(
        "WITH changed AS (
             UPDATE lessons SET status = $3, cancelled_by = $4, cancel_reason = $5, refund_amount = $6,
                    sequence = $7, updated_at = now()
             WHERE id = $1 AND sequence = $2
             RETURNING id
         ), saga AS (
             UPDATE lesson_sagas SET outcome = coalesce(outcome, $8), updated_at = now(),
                    payment_outcome = coalesce(payment_outcome, $10)
             FROM changed WHERE lesson_id = changed.id
             RETURNING *
         )
         SELECT outbox_put($9), ",
        ready_columns!(),
        " FROM saga"
    );
    let status = lesson.status.as_str();
    let cancellation = lesson.cancellation.as_ref();
    let by = cancellation.map(|c| c.by.as_str());
    let reason = cancellation.map(|c| c.reason.as_str());
    let refund = cancellation.map(|c| c.refund.amount);
    let outcome = lesson.outcome().map(Json);
    let events = outbox::rows(events);
    let payment_outcome = payment_outcome.map(Json);
    let params: [Param<'_>; 10] = [
        (&lesson.id.0, Type::UUID),
        (&before, Type::INT8),
        (&status, Type::TEXT),
        (&by, Type::TEXT),
        (&reason, Type::TEXT),
        (&refund, Type::INT8),
        (&lesson.sequence, Type::INT8),
        (&outcome, Type::JSONB),
        (&events, Type::JSONB),
        (&payment_outcome, Type::JSONB),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map(ready).transpose()
}

/// Writes down which payment is a lesson's.
pub async fn attach_payment(db: &Database, id: LessonId, payment: PaymentId) -> Result<(), DbError> {
    let sql = "UPDATE lessons SET payment_id = $2 WHERE id = $1 AND payment_id IS NULL";
    db.write(sql, &[(&id.0, Type::UUID), (&payment.0, Type::UUID)]).await.map(drop)
}
