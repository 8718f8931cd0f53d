//! The table `exports`.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{ExportId, UserId};
use lectern_domain::identity::{Export, ExportState};
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;
use uuid::Uuid;

macro_rules! columns {
    () => {
        "x.id, x.user_id, x.status, x.requested_at, x.bytes, x.expires_at"
    };
}

/// An export out of [`columns`]; none where an outer join found none.
fn export(row: &Row) -> Result<Option<Export>, DbError> {
    let Some(id) = row.try_get::<_, Option<Uuid>>("id")? else { return Ok(None) };
    let state = match row.try_get("status")? {
        "pending" => ExportState::Pending,
        "failed" => ExportState::Failed,
        "ready" => ExportState::Ready {
            bytes: row.try_get("bytes")?,
            expires_at: row.try_get::<_, Timestamp>("expires_at")?.into(),
        },
        other => return Err(DbError::Stored(format!("no state of an export: {other}"))),
    };
    let requested_at = row.try_get::<_, Timestamp>("requested_at")?.into();
    Ok(Some(Export { id: ExportId(id), user_id: UserId(row.try_get("user_id")?), state, requested_at }))
}

/// Whose answers are kept under which key, in which use case.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The caller.
    pub user: UserId,
    /// The use case.
    pub use_case: &'a str,
    /// The key.
    pub key: &'a IdempotencyKey,
}

/// The user's pending export, overdue or not, and the first answer to the key.
pub async fn pending(db: &Database, asked: Asked<'_>) -> Result<(Option<Export>, Stored), DbError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", ",
        first_answer!("$2", "$3", "$4"),
        " AS first_answer FROM (VALUES (1)) one
          LEFT JOIN exports x ON x.user_id = $1 AND x.status = 'pending'"
    );
    let caller = asked.user.to_string();
    let params = [
        (&asked.user.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&asked.use_case as _, Type::TEXT),
        (&asked.key.key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    Ok((export(row)?, row.try_get("first_answer")?))
}

/// Puts a new export in, with its event and the answer to the key. A pending one that was asked for before
/// `overdue_before` is given up for it. `false`, and nothing done, when there is another that is pending, or
/// the user is erased.
pub async fn insert(
    db: &Database,
    new: &Export,
    overdue_before: Timestamp,
    events: &[Envelope],
    asked: Asked<'_>,
    answer: &Value,
) -> Result<bool, DbError> {
    // Locked, so that no erasure runs past it: it would leave an export behind.
    let sql = "
        WITH owner AS (SELECT id FROM users WHERE id = $2 AND status <> 'erased' FOR SHARE),
        given_up AS (
            UPDATE exports SET status = 'failed', finished_at = $3
            WHERE user_id IN (SELECT id FROM owner) AND status = 'pending' AND requested_at <= $4
            RETURNING 1
        ), put AS (
            INSERT INTO exports (id, user_id, status, requested_at)
            SELECT $1, owner.id, 'pending', $3 FROM owner, (SELECT count(*) FROM given_up) first
            ON CONFLICT (user_id) WHERE status = 'pending' DO NOTHING
            RETURNING 1
        )
        SELECT outbox_put($5), idempotency_put($6, $7, $8, $9, $10) FROM put";
    let (at, caller, rows) = (new.requested_at.get(), asked.user.to_string(), outbox::rows(events));
    let (print, answer) = (asked.key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&new.id.0 as _, Type::UUID),
        (&new.user_id.0 as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&overdue_before as _, Type::TIMESTAMPTZ),
        (&rows as _, Type::JSONB),
        (&caller as _, Type::TEXT),
        (&asked.use_case as _, Type::TEXT),
        (&asked.key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Keeps the answer to a key for which nothing had to be made.
pub async fn keep_answer(db: &Database, asked: Asked<'_>, answer: &Value) -> Result<(), DbError> {
    let sql = "SELECT idempotency_put($1, $2, $3, $4, $5)";
    let caller = asked.user.to_string();
    let (print, answer) = (asked.key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&caller as _, Type::TEXT),
        (&asked.use_case as _, Type::TEXT),
        (&asked.key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    db.write(sql, &params).await.map(drop)
}

/// The export with this id.
pub async fn by_id(db: &Database, id: ExportId) -> Result<Option<Export>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM exports x WHERE x.id = $1");
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map_or(Ok(None), export)
}

/// The export with this id, if it is this user's.
pub async fn of_user(db: &Database, id: ExportId, user: UserId) -> Result<Option<Export>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM exports x WHERE x.id = $1 AND x.user_id = $2");
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&user.0, Type::UUID)]).await?;
    rows.first().map_or(Ok(None), export)
}

/// Notes that a pending export is there; `false`, and nothing done, when it isn't pending any more.
pub async fn ready(
    db: &Database,
    id: ExportId,
    bytes: i64,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "UPDATE exports SET status = 'ready', bytes = $2, expires_at = $3, finished_at = $4
               WHERE id = $1 AND status = 'pending' RETURNING 1";
    let params = [
        (&id.0 as _, Type::UUID),
        (&bytes as _, Type::INT8),
        (&expires_at as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}
