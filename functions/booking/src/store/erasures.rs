//! Taking away what is personal of an erased user.

use jiff::Timestamp;
use lectern_domain::booking::Lesson;
use lectern_domain::id::{EventId, UserId};
use lectern_postgres::{Database, DbError, Type};

use super::lessons;

/// What stands where a person had given a reason: every cancellation has one.
pub const REMOVED: &str = "(removed)";
/// The reason of a lesson that is called off because one side is erased.
pub const CLOSED: &str = "The account was closed.";

/// Bars the user from new lessons, and takes away the words that were written about lessons of theirs, by
/// either side, and the kept answers. The same again changes nothing.
pub async fn erase(db: &Database, user: UserId, now: Timestamp) -> Result<(), DbError> {
    let sql = "
        WITH barred AS (
            INSERT INTO erased_users (user_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING
        ), words AS (
            UPDATE lessons SET cancel_reason = $3
            WHERE $1 IN (student_id, tutor_id) AND cancel_reason IS NOT NULL AND cancel_reason NOT IN ($3, $5)
        )
        DELETE FROM idempotency_keys WHERE caller = $4";
    let caller = user.to_string();
    let params = [
        (&user.0 as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&REMOVED as _, Type::TEXT),
        (&caller as _, Type::TEXT),
        (&CLOSED as _, Type::TEXT),
    ];
    db.write(sql, &params).await.map(drop)
}

/// The user's lessons that have not begun and are not called off.
pub async fn lessons_to_come(db: &Database, user: UserId, now: Timestamp) -> Result<Vec<Lesson>, DbError> {
    let sql = concat!(
        "SELECT ",
        lessons::columns!(),
        " FROM lessons WHERE $1 IN (student_id, tutor_id) AND status IN ('pending_payment', 'scheduled')
          AND starts_at > $2 ORDER BY starts_at"
    );
    let rows = db.read(sql, &[(&user.0, Type::UUID), (&now, Type::TIMESTAMPTZ)]).await?;
    rows.iter().map(lessons::lesson).collect()
}

/// Remembers that the event had its effect; `false` when that is remembered already.
pub async fn done(db: &Database, consumer: &str, event: EventId) -> Result<bool, DbError> {
    let rows =
        db.write("SELECT inbox_take($1, $2)", &[(&consumer, Type::TEXT), (&event.0, Type::UUID)]).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}
