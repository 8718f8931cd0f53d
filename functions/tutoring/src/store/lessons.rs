//! The table `lesson_times`.

use lectern_domain::id::{EventId, LessonId, UserId};
use lectern_domain::time::TimeRange;
use lectern_domain::tutoring::standing::LessonOutcome;
use lectern_postgres::{Database, DbError, Type};

/// When a lesson is, by one event.
#[derive(Clone, Copy, Debug)]
pub struct LessonTime {
    /// The lesson.
    pub lesson_id: LessonId,
    /// Who teaches it.
    pub tutor_id: UserId,
    /// When.
    pub time: TimeRange,
    /// Whether it holds the time.
    pub busy: bool,
    /// What became of it, if that is known.
    pub outcome: Option<LessonOutcome>,
    /// The lesson's sequence number in the event.
    pub sequence: i64,
}

/// Takes an event in: once, and only when nothing newer of this lesson is known. `false` when it changed nothing.
pub async fn take(
    db: &Database,
    consumer: &str,
    event: EventId,
    lesson: LessonTime,
) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($1, $2) AS first_time),
             put AS (
                 INSERT INTO lesson_times AS known (lesson_id, tutor_id, starts_at, ends_at, busy, sequence,
                                                     outcome)
                 SELECT $3, $4, $5, $6, $7, $8, $9 FROM fresh WHERE first_time
                 ON CONFLICT (lesson_id) DO UPDATE
                     SET tutor_id = excluded.tutor_id, starts_at = excluded.starts_at,
                         ends_at = excluded.ends_at, busy = excluded.busy, sequence = excluded.sequence,
                         outcome = excluded.outcome
                     WHERE known.sequence < excluded.sequence
                 RETURNING 1
             )
        SELECT (SELECT first_time FROM fresh), EXISTS (SELECT 1 FROM put)";
    let (start, end) = (lesson.time.start(), lesson.time.end());
    let outcome = lesson.outcome.map(LessonOutcome::as_str);
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&lesson.lesson_id.0 as _, Type::UUID),
        (&lesson.tutor_id.0 as _, Type::UUID),
        (&start as _, Type::TIMESTAMPTZ),
        (&end as _, Type::TIMESTAMPTZ),
        (&lesson.busy as _, Type::BOOL),
        (&lesson.sequence as _, Type::INT8),
        (&outcome as _, Type::TEXT),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(1)?))
}
