//! The table `documents`.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::id::{DocumentId, UserId, VerificationId};
use lectern_domain::tutoring::document::{Document, DocumentKind, DocumentState, DocumentStatus};
use lectern_domain::tutoring::policy::{DOCUMENTS_MAX, DOCUMENTS_WAITING_MAX};
use lectern_domain::tutoring::upload::{AnnouncedFile, FileType, Sha256};
use lectern_domain::tutoring::verification::VerificationStatus;
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;

/// How long after a deletion the sweep makes sure of it: whoever was looking at the file then is done.
pub(super) const MAKE_SURE_AFTER: SignedDuration = SignedDuration::from_mins(20);

macro_rules! document_columns {
    () => {
        "d.id, d.tutor_id, d.kind, d.status, d.content_type, d.size, d.sha256, d.created_at, d.uploaded_at, \
         d.reason, d.sequence"
    };
}

fn document(row: &Row) -> Result<Document, DbError> {
    let status = DocumentStatus::parse(row.try_get("status")?)?;
    let uploaded_at: Option<Timestamp> = row.try_get("uploaded_at")?;
    let torn = || DbError::Stored(format!("a document that is {status} lacks a part"));
    let state = match status {
        DocumentStatus::AwaitingUpload => DocumentState::AwaitingUpload,
        DocumentStatus::Uploaded => DocumentState::Uploaded(uploaded_at.ok_or_else(torn)?),
        DocumentStatus::Accepted => DocumentState::Accepted(uploaded_at.ok_or_else(torn)?),
        DocumentStatus::Rejected => {
            let reason: Option<String> = row.try_get("reason")?;
            DocumentState::Rejected { uploaded_at, reason: reason.ok_or_else(torn)? }
        }
    };
    Ok(Document {
        id: DocumentId(row.try_get("id")?),
        tutor_id: UserId(row.try_get("tutor_id")?),
        kind: DocumentKind::parse(row.try_get("kind")?)?,
        file: announced_file(row)?,
        state,
        sequence: row.try_get("sequence")?,
        created_at: row.try_get("created_at")?,
    })
}

/// What was announced, out of the columns that documents and photos have alike.
pub(super) fn announced_file(row: &Row) -> Result<AnnouncedFile, DbError> {
    let sha256: &[u8] = row.try_get("sha256")?;
    let sha256 = sha256.try_into().map_err(|_| DbError::Stored("a checksum of another length".to_owned()))?;
    Ok(AnnouncedFile {
        content_type: FileType::parse(row.try_get("content_type")?)?,
        size: u32::try_from(row.try_get::<_, i32>("size")?).unwrap_or_default(),
        sha256: Sha256(sha256),
    })
}

/// Puts an announced document in, with the first answer to the key of its request; `false`, and nothing done,
/// when the tutor has too many already, or is erased.
pub async fn insert(
    db: &Database,
    document: &Document,
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<bool, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO documents (id, tutor_id, kind, status, content_type, size, sha256, created_at)
            SELECT $1, $2, $3, 'awaiting_upload', $4, $5, $6, $7 WHERE documents_have_room($2, $8, $9)
            RETURNING 1
        )
        SELECT idempotency_put($10, $11, $12, $13, $14) FROM put";
    let (kind, file, caller) = (document.kind.as_str(), document.file, document.tutor_id.to_string());
    let (content_type, size) = (file.content_type.as_str(), i32::try_from(file.size).unwrap_or(i32::MAX));
    let (sha256, print, answer) = (file.sha256.0.as_slice(), key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&document.id.0 as _, Type::UUID),
        (&document.tutor_id.0 as _, Type::UUID),
        (&kind as _, Type::TEXT),
        (&content_type as _, Type::TEXT),
        (&size as _, Type::INT4),
        (&sha256 as _, Type::BYTEA),
        (&document.created_at as _, Type::TIMESTAMPTZ),
        (&DOCUMENTS_WAITING_MAX as _, Type::INT4),
        (&DOCUMENTS_MAX as _, Type::INT4),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The documents of a tutor, the latest first.
pub async fn of_tutor(db: &Database, tutor: UserId) -> Result<Vec<Document>, DbError> {
    let sql = concat!(
        "SELECT ",
        document_columns!(),
        " FROM documents d WHERE d.tutor_id = $1 ORDER BY d.created_at DESC, d.id DESC"
    );
    db.read(sql, &[(&tutor.0, Type::UUID)]).await?.iter().map(document).collect()
}

