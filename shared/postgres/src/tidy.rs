//! The use case `tidy-<context>-records`: takes away what has served its time.

use jiff::SignedDuration;
use lectern_runtime::{Cx, Fault, UseCase};
use tokio_postgres::types::Type;

use crate::base::HasBase;

/// How long a first answer can be had again by its idempotency key (Stripe keeps 24 h; docs/errors.md).
pub const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// How long published events stay in the outbox, for looking into a case.
const PUBLISHED_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long consumed events are remembered. Queues keep a message for 14 days at the longest.
const CONSUMED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The use case.
pub fn use_case<S: HasBase>(name: &'static str) -> UseCase<S> {
    UseCase::schedule(name, "rate(1 day)", tidy::<S>)
        .summary("Delete published events, expired idempotency records and idle rate limits")
}

async fn tidy<S: HasBase>(cx: Cx<S>) -> Result<(), Fault> {
    let sql = "
        WITH events AS (DELETE FROM outbox WHERE published_at < $1),
             taken AS (DELETE FROM inbox WHERE taken_at < $2),
             answers AS (DELETE FROM idempotency_keys WHERE created_at < $3),
             limits AS (DELETE FROM rate_limits WHERE full_at < $4)
        SELECT 1";
    let now = cx.now();
    let (published, consumed, answered) = (now - PUBLISHED_KEPT, now - CONSUMED_KEPT, now - IDEMPOTENCY_KEPT);
    let params = [
        (&published as _, Type::TIMESTAMPTZ),
        (&consumed as _, Type::TIMESTAMPTZ),
        (&answered as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    cx.base().db.write(sql, &params).await?;
    Ok(())
}
