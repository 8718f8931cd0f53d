//! The use case `tidy-<context>-records`: takes away what has served its time.

use jiff::SignedDuration;
use lectern_runtime::{Cx, Fault, UseCase};
use tokio_postgres::types::Type;

use crate::base::HasBase;
use crate::database::DbError;

/// How long a first answer can be had again by its idempotency key (Stripe keeps 24 h; docs/errors.md).
pub const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// How long published events stay in the outbox, for looking into a case.
const PUBLISHED_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long consumed events are remembered. Queues keep a message for 14 days at the longest.
const CONSUMED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The use case, of a context in which nothing else expires.
pub fn use_case<S: HasBase>(name: &'static str) -> UseCase<S> {
    use_case_with(name, &[])
}

/// The use case, with statements of the context's own, each a transaction of its own. A statement takes one
/// parameter, the moment (`timestamptz`), and may run any number of times.
pub fn use_case_with<S: HasBase>(name: &'static str, own: &'static [&'static str]) -> UseCase<S> {
    UseCase::schedule(name, "rate(1 day)", move |cx| tidy::<S>(cx, own)).summary(
        "Delete published events, expired idempotency records, idle rate limits and spent revocations",
    )
}

/// Every statement is tried, whatever became of those before it; the first that failed is told.
async fn tidy<S: HasBase>(cx: Cx<S>, own: &[&str]) -> Result<(), Fault> {
    let mut outcome = common(&cx).await;
    let now = cx.now();
    for statement in own {
        let done = cx.base().db.write(statement, &[(&now, Type::TIMESTAMPTZ)]).await;
        outcome = outcome.and(done.map(drop));
    }
    Ok(outcome?)
}

/// What is alike in every context.
async fn common<S: HasBase>(cx: &Cx<S>) -> Result<(), DbError> {
    let sql = "
        WITH events AS (DELETE FROM outbox WHERE published_at < $1),
             taken AS (DELETE FROM inbox WHERE taken_at < $2),
             answers AS (DELETE FROM idempotency_keys WHERE created_at < $3),
             limits AS (DELETE FROM rate_limits WHERE full_at < $4),
             revoked AS (DELETE FROM revocations WHERE kept_until < $4)
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
