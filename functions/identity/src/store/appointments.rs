//! The table `users`, for accounts that somebody makes for somebody else ([`crate::appoint`]).

use lectern_domain::id::UserId;
use lectern_domain::identity::User;
use lectern_domain::text::Text;
use lectern_postgres::idempotency::Stored as FirstAnswer;
use lectern_postgres::{Database, DbError, Json, Type, first_answer};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;
use uuid::Uuid;

use super::users::{Params, Stored, stored, update_user, user_columns};
use crate::effects::Effects;

/// Whose request it is, for its first answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The caller, as idempotency keys name it.
    pub caller: &'a str,
    /// The use case's name.
    pub use_case: &'static str,
    /// The key.
    pub key: &'a IdempotencyKey,
}

/// What was found, and whether the appointment was begun.
#[derive(Debug)]
pub struct Begun {
    /// The first answer to the same key.
    pub first_answer: FirstAnswer,
    /// The new row was put in.
    pub fresh: bool,
    /// The email's account, as it was before.
    pub known: Option<Stored>,
}

/// Begins the appointment of `user`, with what comes along; unless the request was answered before, or the
/// email has an account.
pub async fn begin(
    db: &Database,
    user: &User,
    asked: Asked<'_>,
    effects: &Effects,
) -> Result<Begun, DbError> {
    let sql = concat!(
        "WITH put AS (
            INSERT INTO users (id, email, first_name, last_name, role, status, time_zone, locale,
                access_version, created_at, updated_at, sequence)
            SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15
            WHERE ",
        first_answer!("$16", "$17", "$18"),
        " IS NULL
            ON CONFLICT (email) WHERE status <> 'erased' DO NOTHING
            RETURNING 1
        )
        SELECT (SELECT keep_effects($1, $2, $3, $4) FROM put) AS fresh, ",
        first_answer!("$16", "$17", "$18"),
        " AS first_answer, ",
        user_columns!(),
        " FROM (VALUES (1)) one LEFT JOIN users ON users.email = $6 AND users.status <> 'erased'"
    );
    let (effects, created_at) = (effects.params(), user.created_at.get());
    let (email, first_name) = (user.email.as_str(), user.first_name.as_str());
    let last_name = user.last_name.as_ref().map(Text::as_str);
    let (role, status) = (user.role.as_str(), user.status.as_str());
    let (time_zone, locale) = (user.time_zone.as_str(), user.locale.as_str());
    let mut params = effects.list().to_vec();
    params.extend([
        (&user.id.0 as _, Type::UUID),
        (&email as _, Type::TEXT),
        (&first_name as _, Type::TEXT),
        (&last_name as _, Type::TEXT),
        (&role as _, Type::TEXT),
        (&status as _, Type::TEXT),
        (&time_zone as _, Type::TEXT),
        (&locale as _, Type::TEXT),
        (&user.access_version as _, Type::INT8),
        (&created_at as _, Type::TIMESTAMPTZ),
        (&user.sequence as _, Type::INT8),
        (&asked.caller as _, Type::TEXT),
        (&asked.use_case as _, Type::TEXT),
        (&asked.key.key as _, Type::TEXT),
    ]);
    let rows = db.write(sql, &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Statement("a look-up gave no row".into()))?;
    let known = row.try_get::<_, Option<Uuid>>("id")?.map(UserId);
    Ok(Begun {
        first_answer: row.try_get("first_answer")?,
        fresh: row.try_get::<_, Option<bool>>("fresh")?.is_some(),
        known: if known.is_some() { Some(stored(row)?) } else { None },
    })
}

/// Saves an appointed user whose stored sequence is `before`, with what comes along and the first answer.
/// `false`, and nothing done, when the row has changed since, or when the pool's account is one that is yet
/// to be deleted, because it was of somebody erased.
pub async fn finish(
    db: &Database,
    user: &Stored,
    before: i64,
    asked: Asked<'_>,
    effects: &Effects,
    answer: &Value,
) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH changed AS (",
        update_user!("$27"),
        " AND NOT EXISTS (
            SELECT 1 FROM pool_alignments a JOIN users gone ON gone.id = a.user_id
            WHERE a.username = $2 AND gone.status = 'erased'
        ) RETURNING 1)
        SELECT keep_effects($23, $24, $25, $26), idempotency_put($28, $29, $30, $31, $32) FROM changed"
    );
    let params = Params::new(user, effects);
    let mut list = params.list();
    let (print, answer) = (asked.key.fingerprint.as_slice(), Json(answer));
    list.extend([
        (&before as _, Type::INT8),
        (&asked.caller as _, Type::TEXT),
        (&asked.use_case as _, Type::TEXT),
        (&asked.key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ]);
    Ok(!db.write(sql, &list).await?.is_empty())
}
