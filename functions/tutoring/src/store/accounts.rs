//! The table `tutor_accounts`.

use lectern_domain::id::{EventId, UserId};
use lectern_domain::role::Role;
use lectern_postgres::{Database, DbError, Type};

/// An account, by one event.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Whose.
    pub user_id: UserId,
    /// What the user acts as.
    pub role: Role,
    /// Whether the user can sign in.
    pub active: bool,
    /// The user's sequence number in the event.
    pub sequence: i64,
}

/// Takes an event in: once, and only when nothing newer of this account is known; a trigger lists the tutor,
/// or takes them off the list. `false` when it changed nothing.
pub async fn take(db: &Database, consumer: &str, event: EventId, account: Account) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($1, $2) AS first_time),
             put AS (
                 INSERT INTO tutor_accounts AS known (user_id, role, active, sequence)
                 SELECT $3, $4, $5, $6 FROM fresh WHERE first_time
                 ON CONFLICT (user_id) DO UPDATE
                     SET role = excluded.role, active = excluded.active, sequence = excluded.sequence
                     WHERE known.sequence < excluded.sequence AND known.role IS NOT NULL
                 RETURNING 1
             )
        SELECT (SELECT first_time FROM fresh), EXISTS (SELECT 1 FROM put)";
    let role = account.role.as_str();
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&account.user_id.0 as _, Type::UUID),
        (&role as _, Type::TEXT),
        (&account.active as _, Type::BOOL),
        (&account.sequence as _, Type::INT8),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(1)?))
}
