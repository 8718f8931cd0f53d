//! The table `lesson_sagas`.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::{LessonId, PaymentId};
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde_json::Value;
use uuid::Uuid;

use crate::signal::{Ready, Wait};

/// How long a saga is left to the function that began it before the sweep takes it up.
const LEAVE_TO_WRITER: SignedDuration = SignedDuration::from_secs(10);
/// How long after its time a saga's next step is looked for.
const LONG_DUE: SignedDuration = SignedDuration::from_secs(30);
/// Sagas that a sweep takes at once.
const SWEEP_MAX: i64 = 100;

macro_rules! ready_columns {
    () => {
        "CASE WHEN payment_answered_at IS NULL AND payment_outcome IS NOT NULL THEN payment_token END AS payment_token,
         payment_outcome,
         CASE WHEN outcome_answered_at IS NULL AND outcome IS NOT NULL THEN outcome_token END AS outcome_token,
         outcome"
    };
}
pub(super) use ready_columns;

/// The tokens of a row that have an answer and were not answered yet.
pub(super) fn ready(row: &Row) -> Result<Vec<Ready>, DbError> {
    let mut ready = Vec::new();
    for (wait, token, answer) in
        [(Wait::Payment, "payment_token", "payment_outcome"), (Wait::Outcome, "outcome_token", "outcome")]
    {
        if let Some(token) = row.try_get::<_, Option<String>>(token)? {
            let Json(answer) = row.try_get::<_, Json<Value>>(answer)?;
            ready.push(Ready { wait, token, answer });
        }
    }
    Ok(ready)
}

fn first_ready(rows: &[Row]) -> Result<Vec<Ready>, DbError> {
    rows.first().map_or(Ok(Vec::new()), ready)
}

/// Notes the execution of a lesson's saga.
pub async fn started(db: &Database, lesson: LessonId, execution_arn: &str) -> Result<(), DbError> {
    let sql = "UPDATE lesson_sagas SET execution_arn = $2, updated_at = now(),
                      status = CASE status WHEN 'requested' THEN 'running' ELSE status END
               WHERE lesson_id = $1";
    db.write(sql, &[(&lesson.0, Type::UUID), (&execution_arn, Type::TEXT)]).await.map(drop)
}

/// Writes a token down; gives what is ready to be answered now. A new token replaces an older one, whose step
/// was run again.
pub async fn put_token(
    db: &Database,
    lesson: LessonId,
    wait: Wait,
    token: &str,
) -> Result<Vec<Ready>, DbError> {
    let sql = match wait {
        Wait::Payment => concat!(
            "UPDATE lesson_sagas SET payment_token = $2, payment_answered_at = NULL, updated_at = now()
             WHERE lesson_id = $1 RETURNING ",
            ready_columns!()
        ),
        Wait::Outcome => concat!(
            "UPDATE lesson_sagas SET outcome_token = $2, outcome_answered_at = NULL, updated_at = now()
             WHERE lesson_id = $1 RETURNING ",
            ready_columns!()
        ),
    };
    let rows = db.write(sql, &[(&lesson.0, Type::UUID), (&token, Type::TEXT)]).await?;
    first_ready(&rows)
}

/// Writes down how the payment ended, the first word of it; gives what is ready to be answered now.
pub async fn put_payment_outcome(
    db: &Database,
    lesson: LessonId,
    payment: PaymentId,
    outcome: &Value,
) -> Result<Vec<Ready>, DbError> {
    let sql = concat!(
        "WITH paid AS (
             UPDATE lessons SET payment_id = coalesce(payment_id, $3) WHERE id = $1
         )
         UPDATE lesson_sagas SET payment_outcome = coalesce(payment_outcome, $2), updated_at = now()
         WHERE lesson_id = $1 RETURNING ",
        ready_columns!()
    );
    let outcome = Json(outcome);
    let rows =
        db.write(sql, &[(&lesson.0, Type::UUID), (&outcome, Type::JSONB), (&payment.0, Type::UUID)]).await?;
    first_ready(&rows)
}

/// Notes that a token was answered.
pub async fn answered(db: &Database, lesson: LessonId, wait: Wait, at: Timestamp) -> Result<(), DbError> {
    let sql = match wait {
        Wait::Payment => "UPDATE lesson_sagas SET payment_answered_at = $2 WHERE lesson_id = $1",
        Wait::Outcome => "UPDATE lesson_sagas SET outcome_answered_at = $2 WHERE lesson_id = $1",
    };
    db.write(sql, &[(&lesson.0, Type::UUID), (&at, Type::TIMESTAMPTZ)]).await.map(drop)
}

/// Notes that a saga has ended well.
pub async fn closed(db: &Database, lesson: LessonId) -> Result<(), DbError> {
    let sql = "UPDATE lesson_sagas SET status = 'closed', updated_at = now() WHERE lesson_id = $1";
    db.write(sql, &[(&lesson.0, Type::UUID)]).await.map(drop)
}

