//! The table `audit_log`; entries are appended by `keep_effects`.

use jiff::Timestamp;
use lectern_domain::id::EventId;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde_json::Value;

use crate::effects::Effects;

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this actor: `user:<id>`, `guardian`, `system:<name>`.
    pub actor: Option<String>,
    /// Only about this subject: `user:<id>`.
    pub subject: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub to: Option<Timestamp>,
}

/// An entry as it was written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From 1, without a gap.
    pub position: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom.
    pub subject: String,
    /// More about it.
    pub details: Value,
    /// SHA-256 in hex, over the entry and the hash before it.
    pub hash: String,
}

/// Up to `limit` entries before the position `before`, the newest first.
pub async fn page(
    db: &Database,
    filter: &Filter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Entry>, DbError> {
    let sql = "
        SELECT position, at, actor, action, subject, details, encode(hash, 'hex') AS hash FROM audit_log
        WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR subject = $2)
          AND ($3::text IS NULL OR action = $3) AND ($4::timestamptz IS NULL OR at >= $4)
          AND ($5::timestamptz IS NULL OR at < $5) AND ($6::bigint IS NULL OR position < $6)
        ORDER BY position DESC LIMIT $7";
    let limit = i64::from(limit);
    let params = [
        (&filter.actor as _, Type::TEXT),
        (&filter.subject as _, Type::TEXT),
        (&filter.action as _, Type::TEXT),
        (&filter.from as _, Type::TIMESTAMPTZ),
        (&filter.to as _, Type::TIMESTAMPTZ),
        (&before as _, Type::INT8),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    let Json(details) = row.try_get("details")?;
    Ok(Entry {
        position: row.try_get("position")?,
        at: row.try_get("at")?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        details,
        hash: row.try_get("hash")?,
    })
}

/// Up to where the chain was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The last entry's position; 0 before the first.
    pub position: i64,
    /// Its hash; empty before the first.
    pub hash: Vec<u8>,
}

/// A stretch of the chain.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Entries in it.
    pub entries: i64,
    /// Its last entry; none when it is empty.
    pub last: Option<Link>,
    /// The position of the first entry that is not as it was written, or does not follow the one before.
    pub broken_at: Option<i64>,
}

/// Looks at up to `limit` entries after `after`: each must follow the one before without a gap, carry its
/// hash, and have the hash of what is in it.
pub async fn verify(db: &Database, after: &Link, limit: i64) -> Result<Stretch, DbError> {
    let sql = "
        WITH stretch AS (
            SELECT * FROM audit_log WHERE position > $1 ORDER BY position LIMIT $3
        ), looked_at AS (
            SELECT position, hash,
                position = $1 + row_number() OVER chain AND previous_hash = lag(hash, 1, $2) OVER chain
                AND hash = audit_hash(previous_hash, position, at, actor, action, subject, details) AS sound
            FROM stretch WINDOW chain AS (ORDER BY position)
        )
        SELECT count(*) AS entries, max(position) AS position,
               (SELECT hash FROM looked_at ORDER BY position DESC LIMIT 1) AS hash,
               min(position) FILTER (WHERE NOT sound) AS broken_at
        FROM looked_at";
    let params =
        [(&after.position as _, Type::INT8), (&after.hash as _, Type::BYTEA), (&limit as _, Type::INT8)];
    let rows = db.read(sql, &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Statement("a count gave no row".into()))?;
    let (position, hash): (Option<i64>, Option<Vec<u8>>) = (row.try_get("position")?, row.try_get("hash")?);
    let last = position.zip(hash).map(|(position, hash)| Link { position, hash });
    Ok(Stretch { entries: row.try_get("entries")?, last, broken_at: row.try_get("broken_at")? })
}

/// Keeps effects that go with no change of a user.
pub async fn keep(db: &Database, effects: &Effects) -> Result<(), DbError> {
    let params = effects.params();
    db.write("SELECT keep_effects($1, $2, $3, $4)", &params.list()).await.map(drop)
}

/// The same once for an event; `false`, and nothing done, when that was before.
pub async fn keep_once(
    db: &Database,
    consumer: &str,
    event: EventId,
    effects: &Effects,
) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($5, $6) AS first_time)
        SELECT keep_effects($1, $2, $3, $4) FROM fresh WHERE first_time";
    let kept = effects.params();
    let mut params = kept.list().to_vec();
    params.extend([(&consumer as _, Type::TEXT), (&event.0 as _, Type::UUID)]);
    Ok(!db.write(sql, &params).await?.is_empty())
}
