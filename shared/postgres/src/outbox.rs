//! Events between the change that they tell of and the bus.
//!
//! A store's statement puts them into the table with `outbox_put($n)` in the very transaction of the change;
//! after it the function publishes and marks them ([`crate::Base::publish`]). What a crash leaves behind the
//! relay sends ([`crate::relay`]). So each event is published at least once.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::id::EventId;
use serde_json::Value;
use tokio_postgres::types::{Json, Type};
use uuid::Uuid;

use crate::database::{Database, DbError};

/// How long an event is left to the function that wrote it before a relay takes it.
const LEAVE_TO_WRITER: SignedDuration = SignedDuration::from_secs(5);
/// How long a relay keeps an event to itself.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// Events that a relay takes at once.
const CLAIM_MAX: i64 = 100;

/// Events as the parameter of `outbox_put`.
pub fn rows(events: &[Envelope]) -> Json<Value> {
    Json(serde_json::to_value(events).unwrap_or_default())
}

/// Marks events as published.
pub async fn mark_published(db: &Database, ids: &[EventId]) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = "UPDATE outbox SET published_at = now() WHERE id = ANY($1)";
    db.write(sql, &[(&ids, Type::UUID_ARRAY)]).await.map(drop)
}

/// Takes events that were left behind, in their order, for [`LEASE`]; nobody else gets them meanwhile.
pub async fn claim(db: &Database, now: Timestamp) -> Result<Vec<Envelope>, DbError> {
    let sql = "
        WITH claimed AS (
            UPDATE outbox SET claimed_until = $2
            WHERE id IN (
                SELECT id FROM outbox
                WHERE published_at IS NULL AND created_at < $3
                  AND (claimed_until IS NULL OR claimed_until < $1)
                ORDER BY position LIMIT $4
                FOR UPDATE SKIP LOCKED
            )
            RETURNING position, envelope
        )
        SELECT envelope FROM claimed ORDER BY position";
    let (until, before) = (now + LEASE, now - LEAVE_TO_WRITER);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
        (&before as _, Type::TIMESTAMPTZ),
        (&CLAIM_MAX as _, Type::INT8),
    ];
    let rows = db.write(sql, &params).await?;
    rows.iter()
        .map(|row| {
            let Json(envelope) = row.try_get::<_, Json<Envelope>>(0)?;
            Ok(envelope)
        })
        .collect()
}
