//! Access tokens that are refused before they expire: asked about on each call of a person, kept up to date
//! by the event `access.revoked`.
//!
//! What it costs: one look-up by primary key for a token that this function instance hasn't seen for a while
//! ([`RevocationCache`]), and nothing otherwise.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::revocation::{Revocation, Subject};
use lectern_runtime::config::Env;
use lectern_runtime::{AccessToken, Cx, Fault, Problem, Revocations, UseCase};
use tokio_postgres::types::Type;

use crate::base::{Base, HasBase};
use crate::database::{Database, DbError};

/// How long an instance relies on what it was told. A revocation must hold everywhere within 5 s (product.md,
/// Identity: "within seconds"); this leaves 3 s to the event.
const HOLD: SignedDuration = SignedDuration::from_secs(2);
/// More than this a stage can't set: it would break that bound by itself.
const HOLD_MAX_MS: i64 = 4_000;
/// Tokens remembered by an instance. It serves one call at a time, so this is minutes of calls.
const ENTRIES_MAX: usize = 1_024;

/// Tokens that were good a moment ago. Only these are remembered: a refusal may cost a look-up each time.
#[derive(Debug)]
pub struct RevocationCache {
    hold: SignedDuration,
    allowed: Mutex<HashMap<AccessToken, Timestamp>>,
    checks: AtomicU64,
}

impl Default for RevocationCache {
    /// Holds for 2 s.
    fn default() -> Self {
        Self::new(HOLD)
    }
}

impl RevocationCache {
    /// Relies on an answer for `hold`.
    pub fn new(hold: SignedDuration) -> Self {
        Self { hold, allowed: Mutex::default(), checks: AtomicU64::new(0) }
    }

    /// Asks each time.
    pub fn none() -> Self {
        Self::new(SignedDuration::ZERO)
    }

    /// For the milliseconds in `REVOCATION_CACHE_MS` (0 to 4 000); 2 s without it, or when it is not such a
    /// number.
    pub fn from_env(env: &Env) -> Self {
        match env.number("REVOCATION_CACHE_MS", HOLD_MAX_MS / 2) {
            Ok(ms) if (0..=HOLD_MAX_MS).contains(&ms) => Self::new(SignedDuration::from_millis(ms)),
            _ => {
                tracing::error!(
                    "REVOCATION_CACHE_MS is not a whole number from 0 to {HOLD_MAX_MS}; the default is used"
                );
                Self::default()
            }
        }
    }

    /// Look-ups in the database so far.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<AccessToken, Timestamp>> {
        self.allowed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the token was good within the time that this may be relied on. A clock that was set back
    /// forgets.
    fn knows(&self, token: &AccessToken, now: Timestamp) -> bool {
        let asked_at = self.entries().get(token).copied();
        asked_at.is_some_and(|at| at <= now && now.duration_since(at) < self.hold)
    }

    fn remember(&self, token: AccessToken, asked_at: Timestamp) {
        if self.hold.is_zero() {
            return;
        }
        let mut entries = self.entries();
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(token, asked_at);
    }
}

#[async_trait]
impl Revocations for Base {
    async fn is_revoked(&self, token: &AccessToken, now: Timestamp) -> Result<bool, Problem> {
        let cache = &self.revocation_cache;
        if cache.knows(token, now) {
            return Ok(false);
        }
        cache.checks.fetch_add(1, Ordering::Relaxed);
        // Whatever keeps us from looking, nobody comes in, and may come again.
        let revoked = is_revoked(&self.db, token).await.map_err(Problem::unavailable)?;
        if !revoked {
            // From the moment of the question, not of the answer: what was revoked in between isn't known.
            cache.remember(*token, now);
        }
        Ok(revoked)
    }
}

/// Whether the user's tokens of this version, or all of the session's, are refused. One look-up of both keys.
async fn is_revoked(db: &Database, token: &AccessToken) -> Result<bool, DbError> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM revocations WHERE subject IN ($1, $2) AND min_version > $3) AS revoked";
    let user = Subject::User(token.user).to_string();
    let session = token.session.map(|id| Subject::Session(id).to_string());
    let params = [(&user as _, Type::TEXT), (&session as _, Type::TEXT), (&token.version as _, Type::INT8)];
    let rows = db.read(sql, &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Statement("no row for a revocation".into()))?;
    Ok(row.try_get(0)?)
}

/// Refuses the tokens from now on; of several at once, in any order, the strictest stays.
pub async fn revoke(db: &Database, revocation: &Revocation) -> Result<(), DbError> {
    let sql = "SELECT revoke_access($1, $2, $3)";
    let (subject, until) = (revocation.subject.to_string(), revocation.kept_until.get());
    let params = [
        (&subject as _, Type::TEXT),
        (&revocation.min_version as _, Type::INT8),
        (&until as _, Type::TIMESTAMPTZ),
    ];
    db.write(sql, &params).await.map(drop)
}

/// The use case `replicate-<context>-revocations`. Its queue is fed by the bus and, for the time when the bus
/// is down, by a topic that `identity` publishes to itself; both bring the same event, and its effect twice
/// is its effect once.
pub fn use_case<S: HasBase>(name: &'static str) -> UseCase<S> {
    UseCase::consumer(name, &["access.revoked"], replicate::<S>)
        .summary("Refuse the access tokens that identity has taken back")
}

async fn replicate<S: HasBase>(cx: Cx<S>, event: Envelope) -> Result<(), Fault> {
    let revocation: Revocation = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    revoke(&cx.base().db, &revocation).await?;
    tracing::info!(context = S::CONTEXT, event_id = %event.id, "revocation taken in");
    Ok(())
}

#[cfg(test)]
mod tests;
