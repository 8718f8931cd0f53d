//! `identity`'s own share of what is held on a person: for the parent's page, and for an export.

use lectern_domain::id::UserId;
use lectern_postgres::{Database, DbError};
use serde_json::Value;

use crate::effects::AuditEntry;
use crate::store;

/// What this context holds on a person, for that person: the account, sign-ins, consents with every decision,
/// exports. `null` for somebody unknown or erased.
pub async fn held(db: &Database, user: UserId) -> Result<Value, DbError> {
    store::held::held(db, user, &[]).await
}

/// The same for somebody else, with `entry` in the audit log.
pub async fn held_for(db: &Database, user: UserId, entry: AuditEntry) -> Result<Value, DbError> {
    store::held::held(db, user, &[entry]).await
}
