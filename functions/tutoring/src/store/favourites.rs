//! The table `favourites`.

use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::tutoring::policy::FAVOURITES_MAX;
use lectern_postgres::{Database, DbError, Row, Type};
use uuid::Uuid;

use super::search::summary;
use crate::views::TutorSummary;

lectern_domain::words! {
    /// What became of a wish to add a favourite.
    pub enum Addition {
        /// It is one now.
        Added = "added",
        /// It was one before.
        Known = "known",
        /// There is no tutor with this id whom students can find.
        Unlisted = "unlisted",
        /// The student has as many as there may be.
        Full = "full",
    }
}

/// Adds a favourite of a student, unless there are [`FAVOURITES_MAX`] already.
pub async fn add(db: &Database, student: UserId, tutor: UserId, now: Timestamp) -> Result<Addition, DbError> {
    let most = i32::try_from(FAVOURITES_MAX).unwrap_or(i32::MAX);
    let params = [
        (&student.0 as _, Type::UUID),
        (&tutor.0 as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&most as _, Type::INT4),
    ];
    let rows = db.write("SELECT favourite_add($1, $2, $3, $4)", &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Stored("favourite_add gave nothing".to_owned()))?;
    Ok(Addition::parse(row.try_get(0)?)?)
}

/// Takes a favourite of a student away, if it is one.
pub async fn remove(db: &Database, student: UserId, tutor: UserId) -> Result<(), DbError> {
    let sql = "DELETE FROM favourites WHERE student_id = $1 AND tutor_id = $2";
    db.write(sql, &[(&student.0, Type::UUID), (&tutor.0, Type::UUID)]).await.map(drop)
}

/// A favourite.
#[derive(Debug)]
pub struct Favourite {
    /// The tutor.
    pub tutor_id: UserId,
    /// When it was added.
    pub added_at: Timestamp,
    /// What students see of the tutor; `None` of one who isn't listed any more.
    pub tutor: Option<TutorSummary>,
}

/// Up to `limit` favourites of a student, the newest first, after the one at which the page before ended.
pub async fn list(
    db: &Database,
    student: UserId,
    after: Option<(Timestamp, UserId)>,
    limit: i64,
) -> Result<Vec<Favourite>, DbError> {
    let sql = "
        SELECT f.tutor_id, f.added_at, t.id, t.display_name, t.headline, t.country, t.languages, t.subjects,
               t.rate_amount, t.rate_currency, t.rating_sum, t.rating_count, st.lessons_taught, st.response_minutes,
               st.badge_awarded_at
        FROM (SELECT * FROM favourites
              WHERE student_id = $1 AND ($2::timestamptz IS NULL OR (added_at, tutor_id) < ($2, $3))
              ORDER BY added_at DESC, tutor_id DESC LIMIT $4) f
        LEFT JOIN tutors t ON t.id = f.tutor_id AND t.verification_status = 'approved' AND t.active
        LEFT JOIN tutor_standings st ON st.tutor_id = t.id
        ORDER BY f.added_at DESC, f.tutor_id DESC";
    let (at, id) = (after.map(|(at, _)| at), after.map(|(_, id)| id.0));
    let params = [
        (&student.0 as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(favourite).collect()
}

fn favourite(row: &Row) -> Result<Favourite, DbError> {
    let listed = row.try_get::<_, Option<Uuid>>("id")?.is_some();
    Ok(Favourite {
        tutor_id: UserId(row.try_get("tutor_id")?),
        added_at: row.try_get("added_at")?,
        tutor: if listed { Some(summary(row)?) } else { None },
    })
}
