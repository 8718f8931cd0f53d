//! The table `photos`.

use jiff::Timestamp;
use lectern_domain::id::{PhotoId, UserId};
use lectern_domain::tutoring::photo::{Photo, PhotoState, PhotoStatus};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;

use super::documents::{MAKE_SURE_AFTER, announced_file};
use super::tutors::{self, newest_verification, tutor_columns};

macro_rules! photo_columns {
    () => {
        "p.id, p.tutor_id, p.status, p.content_type, p.size, p.sha256, p.created_at, p.shown_at, p.reason"
    };
}

fn photo(row: &Row) -> Result<Photo, DbError> {
    let status = PhotoStatus::parse(row.try_get("status")?)?;
    let torn = || DbError::Stored(format!("a photo that is {status} lacks a part"));
    let state = match status {
        PhotoStatus::AwaitingUpload => PhotoState::AwaitingUpload,
        PhotoStatus::Shown => {
            PhotoState::Shown(row.try_get::<_, Option<Timestamp>>("shown_at")?.ok_or_else(torn)?)
        }
        PhotoStatus::Rejected => {
            PhotoState::Rejected(row.try_get::<_, Option<String>>("reason")?.ok_or_else(torn)?)
        }
    };
    Ok(Photo {
        id: PhotoId(row.try_get("id")?),
        tutor_id: UserId(row.try_get("tutor_id")?),
        file: announced_file(row)?,
        state,
        created_at: row.try_get("created_at")?,
    })
}

/// Puts an announced photo in the place of the one that was announced or refused before, with the first
/// answer to the key of its request; `false`, and nothing done, when the tutor is not there any more.
pub async fn announce(
    db: &Database,
    photo: &Photo,
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<bool, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO photos (id, tutor_id, status, content_type, size, sha256, created_at)
            SELECT $1, id, 'awaiting_upload', $3, $4, $5, $6 FROM tutors WHERE id = $2 AND erased_at IS NULL
            ON CONFLICT (tutor_id) WHERE status <> 'shown' DO UPDATE SET
                id = excluded.id, status = excluded.status, content_type = excluded.content_type,
                size = excluded.size, sha256 = excluded.sha256, created_at = excluded.created_at, reason = NULL
            RETURNING 1
        )
        SELECT idempotency_put($7, $8, $9, $10, $11) FROM put";
    let (file, caller) = (photo.file, photo.tutor_id.to_string());
    let (content_type, size) = (file.content_type.as_str(), i32::try_from(file.size).unwrap_or(i32::MAX));
    let (sha256, print, answer) = (file.sha256.0.as_slice(), key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&photo.id.0 as _, Type::UUID),
        (&photo.tutor_id.0 as _, Type::UUID),
        (&content_type as _, Type::TEXT),
        (&size as _, Type::INT4),
        (&sha256 as _, Type::BYTEA),
        (&photo.created_at as _, Type::TIMESTAMPTZ),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The photos of a tutor, the one that is shown first.
pub async fn of_tutor(db: &Database, tutor: UserId) -> Result<Vec<Photo>, DbError> {
    let sql = concat!(
        "SELECT ",
        photo_columns!(),
        " FROM photos p WHERE p.tutor_id = $1 ORDER BY p.status <> 'shown'"
    );
    db.read(sql, &[(&tutor.0, Type::UUID)]).await?.iter().map(photo).collect()
}

/// A tutor's photo.
pub async fn by_id(db: &Database, tutor: UserId, id: PhotoId) -> Result<Option<Photo>, DbError> {
    let sql = concat!("SELECT ", photo_columns!(), " FROM photos p WHERE p.id = $1 AND p.tutor_id = $2");
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&tutor.0, Type::UUID)]).await?;
    rows.first().map(photo).transpose()
}

/// Which photo of a tutor is shown, to the owner at least.
pub async fn shown(db: &Database, tutor: UserId) -> Result<Option<PhotoId>, DbError> {
    let sql = "SELECT id FROM photos WHERE tutor_id = $1 AND status = 'shown'";
    let rows = db.read(sql, &[(&tutor.0, Type::UUID)]).await?;
    rows.first().map(|row| Ok(PhotoId(row.try_get(0)?))).transpose()
}

/// The photo of a tutor whom students can find.
pub async fn listed(db: &Database, tutor: UserId) -> Result<Option<Photo>, DbError> {
    let sql = concat!(
        "SELECT ",
        photo_columns!(),
        " FROM photos p JOIN tutors t ON t.id = p.tutor_id
          WHERE t.id = $1 AND t.verification_status = 'approved' AND t.active AND p.status = 'shown'"
    );
    db.read(sql, &[(&tutor.0, Type::UUID)]).await?.first().map(photo).transpose()
}

/// A tutor whom students can find, and whether there is a photo to see.
pub async fn listed_tutor(db: &Database, id: UserId) -> Result<Option<(Tutor, bool)>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", EXISTS (SELECT 1 FROM photos p WHERE p.tutor_id = t.id AND p.status = 'shown') AS has_photo FROM tutors t ",
        newest_verification!(),
        " WHERE t.id = $1 AND t.verification_status = 'approved' AND t.active"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((tutors::tutor(row)?, row.try_get("has_photo")?)))
}

/// Shows a photo that has arrived instead of the one that is shown (`before`, with its key), which is deleted
/// and its file noted as unwanted; `false`, and nothing done, when the photo is not awaited any more. If
/// another one has come to be shown meanwhile, a constraint is violated.
pub async fn show(
    db: &Database,
    photo: &Photo,
    before: Option<&(PhotoId, String)>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let PhotoState::Shown(shown_at) = photo.state else { return Ok(false) };
    let sql = "
        WITH new AS (
            SELECT id FROM photos WHERE id = $1 AND tutor_id = $2 AND status = 'awaiting_upload' FOR UPDATE
        ), old AS (
            DELETE FROM photos p USING new WHERE p.id = $4 AND p.tutor_id = $2 AND p.status = 'shown'
            RETURNING p.id
        ), noted AS (
            INSERT INTO unwanted_files (key, due_at) SELECT $5, $6 FROM old ON CONFLICT (key) DO NOTHING
        )
        UPDATE photos p SET status = 'shown', shown_at = $3
        FROM new, (SELECT count(*) FROM old) first WHERE p.id = new.id
        RETURNING 1";
    let (id, key, due) = (before.map(|b| b.0.0), before.map(|b| b.1.as_str()), now + MAKE_SURE_AFTER);
    let params = [
        (&photo.id.0 as _, Type::UUID),
        (&photo.tutor_id.0 as _, Type::UUID),
        (&shown_at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::UUID),
        (&key as _, Type::TEXT),
        (&due as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Saves that something else has arrived; `false`, and nothing done, when the photo is not awaited any more.
pub async fn save_refusal(db: &Database, photo: &Photo) -> Result<bool, DbError> {
    let PhotoState::Rejected(reason) = &photo.state else { return Ok(false) };
    let sql = "
        UPDATE photos SET status = 'rejected', reason = $2 WHERE id = $1 AND status = 'awaiting_upload'
        RETURNING 1";
    let params = [(&photo.id.0 as _, Type::UUID), (reason as _, Type::TEXT)];
    Ok(!db.write(sql, &params).await?.is_empty())
}
