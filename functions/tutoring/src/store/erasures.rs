//! Taking away what is personal of an erased user.

use jiff::Timestamp;
use lectern_domain::id::{EventId, UserId};
use lectern_postgres::{Database, DbError, Type};

/// Empties the profile of `user`, the words of decisions on it and the kept answers, once for the event;
/// `false` when that was done before. What nobody has decided yet is deleted: there is nothing left to decide
/// on.
///
/// Gone too is what the user has as a student, favourites and matching requests, and where others have the
/// tutor as a favourite or have invited the tutor.
///
/// The emptied row stays, and bars the id: nobody makes a profile under it again, not even with a request
/// that was under way. So somebody who could teach (`tutor`) gets one also without a profile. Of the account
/// stays that it is erased, at the user's `sequence` in the event, so that what comes late doesn't bring it
/// back.
pub async fn erase(
    db: &Database,
    consumer: &str,
    event: EventId,
    user: UserId,
    tutor: bool,
    sequence: i64,
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
                trial_amount = NULL, video_url = NULL,
                availability = NULL, overrides = '[]', search_words = NULL, subject_ids = '{}',
                verification_status = 'draft', approved_at = NULL, rating_sum = 0, rating_count = 0, sequence = t.sequence + 1, updated_at = $5,
                erased_at = coalesce(t.erased_at, $5)
            RETURNING t.id
        ), undecided AS (
            DELETE FROM verifications v USING erased WHERE v.tutor_id = erased.id AND v.decided_by IS NULL
        ), words AS (
            UPDATE verifications v SET reason = NULL FROM erased
            WHERE v.tutor_id = erased.id AND v.reason IS NOT NULL
        ), calendar AS (
            DELETE FROM busy_calendars b USING erased WHERE b.tutor_id = erased.id
        ), documents AS (
            DELETE FROM documents d USING erased WHERE d.tutor_id = erased.id
        ), photos AS (
            DELETE FROM photos p USING erased WHERE p.tutor_id = erased.id
        ), account AS (
            INSERT INTO tutor_accounts AS a (user_id, role, active, sequence)
            SELECT $3, NULL, false, $7 FROM fresh WHERE first_time
            ON CONFLICT (user_id) DO UPDATE
                SET role = NULL, active = false, sequence = greatest(a.sequence, excluded.sequence)
        ), standing AS (
            DELETE FROM tutor_standings s USING erased WHERE s.tutor_id = erased.id
        ), ratings AS (
            DELETE FROM review_ratings r USING erased WHERE r.tutor_id = erased.id
        ), favourites AS (
            DELETE FROM favourites f USING fresh WHERE first_time AND $3 IN (f.student_id, f.tutor_id)
        ), invitations AS (
            DELETE FROM match_invitations i USING fresh WHERE first_time AND (i.tutor_id = $3 OR EXISTS (
                SELECT 1 FROM match_requests r WHERE r.id = i.match_request_id AND r.student_id = $3))
        ), requests AS (
            DELETE FROM match_requests r USING fresh WHERE first_time AND r.student_id = $3
        ), answers AS (
            -- Also those in which others were told of the tutor's name.
            DELETE FROM idempotency_keys USING fresh WHERE first_time AND (
                caller = $6 OR use_case = 'request-match' AND strpos(answer::text, $6) > 0)
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
        (&sequence as _, Type::INT8),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}
