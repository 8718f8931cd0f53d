//! Payments that wait for their payer, in the table `payments`.

use jiff::{SignedDuration, Timestamp};
use lectern_postgres::{Database, DbError, Json, Type};
use serde_json::Value;

use super::payments::{Loaded, document};

/// How long nothing has happened before Stripe is asked: the webhook's own time, and Stripe's first repetitions.
const LATE: SignedDuration = SignedDuration::from_mins(5);
/// How long a payment is left alone after that.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// After so long somebody should have paid or given up: a hold lasts 15 minutes.
const STUCK: SignedDuration = SignedDuration::from_hours(2);

/// What waits.
#[derive(Debug)]
pub struct Waiting {
    /// To be looked at now.
    pub waiting: Vec<Loaded>,
    /// How many have waited for so long that something is wrong.
    pub stuck: i64,
}

/// Takes payments to be looked at: nobody else is given them for a while.
pub async fn take(db: &Database, now: Timestamp, limit: i64) -> Result<Waiting, DbError> {
    let sql = "
        WITH due AS (
            SELECT id FROM payments
            WHERE status IN ('requires_payment', 'processing') AND updated_at <= $2
              AND (looked_at IS NULL OR looked_at <= $3)
            ORDER BY looked_at NULLS FIRST, updated_at LIMIT $5 FOR UPDATE SKIP LOCKED
        ), taken AS (
            UPDATE payments p SET looked_at = $1 FROM due WHERE p.id = due.id RETURNING p AS payment, p.created_at
        ), stuck AS (
            SELECT count(*) AS number FROM payments
            WHERE status IN ('requires_payment', 'processing') AND created_at <= $4
        )
        SELECT stuck.number, payment_document(t.payment) FROM stuck LEFT JOIN taken t ON true ORDER BY t.created_at";
    let (late, again, stuck) = (now - LATE, now - AGAIN, now - STUCK);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&late as _, Type::TIMESTAMPTZ),
        (&again as _, Type::TIMESTAMPTZ),
        (&stuck as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    let rows = db.write(sql, &params).await?;
    let stuck = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    let mut waiting = Vec::new();
    for row in &rows {
        if let Some(json) = row.try_get::<_, Option<Json<Value>>>(1)?
            && !json.0["id"].is_null()
        {
            waiting.push(Loaded { payment: document(json)?, ready_account: None });
        }
    }
    Ok(Waiting { waiting, stuck })
}
