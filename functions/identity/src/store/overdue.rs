//! What the law or a parent's answer wants gone, and is still there.

use jiff::Timestamp;
use lectern_domain::identity::{Consent, ConsentStatus};
use lectern_postgres::{Database, DbError, Row, Type};

use super::consents::{consent, consent_columns};
use super::erasures::Wish;
use super::users::{Stored, stored, user_columns};

/// Consents that nobody answered in time, the longest waiting first, at most `limit`.
pub async fn unanswered(db: &Database, now: Timestamp, limit: i64) -> Result<Vec<Consent>, DbError> {
    let sql = concat!(
        "SELECT ",
        consent_columns!(),
        " FROM consents c WHERE c.status = 'requested' AND c.expires_at <= $1 AND NOT c.erased
          ORDER BY c.expires_at LIMIT $2"
    );
    let rows = db.read(sql, &[(&now, Type::TIMESTAMPTZ), (&limit, Type::INT8)]).await?;
    rows.iter().map(consent).collect()
}

/// Children without their parent's consent who aren't erased yet, and why they have to be.
pub async fn refused(db: &Database, limit: i64) -> Result<Vec<(Stored, Wish)>, DbError> {
    let sql = concat!(
        "SELECT c.status AS consent_status, ",
        user_columns!(),
        " FROM consents c JOIN users ON users.id = c.user_id
          WHERE c.status IN ('denied', 'expired', 'revoked') AND NOT c.erased AND users.status <> 'erased'
          ORDER BY c.decided_at LIMIT $1"
    );
    let rows = db.read(sql, &[(&limit, Type::INT8)]).await?;
    let read = |row: &Row| {
        let expired = ConsentStatus::parse(row.try_get("consent_status")?)? == ConsentStatus::Expired;
        Ok((stored(row)?, if expired { Wish::NoConsent } else { Wish::Parent }))
    };
    rows.iter().map(read).collect()
}

/// Accounts that began before `before` and whose email was never verified.
pub async fn never_verified(db: &Database, before: Timestamp, limit: i64) -> Result<Vec<Stored>, DbError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE status = 'pending_verification' AND created_at <= $1 ORDER BY created_at LIMIT $2"
    );
    let rows = db.read(sql, &[(&before, Type::TIMESTAMPTZ), (&limit, Type::INT8)]).await?;
    rows.iter().map(stored).collect()
}

/// Forgets links whose time is over.
pub async fn forget_links(db: &Database, now: Timestamp) -> Result<(), DbError> {
    db.write("DELETE FROM consent_links WHERE expires_at <= $1", &[(&now, Type::TIMESTAMPTZ)]).await.map(drop)
}
