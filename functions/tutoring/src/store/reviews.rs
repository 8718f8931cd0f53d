//! The table `review_ratings`.

use jiff::Timestamp;
use lectern_domain::id::{EventId, UserId};
use lectern_postgres::{Database, DbError, Type};
use uuid::Uuid;

/// What one event tells of a review of a tutor.
#[derive(Clone, Copy, Debug)]
pub struct ReviewRating {
    /// The review.
    pub review_id: Uuid,
    /// Who was rated.
    pub tutor_id: UserId,
    /// 1 to 5.
    pub stars: i16,
    /// Whether it counts; a hidden one doesn't.
    pub visible: bool,
    /// When it was written.
    pub posted_at: Timestamp,
    /// The review's sequence number in the event.
    pub sequence: i64,
}

/// Takes an event in: once, and only when nothing newer of this review is known. The tutor's sums follow by a
/// trigger. `false` when it changed nothing.
pub async fn take(
    db: &Database,
    consumer: &str,
    event: EventId,
    rating: ReviewRating,
) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($1, $2) AS first_time),
             put AS (
                 INSERT INTO review_ratings AS known (review_id, tutor_id, stars, visible, posted_at, sequence)
                 SELECT $3, $4, $5, $6, $7, $8 FROM fresh WHERE first_time
                 ON CONFLICT (review_id) DO UPDATE
                     SET stars = excluded.stars, visible = excluded.visible, posted_at = excluded.posted_at,
                         sequence = excluded.sequence
                     WHERE known.sequence < excluded.sequence
                 RETURNING 1
             )
        SELECT (SELECT first_time FROM fresh), EXISTS (SELECT 1 FROM put)";
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&rating.review_id as _, Type::UUID),
        (&rating.tutor_id.0 as _, Type::UUID),
        (&rating.stars as _, Type::INT2),
        (&rating.visible as _, Type::BOOL),
        (&rating.posted_at as _, Type::TIMESTAMPTZ),
        (&rating.sequence as _, Type::INT8),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(1)?))
}
