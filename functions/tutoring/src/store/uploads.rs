//! What documents and photos have alike: being announced, being forgotten, and leaving files behind.

use jiff::Timestamp;
use lectern_domain::id::{DocumentId, PhotoId, UserId};
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Type, first_answer};
use lectern_runtime::http::IdempotencyKey;
use uuid::Uuid;

use crate::files::Upload;

/// How much a sweep takes up at once; the next one goes on.
const SWEPT_MAX: i64 = 500;

/// Whether there is a tutor with this id, and the first answer to the key of an announcement.
pub async fn tutor_to_announce(
    db: &Database,
    id: UserId,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<(bool, Stored), DbError> {
    let sql = concat!(
        "SELECT EXISTS (SELECT 1 FROM tutors WHERE id = $1 AND erased_at IS NULL) AS known, ",
        first_answer!("$2", "$3", "$4"),
        " AS first_answer"
    );
    let caller = id.to_string();
    let params = [
        (&id.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok((false, None)) };
    Ok((row.try_get("known")?, row.try_get("first_answer")?))
}

/// Uploads that were announced before a moment and never made, the oldest first; some hundreds at most.
pub async fn awaited_since(db: &Database, before: Timestamp) -> Result<Vec<Upload>, DbError> {
    let sql = "
        SELECT true AS document, id, tutor_id, created_at FROM documents
        WHERE status = 'awaiting_upload' AND created_at < $1
        UNION ALL
        SELECT false, id, tutor_id, created_at FROM photos WHERE status = 'awaiting_upload' AND created_at < $1
        ORDER BY created_at LIMIT $2";
    let rows = db.read(sql, &[(&before, Type::TIMESTAMPTZ), (&SWEPT_MAX, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            let (tutor, id): (Uuid, Uuid) = (row.try_get("tutor_id")?, row.try_get("id")?);
            Ok(match row.try_get("document")? {
                true => Upload::Document(UserId(tutor), DocumentId(id)),
                false => Upload::Photo(UserId(tutor), PhotoId(id)),
            })
        })
        .collect()
}

/// Forgets uploads, unless they have arrived meanwhile, and notes the files that a try may have left as
/// unwanted at once.
pub async fn forget(db: &Database, uploads: &[Upload], now: Timestamp) -> Result<(), DbError> {
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    for upload in uploads {
        let id = match upload {
            Upload::Document(_, id) => id.0,
            Upload::Photo(_, id) => id.0,
        };
        for key in upload.keys() {
            ids.push(id);
            keys.push(key);
        }
    }
    let sql = "
        WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::text[]) w (id, key)),
        documents_gone AS (
            DELETE FROM documents WHERE id IN (SELECT id FROM wanted) AND status = 'awaiting_upload' RETURNING id
        ), photos_gone AS (
            DELETE FROM photos WHERE id IN (SELECT id FROM wanted) AND status = 'awaiting_upload' RETURNING id
        )
        INSERT INTO unwanted_files (key, due_at)
        SELECT key, $3 FROM wanted
        WHERE id IN (SELECT id FROM documents_gone UNION ALL SELECT id FROM photos_gone)
        ON CONFLICT (key) DO NOTHING";
    let params =
        [(&ids as _, Type::UUID_ARRAY), (&keys as _, Type::TEXT_ARRAY), (&now as _, Type::TIMESTAMPTZ)];
    db.write(sql, &params).await.map(drop)
}

/// Keys of unwanted files that are due, the longest due first; some hundreds at most.
pub async fn unwanted(db: &Database, now: Timestamp) -> Result<Vec<String>, DbError> {
    let sql = "SELECT key FROM unwanted_files WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    let rows = db.read(sql, &[(&now, Type::TIMESTAMPTZ), (&SWEPT_MAX, Type::INT8)]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Forgets unwanted files that are deleted.
pub async fn deleted(db: &Database, keys: &[String]) -> Result<(), DbError> {
    let sql = "DELETE FROM unwanted_files WHERE key = ANY ($1)";
    db.write(sql, &[(&keys, Type::TEXT_ARRAY)]).await.map(drop)
}
