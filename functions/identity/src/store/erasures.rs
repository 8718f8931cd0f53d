//! The table `erasures`, and what goes with a user.

use jiff::Timestamp;
use lectern_postgres::{Database, DbError, Type};

use super::users::{Params, Stored, update_user};
use crate::effects::Effects;

lectern_domain::words! {
    /// At whose wish somebody is erased.
    pub enum Wish {
        /// Their own.
        Own = "own",
        /// The parent's, who said no or took the consent back.
        Parent = "parent",
        /// Nobody consented in time: the law's.
        NoConsent = "no_consent",
        /// The email was never verified.
        NeverVerified = "never_verified",
    }
}

/// Takes everything personal of a user away, with what comes along: `stored` is the user as
/// [`lectern_domain::identity::User::erase`] left it, `before` its sequence before. `false`, and nothing done, when
/// it has changed since. A tombstone stays; there can be only one ([`TOMBSTONE`]). For 30 days a parent's
/// links still say that the account is gone.
pub async fn erase(
    db: &Database,
    stored: &Stored,
    before: i64,
    wish: Wish,
    now: Timestamp,
    effects: &Effects,
) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH changed AS (",
        update_user!("$27"),
        " RETURNING id),
        tombstone AS (INSERT INTO erasures (user_id, wish, erased_at) SELECT id, $28, $29 FROM changed),
        sessions_gone AS (DELETE FROM sessions WHERE user_id IN (SELECT id FROM changed)),
        consent_over AS (
            UPDATE consents SET erased = true WHERE user_id IN (SELECT id FROM changed) RETURNING consents.id
        ),
        links_end AS (
            UPDATE consent_links SET expires_at = least(expires_at, $29 + interval '30 days')
            WHERE consent_id IN (SELECT id FROM consent_over)
        ),
        exports_gone AS (DELETE FROM exports WHERE user_id IN (SELECT id FROM changed)),
        answers_gone AS (DELETE FROM idempotency_keys WHERE caller IN (SELECT id::text FROM changed))
        SELECT keep_effects($23, $24, $25, $26) FROM changed"
    );
    let params = Params::new(stored, effects);
    let mut list = params.list();
    let wish = wish.as_str();
    list.extend([(&before as _, Type::INT8), (&wish as _, Type::TEXT), (&now as _, Type::TIMESTAMPTZ)]);
    Ok(!db.write(sql, &list).await?.is_empty())
}

/// The constraint that refuses a second tombstone.
pub const TOMBSTONE: &str = "erasures_pkey";