/// A document, whosever it is.
pub async fn by_id(db: &Database, id: DocumentId) -> Result<Option<Document>, DbError> {
    let sql = concat!("SELECT ", document_columns!(), " FROM documents d WHERE d.id = $1");
    db.read(sql, &[(&id.0, Type::UUID)]).await?.first().map(document).transpose()
}

/// A tutor's own document, and how the tutor's verification stands.
pub async fn with_verification(
    db: &Database,
    tutor: UserId,
    id: DocumentId,
) -> Result<Option<(Document, VerificationStatus, i64)>, DbError> {
    // Where the newest submission stands: during a second look the tutor stays approved.
    let sql = concat!(
        "SELECT ",
        document_columns!(),
        ", coalesce((SELECT v.status FROM verifications v WHERE v.tutor_id = t.id ORDER BY v.number DESC LIMIT 1),
                    'draft') AS verification_status, t.sequence AS tutor_sequence
         FROM documents d JOIN tutors t ON t.id = d.tutor_id WHERE d.id = $1 AND d.tutor_id = $2"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&tutor.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let status = VerificationStatus::parse(row.try_get("verification_status")?)?;
    Ok(Some((document(row)?, status, row.try_get("tutor_sequence")?)))
}

/// Saves that what was announced has arrived, has an approved tutor looked at again (as the verification
/// `recheck`), and puts the events into the outbox; `false`, and nothing done, when the document is not as it
/// was (`before`).
pub async fn save_arrival(
    db: &Database,
    document: &Document,
    before: i64,
    events: &[Envelope],
    recheck: VerificationId,
) -> Result<bool, DbError> {
    let sql = "
        WITH saved AS (
            UPDATE documents SET status = 'uploaded', uploaded_at = $2, sequence = $3
            WHERE id = $1 AND sequence = $4 AND status = 'awaiting_upload'
            RETURNING tutor_id
        )
        SELECT outbox_put($5), verification_queue_recheck(tutor_id, $2, $6) FROM saved";
    let (uploaded_at, rows) = (document.uploaded_at(), outbox::rows(events));
    let params = [
        (&document.id.0 as _, Type::UUID),
        (&uploaded_at as _, Type::TIMESTAMPTZ),
        (&document.sequence as _, Type::INT8),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
        (&recheck.0 as _, Type::UUID),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Saves that something else has arrived; `false`, and nothing done, when the document is not as it was
/// (`before`).
pub async fn save_refusal(db: &Database, document: &Document, before: i64) -> Result<bool, DbError> {
    let DocumentState::Rejected { reason, .. } = &document.state else { return Ok(false) };
    let sql = "
        UPDATE documents SET status = 'rejected', reason = $2
        WHERE id = $1 AND sequence = $3 AND status = 'awaiting_upload'
        RETURNING 1";
    let params = [(&document.id.0 as _, Type::UUID), (reason as _, Type::TEXT), (&before as _, Type::INT8)];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Saves that somebody reads a document; `false`, and nothing done, when it is not as it was (`before`).
pub async fn save_reading(
    db: &Database,
    document: &Document,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH saved AS (
            UPDATE documents SET sequence = $2
            WHERE id = $1 AND sequence = $3 AND uploaded_at IS NOT NULL
            RETURNING 1
        )
        SELECT outbox_put($4) FROM saved";
    let rows = outbox::rows(events);
    let params = [
        (&document.id.0 as _, Type::UUID),
        (&document.sequence as _, Type::INT8),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Deletes a document and notes its files (`keys`) as unwanted; `false`, and nothing done, when its state is
/// another by now, or the tutor's sequence is not `tutor_before`: a submission may have been made meanwhile.
pub async fn remove(
    db: &Database,
    document: &Document,
    tutor_before: i64,
    keys: &[String],
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH owner AS (
            SELECT id FROM tutors WHERE id = $2 AND sequence = $4 FOR NO KEY UPDATE
        ), gone AS (
            DELETE FROM documents d USING owner WHERE d.id = $1 AND d.tutor_id = owner.id AND d.status = $3
            RETURNING 1
        ), noted AS (
            INSERT INTO unwanted_files (key, due_at) SELECT unnest($5::text[]), $6 FROM gone
            ON CONFLICT (key) DO NOTHING
        )
        SELECT 1 FROM gone";
    let (status, due) = (document.status().as_str(), now + MAKE_SURE_AFTER);
    let params = [
        (&document.id.0 as _, Type::UUID),
        (&document.tutor_id.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&tutor_before as _, Type::INT8),
        (&keys as _, Type::TEXT_ARRAY),
        (&due as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}
