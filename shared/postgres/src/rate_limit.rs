//! Rate limits in the context's database, so that they hold across function instances: the generic cell rate
//! algorithm, one row and one statement a call.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lectern_runtime::clock::Clock;
use lectern_runtime::rate_limit::{RateLimit, RateLimiter, Verdict};
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use crate::base::Base;
use crate::database::{Database, DbError};

#[async_trait]
impl RateLimiter for Base {
    async fn take(&self, key: &str, limit: RateLimit) -> Verdict {
        match take(&self.db, &self.kit.clock, key, limit).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(cause = %error, "rate limit not counted");
                Verdict { allowed: true, remaining: limit.burst, retry_after_seconds: 0 }
            }
        }
    }
}

async fn take(db: &Database, clock: &Clock, key: &str, limit: RateLimit) -> Result<Verdict, DbError> {
    // Each call puts the moment at which the bucket is full again one interval off; beyond one period from
    // now the bucket is empty.
    let sql = "
        WITH taken AS (
            INSERT INTO rate_limits AS r (key, full_at) VALUES ($1, $2::timestamptz + make_interval(secs => $3))
            ON CONFLICT (key) DO UPDATE SET full_at = greatest(r.full_at, $2) + make_interval(secs => $3)
            WHERE greatest(r.full_at, $2) + make_interval(secs => $3) <= $2 + make_interval(secs => $4)
            RETURNING full_at
        )
        SELECT full_at, true FROM taken
        UNION ALL
        SELECT full_at, false FROM rate_limits WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM taken)";
    let hashed = Sha256::digest(key.as_bytes()).to_vec();
    let now = clock.now();
    let period = f64::from(limit.period_seconds);
    let interval = interval_seconds(limit);
    let params = [
        (&hashed as _, Type::BYTEA),
        (&now as _, Type::TIMESTAMPTZ),
        (&interval as _, Type::FLOAT8),
        (&period as _, Type::FLOAT8),
    ];
    let rows = db.write(sql, &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Statement("no row for a rate limit".into()))?;
    Ok(verdict(row.try_get(0)?, row.try_get(1)?, now, limit))
}

#[expect(clippy::float_arithmetic, reason = "seconds of an interval, for PostgreSQL's make_interval")]
fn interval_seconds(limit: RateLimit) -> f64 {
    f64::from(limit.period_seconds) / f64::from(limit.burst.max(1))
}

fn verdict(full_at: Timestamp, allowed: bool, now: Timestamp, limit: RateLimit) -> Verdict {
    let period_ms = i64::from(limit.period_seconds) * 1_000;
    let interval_ms = (period_ms / i64::from(limit.burst.max(1))).max(1);
    let wait = full_at.duration_since(now).max(SignedDuration::ZERO);
    let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let remaining = u32::try_from((period_ms - wait_ms).max(0) / interval_ms).unwrap_or(0);
    // The next call is allowed when the bucket has room for one more interval.
    let until_next_ms = (wait_ms + interval_ms - period_ms).max(0);
    let retry_after_seconds = u32::try_from((until_next_ms + 999) / 1_000).unwrap_or(u32::MAX);
    Verdict { allowed, remaining, retry_after_seconds: if allowed { 0 } else { retry_after_seconds.max(1) } }
}