/// Notes that a saga waits for a person, why, and with which token.
pub async fn parked(db: &Database, lesson: LessonId, because: &str, token: &str) -> Result<(), DbError> {
    let sql = "UPDATE lesson_sagas SET status = 'parked', parked_because = $2, parked_token = $3,
                      updated_at = now()
               WHERE lesson_id = $1";
    db.write(sql, &[(&lesson.0, Type::UUID), (&because, Type::TEXT), (&token, Type::TEXT)]).await.map(drop)
}

/// The token of a parked saga.
pub async fn parked_token(db: &Database, lesson: LessonId) -> Result<Option<String>, DbError> {
    let sql = "SELECT parked_token FROM lesson_sagas WHERE lesson_id = $1 AND status = 'parked'";
    let rows = db.read(sql, &[(&lesson.0, Type::UUID)]).await?;
    rows.first().map_or(Ok(None), |row| Ok(row.try_get(0)?))
}

/// Notes that a parked saga goes on.
pub async fn resumed(db: &Database, lesson: LessonId) -> Result<(), DbError> {
    let sql = "UPDATE lesson_sagas SET status = 'running', parked_token = NULL, updated_at = now()
               WHERE lesson_id = $1 AND status = 'parked'";
    db.write(sql, &[(&lesson.0, Type::UUID)]).await.map(drop)
}

/// What a crash left behind.
#[derive(Debug)]
pub struct LeftBehind {
    /// The lesson.
    pub lesson: LessonId,
    /// The attempt whose execution was never started, if that is so.
    pub not_started: Option<i32>,
    /// Tokens that were never answered.
    pub ready: Vec<Ready>,
}

/// Sagas that were begun a while ago and not started, or not answered.
pub async fn left_behind(db: &Database, now: Timestamp) -> Result<Vec<LeftBehind>, DbError> {
    let sql = concat!(
        "SELECT lesson_id, CASE status WHEN 'requested' THEN attempt END AS not_started, ",
        ready_columns!(),
        " FROM lesson_sagas
          WHERE (status = 'requested' AND created_at < $1)
             OR (updated_at < $1 AND (
                    (payment_token IS NOT NULL AND payment_outcome IS NOT NULL AND payment_answered_at IS NULL)
                    OR (outcome_token IS NOT NULL AND outcome IS NOT NULL AND outcome_answered_at IS NULL)))
          ORDER BY lesson_id LIMIT $2"
    );
    let before = now - LEAVE_TO_WRITER;
    let rows = db.read(sql, &[(&before, Type::TIMESTAMPTZ), (&SWEEP_MAX, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            let lesson = LessonId(row.try_get::<_, Uuid>("lesson_id")?);
            Ok(LeftBehind { lesson, not_started: row.try_get("not_started")?, ready: ready(row)? })
        })
        .collect()
}

/// A saga that should have gone on by now.
#[derive(Debug)]
pub struct Overdue {
    /// The lesson.
    pub lesson: LessonId,
    /// Its execution.
    pub execution_arn: String,
}

/// Running sagas whose next step is long due: the hold is over and the lesson still waits for its payment; the
/// outcome is known and the dispute window over; the lesson should have completed by itself.
pub async fn overdue(db: &Database, now: Timestamp) -> Result<Vec<Overdue>, DbError> {
    let sql = "
        SELECT s.lesson_id, s.execution_arn
        FROM lesson_sagas s JOIN lessons l ON l.id = s.lesson_id
        WHERE s.status = 'running' AND s.execution_arn IS NOT NULL AND s.updated_at < $1 AND (
            l.status IN ('expired', 'cancelled')
            OR (l.status = 'pending_payment' AND l.hold_expires_at < $1)
            OR (l.status = 'completed'
                AND s.updated_at + make_interval(secs => (l.terms ->> 'disputeWindowSeconds')::int) < $1)
            OR (l.status IN ('scheduled', 'in_progress')
                AND l.ends_at + make_interval(secs => (l.terms ->> 'autoCompleteSeconds')::int) < $1))
        ORDER BY s.lesson_id LIMIT $2";
    let before = now - LONG_DUE;
    let rows = db.read(sql, &[(&before, Type::TIMESTAMPTZ), (&SWEEP_MAX, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            let lesson = LessonId(row.try_get::<_, Uuid>("lesson_id")?);
            Ok(Overdue { lesson, execution_arn: row.try_get("execution_arn")? })
        })
        .collect()
}

/// Gives up a dead execution; gives the number of the attempt that is to follow it. `None` when somebody else
/// was faster.
pub async fn restart(db: &Database, overdue: &Overdue) -> Result<Option<i32>, DbError> {
    let sql = "UPDATE lesson_sagas SET attempt = attempt + 1, status = 'requested', execution_arn = NULL,
                      created_at = now(), updated_at = now()
               WHERE lesson_id = $1 AND execution_arn = $2 AND status = 'running'
               RETURNING attempt";
    let rows =
        db.write(sql, &[(&overdue.lesson.0, Type::UUID), (&overdue.execution_arn, Type::TEXT)]).await?;
    rows.first().map_or(Ok(None), |row| Ok(Some(row.try_get(0)?)))
}
