//! Taking away what is personal of an erased user.

use jiff::Timestamp;
use lectern_domain::id::{EventId, UserId};
use lectern_postgres::{Database, DbError, Type};

/// Empties the profile of `user`, the words of decisions on it and the kept answers, once for the event;
/// `false` when that was done before. What nobody has decided yet is deleted: there is nothing left to decide
/// on.
///
/// The emptied row stays, and bars the id: nobody makes a profile under it again, not even with a request
/// that was under way. So somebody who could teach (`tutor`) gets one also without a profile.
pub async fn erase(
    db: &Database,
    consumer: &str,
    event: EventId,
    user: UserId,
    tutor: bool,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($1, $2) AS first_time),
        erased AS (
            INSERT INTO tutors AS t (id, verification_status, subject_ids, sequence, created_at, updated_at,
                                     erased_at)
            SELECT $3, 'draft', '{}', 1, $5, $5, $5 FROM fresh
            WHERE first_time AND ($4 OR EXISTS (SELECT 1 FROM tutors WHERE id = $3))
            ON CONFLICT (id) DO UPDATE SET
                display_name = NULL, headline = NULL, bio = NULL, time_zone = NULL, country = NULL,
                languages = NULL, subjects = NULL, rate_amount = NULL, rate_currency = NULL,
                availability = NULL, search_words = NULL, subject_ids = '{}', verification_status = 'draft',
                approved_at = NULL, sequence = t.sequence + 1, updated_at = $5,
                erased_at = coalesce(t.erased_at, $5)
            RETURNING t.id
        ), undecided AS (
            DELETE FROM verifications v USING erased WHERE v.tutor_id = erased.id AND v.decided_by IS NULL
        ), words AS (
            UPDATE verifications v SET reason = NULL FROM erased
            WHERE v.tutor_id = erased.id AND v.reason IS NOT NULL
        ), answers AS (
            DELETE FROM idempotency_keys USING fresh WHERE first_time AND caller = $6
        )
        SELECT first_time FROM fresh";
    let caller = user.to_string();
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&user.0 as _, Type::UUID),
        (&tutor as _, Type::BOOL),
        (&now as _, Type::TIMESTAMPTZ),
        (&caller as _, Type::TEXT),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}
