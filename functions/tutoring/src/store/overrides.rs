//! Overrides of a tutor's hours, with the first answer to the request that made one.

use lectern_domain::event::Envelope;
use lectern_domain::tutoring::tutor::Tutor;
use lectern_postgres::{Database, DbError, Json, Type, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;

/// Saves the overrides of a tutor whose stored sequence is `before`, with the first answer to the key of the
/// request; `false`, and nothing done, when the tutor has changed since.
pub async fn add(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET overrides = $2, sequence = $3, updated_at = $4
            WHERE id = $1 AND sequence = $5
            RETURNING 1
        )
        SELECT outbox_put($6), idempotency_put($7, $8, $9, $10, $11) FROM changed";
    let (overrides, rows, caller) = (Json(&tutor.overrides), outbox::rows(events), tutor.id.to_string());
    let (print, answer) = (key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&overrides as _, Type::JSONB),
        (&tutor.sequence as _, Type::INT8),
        (&tutor.updated_at as _, Type::TIMESTAMPTZ),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}
