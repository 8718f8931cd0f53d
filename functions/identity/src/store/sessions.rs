//! The table `sessions`.

use jiff::Timestamp;
use lectern_domain::id::{SessionId, UserId};
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Row, Type};

use crate::effects::Effects;

/// Most sessions that are listed: far more than anybody has.
const LISTED_MAX: i64 = 100;

/// A session as it is known at the moment `at`, from a token of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// The sign-in.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the client calls itself.
    pub device: Option<String>,
    /// The access version in the token.
    pub access_version: i64,
    /// The moment.
    pub at: Timestamp,
    /// When its refresh token expires, at the latest.
    pub expires_at: Timestamp,
}

impl NewSession {
    /// As the parameters 1 to 6.
    fn params(&self) -> Vec<Param<'_>> {
        vec![
            (&self.id.0, Type::UUID),
            (&self.user.0, Type::UUID),
            (&self.device, Type::TEXT),
            (&self.at, Type::TIMESTAMPTZ),
            (&self.access_version, Type::INT8),
            (&self.expires_at, Type::TIMESTAMPTZ),
        ]
    }
}

/// A session that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// The sign-in.
    pub id: SessionId,
    /// What the client calls itself.
    pub device: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When tokens were last given out for it.
    pub used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Writes a session down, or that it was used again; `false`, and nothing done, when it was ended, or when
/// the account isn't active (any more).
pub async fn keep(db: &Database, session: &NewSession) -> Result<bool, DbError> {
    let sql = "
        INSERT INTO sessions AS s (id, user_id, device, began_at, used_at, access_version, expires_at)
        SELECT $1, id, $3, $4, $4, $5, $6 FROM users WHERE id = $2 AND status = 'active'
        ON CONFLICT (id) DO UPDATE SET used_at = greatest(s.used_at, excluded.used_at),
            access_version = greatest(s.access_version, excluded.access_version)
            WHERE s.user_id = excluded.user_id AND s.ended_at IS NULL
        RETURNING 1";
    Ok(!db.write(sql, &session.params()).await?.is_empty())
}

/// Ends a session, with what comes along; `false`, and nothing done, unless it is this user's, and live.
pub async fn end(
    db: &Database,
    user: UserId,
    id: SessionId,
    now: Timestamp,
    effects: &Effects,
) -> Result<bool, DbError> {
    let sql = "
        WITH ended AS (
            UPDATE sessions SET ended_at = $3
            WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3
            RETURNING 1
        )
        SELECT keep_effects($4, $5, $6, $7) FROM ended";
    let effects = effects.params();
    let mut params: Vec<Param<'_>> =
        vec![(&id.0, Type::UUID), (&user.0, Type::UUID), (&now, Type::TIMESTAMPTZ)];
    params.extend(effects.list());
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Ends a session that is known from a token of it, whether it was written down or not, with what comes
/// along; `false`, and nothing done, when it has ended already.
pub async fn end_or_note(db: &Database, session: &NewSession, effects: &Effects) -> Result<bool, DbError> {
    let sql = "
        WITH ended AS (
            INSERT INTO sessions AS s
                (id, user_id, device, began_at, used_at, access_version, expires_at, ended_at)
            SELECT $1, id, $3, $4, $4, $5, $6, $4 FROM users WHERE id = $2 AND status <> 'erased'
            ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at
                WHERE s.user_id = excluded.user_id AND s.ended_at IS NULL
            RETURNING 1
        )
        SELECT keep_effects($7, $8, $9, $10) FROM ended";
    let effects = effects.params();
    let mut params = session.params();
    params.extend(effects.list());
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The live sessions of the user whose token `own` was read from, the last used first. `own` is written down
/// when it is seen for the first time: a sign-in on the hosted page.
pub async fn live(db: &Database, own: &NewSession) -> Result<Vec<LiveSession>, DbError> {
    let sql = "
        WITH own AS (
            INSERT INTO sessions (id, user_id, device, began_at, used_at, access_version, expires_at)
            SELECT $1, id, $3, $4, $4, $5, $6 FROM users WHERE id = $2 AND status = 'active'
            ON CONFLICT (id) DO NOTHING
            RETURNING id, device, began_at, used_at, expires_at
        )
        SELECT id, device, began_at, used_at, expires_at FROM own
        UNION ALL
        SELECT id, device, began_at, used_at, expires_at FROM sessions
        WHERE user_id = $2 AND ended_at IS NULL AND expires_at > $4
        ORDER BY used_at DESC, id DESC
        LIMIT $7";
    let mut params = own.params();
    params.push((&LISTED_MAX, Type::INT8));
    db.write(sql, &params).await?.iter().map(live_session).collect()
}

fn live_session(row: &Row) -> Result<LiveSession, DbError> {
    Ok(LiveSession {
        id: SessionId(row.try_get("id")?),
        device: row.try_get("device")?,
        began_at: row.try_get("began_at")?,
        used_at: row.try_get("used_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
