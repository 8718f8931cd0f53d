//! The table `pool_alignments`: accounts that the user pool has yet to be brought in line with.

use jiff::Timestamp;
use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::UserStatus;
use lectern_postgres::{Database, DbError, Row, Type};

/// An account to be looked at, with the state that it should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub user: UserId,
    /// The pool's name for it.
    pub username: String,
    /// The user's present state.
    pub status: UserStatus,
    /// Whether its refresh tokens must be taken back.
    pub sign_out: bool,
    /// Tries that failed.
    pub tries: i32,
    version: i64,
}

macro_rules! columns {
    () => {
        "a.user_id, a.username, u.status, a.sign_out, a.tries, a.version \
         FROM pool_alignments a JOIN users u ON u.id = a.user_id"
    };
}

fn due(row: &Row) -> Result<Due, DbError> {
    Ok(Due {
        user: UserId(row.try_get("user_id")?),
        username: row.try_get("username")?,
        status: UserStatus::parse(row.try_get("status")?)?,
        sign_out: row.try_get("sign_out")?,
        tries: row.try_get("tries")?,
        version: row.try_get("version")?,
    })
}

/// What has to be done for this user, if anything.
pub async fn of_user(db: &Database, user: UserId) -> Result<Option<Due>, DbError> {
    let sql = concat!("SELECT ", columns!(), " WHERE a.user_id = $1");
    let rows = db.read(sql, &[(&user.0, Type::UUID)]).await?;
    rows.first().map(due).transpose()
}

/// Whether the account that the user pool knows by `sub`, or knew by `email` before that was verified, belongs
/// to somebody erased and is yet to be deleted there.
pub async fn is_leaving(db: &Database, sub: &str, email: &Email) -> Result<bool, DbError> {
    let sql = "
        SELECT 1 FROM pool_alignments a JOIN users u ON u.id = a.user_id
        WHERE a.username IN ($1, $2) AND u.status = 'erased'";
    let rows = db.read(sql, &[(&sub, Type::TEXT), (&email.as_str(), Type::TEXT)]).await?;
    Ok(!rows.is_empty())
}

/// What is due by `now`, the longest waiting first, at most `limit`.
pub async fn due_by(db: &Database, now: Timestamp, limit: i64) -> Result<Vec<Due>, DbError> {
    let sql = concat!("SELECT ", columns!(), " WHERE a.due_at <= $1 ORDER BY a.due_at LIMIT $2");
    let rows = db.read(sql, &[(&now, Type::TIMESTAMPTZ), (&limit, Type::INT8)]).await?;
    rows.iter().map(due).collect()
}

/// Forgets what was done. When more came up meanwhile, the account is looked at again: a slow try may have
/// overtaken, in the user pool, one for a later state.
pub async fn done(db: &Database, due: &Due, now: Timestamp) -> Result<(), DbError> {
    let sql = "
        WITH gone AS (DELETE FROM pool_alignments WHERE user_id = $1 AND version = $2 RETURNING 1)
        INSERT INTO pool_alignments (user_id, username, sign_out, due_at)
        SELECT $1, $3, false, $4 WHERE NOT EXISTS (SELECT 1 FROM gone)
        ON CONFLICT (user_id) DO UPDATE SET due_at = excluded.due_at, version = excluded.version";
    let params = [
        (&due.user.0 as _, Type::UUID),
        (&due.version as _, Type::INT8),
        (&due.username as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    db.write(sql, &params).await?;
    Ok(())
}

/// Writes down that a try failed, and when the next is due.
pub async fn later(db: &Database, due: &Due, at: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE pool_alignments SET tries = tries + 1, due_at = $3 WHERE user_id = $1 AND version = $2";
    let params =
        [(&due.user.0 as _, Type::UUID), (&due.version as _, Type::INT8), (&at as _, Type::TIMESTAMPTZ)];
    db.write(sql, &params).await?;
    Ok(())
}

/// What has to be done for the account that the pool knows by `username`, if it is of somebody erased.
pub async fn of_erased(db: &Database, username: &str) -> Result<Option<Due>, DbError> {
    let sql = concat!("SELECT ", columns!(), " WHERE a.username = $1 AND u.status = 'erased'");
    let rows = db.read(sql, &[(&username, Type::TEXT)]).await?;
    rows.first().map(due).transpose()
}
