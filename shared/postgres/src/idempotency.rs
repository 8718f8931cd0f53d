//! First answers, by idempotency key.
//!
//! A use case that is declared idempotent loads with [`FIRST_ANSWER`] (a scalar sub-query, so that it costs no
//! round trip of its own), asks [`earlier`] whether there was an answer, and saves with `idempotency_put` in
//! the statement of its change. Two at once: the second violates the primary key, its whole statement is
//! undone, and it answers what the first did.

use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::{Problem, problem};
use serde_json::{Value, json};
use tokio_postgres::types::{Json, Type};

use crate::database::{Database, DbError};

/// The constraint that the second of two requests with one key violates.
pub const CONSTRAINT: &str = "idempotency_keys_pkey";

/// What stands in the place of an earlier answer: fingerprint (hex) and data.
pub type Stored = Option<Json<Value>>;

/// A sub-query for the earlier answer, whose parameters are the caller, the use case and the key, in this
/// order from `$first`.
#[macro_export]
macro_rules! first_answer {
    ($caller:literal, $use_case:literal, $key:literal) => {
        concat!(
            "(SELECT jsonb_build_object('fingerprint', encode(fingerprint, 'hex'), 'data', answer) ",
            "FROM idempotency_keys WHERE caller = ",
            $caller,
            " AND use_case = ",
            $use_case,
            " AND key = ",
            $key,
            ")"
        )
    };
}

/// The data of the earlier answer to this key, if there was one; a problem when it was another request's.
pub fn earlier(stored: Stored, key: &IdempotencyKey) -> Result<Option<Value>, Problem> {
    let Some(Json(mut stored)) = stored else { return Ok(None) };
    if stored["fingerprint"] != json!(hex::encode(key.fingerprint)) {
        return Err(Problem::new(&problem::IDEMPOTENCY_KEY_REUSED));
    }
    Ok(Some(stored["data"].take()))
}

/// Reads the first answer to a key by itself: after losing a race for it.
pub async fn read(
    db: &Database,
    caller: &str,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<Value, Problem> {
    let sql = concat!("SELECT ", first_answer!("$1", "$2", "$3"));
    let params = [(&caller as _, Type::TEXT), (&use_case as _, Type::TEXT), (&key.key as _, Type::TEXT)];
    let rows = db.read(sql, &params).await?;
    let stored: Stored = match rows.first() {
        Some(row) => row.try_get(0).map_err(DbError::from)?,
        None => None,
    };
    earlier(stored, key)?.ok_or_else(|| Problem::new(&problem::IDEMPOTENCY_IN_PROGRESS).retry_after(1))
}
