//! Payments together with what was answered to an admin before.

use lectern_domain::id::PaymentId;
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Type, first_answer};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;

use super::payments::{Loaded, document};

/// What is there.
pub struct Found {
    /// The payment.
    pub loaded: Option<Loaded>,
    /// The first answer.
    pub stored: Stored,
    /// Whether a deed of this name is written down.
    pub done: bool,
}

/// The payment, the first answer to the key, and whether the deed was done.
pub async fn load(
    db: &Database,
    id: PaymentId,
    caller: &str,
    use_case: &str,
    key: &IdempotencyKey,
    deed: &str,
) -> Result<Found, DbError> {
    let sql = concat!(
        "SELECT (SELECT payment_document(p) FROM payments p WHERE p.id = $4),
            (SELECT a.stripe_account_id FROM payments p JOIN payout_accounts a ON a.tutor_id = p.tutor_id
             WHERE p.id = $4 AND a.transfers_active AND a.payouts_enabled), ",
        first_answer!("$1", "$2", "$3"),
        ", EXISTS (SELECT 1 FROM payment_admin_actions WHERE payment_id = $4 AND reference = $5)"
    );
    let params = [
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&id.0 as _, Type::UUID),
        (&deed as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Err(DbError::Statement("no row".to_owned())) };
    let payment = row.try_get::<_, Option<Json<Value>>>(0)?.map(document).transpose()?;
    let ready_account = row.try_get(1)?;
    let loaded = payment.map(|payment| Loaded { payment, ready_account });
    Ok(Found { loaded, stored: row.try_get(2)?, done: row.try_get(3)? })
}

/// Keeps the answer to a key; violates the key's constraint when one is kept.
pub async fn keep(
    db: &Database,
    caller: &str,
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<(), DbError> {
    let (print, answer) = (key.fingerprint.to_vec(), Json(answer.clone()));
    let params = [
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    db.write("SELECT idempotency_put($1, $2, $3, $4, $5)", &params).await.map(drop)
}
