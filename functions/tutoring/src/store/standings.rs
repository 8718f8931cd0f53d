//! The table `tutor_standings`: what is known of a tutor by teaching; and what the badge is decided by.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_domain::tutoring::badge::{BadgePolicy, Record};
use lectern_domain::tutoring::policy::RESPONSE_DAYS;
use lectern_domain::tutoring::standing::Standing;
use lectern_postgres::{Database, DbError, Row, Type};
use uuid::Uuid;

/// Out of the columns `rating_sum`, `rating_count`, `lessons_taught`, `response_minutes` and
/// `badge_awarded_at`; of the last three a tutor may have none yet.
pub(super) fn standing(row: &Row) -> Result<Standing, DbError> {
    let count = |column| -> Result<Option<u32>, DbError> {
        let count: Option<i32> = row.try_get(column)?;
        Ok(count.and_then(|count| u32::try_from(count).ok()))
    };
    Ok(Standing {
        rating_sum: row.try_get("rating_sum")?,
        rating_count: row.try_get("rating_count")?,
        lessons_taught: count("lessons_taught")?.unwrap_or(0),
        response_minutes: count("response_minutes")?,
        badge_awarded_at: row.try_get("badge_awarded_at")?,
    })
}

/// Computes response times anew whose oldest answer has become too old, up to `limit` at once; gives how
/// many.
pub async fn refresh_responses(db: &Database, now: Timestamp, limit: i64) -> Result<i64, DbError> {
    let sql = "
        WITH stale AS MATERIALIZED (
            SELECT tutor_id FROM tutor_standings WHERE response_until <= $1 ORDER BY response_until LIMIT $2
        ), gathered AS MATERIALIZED (SELECT array_agg(tutor_id) AS ids, count(*) AS n FROM stale)
        SELECT n, response_refresh(ids, $1, $3) FROM gathered WHERE n > 0";
    let days = i32::from(RESPONSE_DAYS);
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8), (&days as _, Type::INT4)];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(0), |row| Ok(row.try_get(0)?))
}

/// The records of up to `limit` tutors whose id is above `after`, by id, over the policy's days before `now`.
pub async fn records(
    db: &Database,
    policy: &BadgePolicy,
    now: Timestamp,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<(UserId, Record)>, DbError> {
    let sql = "
        SELECT t.id, lessons.*, ratings.*, replies.*
        FROM (SELECT id FROM tutors
              WHERE erased_at IS NULL AND verification_status = 'approved' AND ($3::uuid IS NULL OR id > $3)
              ORDER BY id LIMIT $4) t
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE outcome = 'completed') AS completed,
                   count(*) FILTER (WHERE outcome = 'no_show_tutor') AS absences,
                   count(*) FILTER (WHERE outcome = 'cancelled_by_tutor') AS cancelled
            FROM lesson_times
            WHERE tutor_id = t.id AND outcome IS NOT NULL AND starts_at >= $2 AND starts_at < $1
        ) lessons
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(stars), 0) AS stars, count(*) AS ratings
            FROM review_ratings WHERE tutor_id = t.id AND visible AND posted_at >= $2 AND posted_at < $1
        ) ratings
        CROSS JOIN LATERAL (
            SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY minutes) AS reply_minutes FROM match_replies(t.id, $2)
        ) replies
        ORDER BY t.id";
    let since = now - SignedDuration::from_hours(24 * i64::from(policy.days));
    let after = after.map(|id| id.0);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&since as _, Type::TIMESTAMPTZ),
        (&after as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<(UserId, Record), DbError> {
    let count = |column| -> Result<u32, DbError> {
        let count: i64 = row.try_get(column)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    let reply: Option<i32> = row.try_get("reply_minutes")?;
    let record = Record {
        lessons: count("completed")?,
        absences: count("absences")?,
        cancelled: count("cancelled")?,
        rating_sum: count("stars")?,
        rating_count: count("ratings")?,
        reply_minutes: reply.and_then(|minutes| u32::try_from(minutes).ok()),
    };
    Ok((UserId(row.try_get("id")?), record))
}

/// Gives the badge to some tutors and takes it from others. Who has it already keeps the moment at which it
/// was given. Gives how many got it and how many lost it.
pub async fn award(
    db: &Database,
    earned: &[UserId],
    missed: &[UserId],
    now: Timestamp,
) -> Result<(i64, i64), DbError> {
    let sql = "
        WITH given AS (
            INSERT INTO tutor_standings AS s (tutor_id, badge_awarded_at)
            SELECT id, $3 FROM unnest($1::uuid[]) id ORDER BY id
            ON CONFLICT (tutor_id) DO UPDATE SET badge_awarded_at = excluded.badge_awarded_at
                WHERE s.badge_awarded_at IS NULL
            RETURNING 1
        ), taken AS (
            UPDATE tutor_standings SET badge_awarded_at = NULL
            WHERE tutor_id = ANY ($2) AND badge_awarded_at IS NOT NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM given), (SELECT count(*) FROM taken)";
    let ids = |users: &[UserId]| users.iter().map(|user| user.0).collect::<Vec<Uuid>>();
    let (earned, missed) = (ids(earned), ids(missed));
    let params =
        [(&earned as _, Type::UUID_ARRAY), (&missed as _, Type::UUID_ARRAY), (&now as _, Type::TIMESTAMPTZ)];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.try_get(0)?, row.try_get(1)?)))
}
