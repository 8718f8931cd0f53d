//! The use case `relay-<context>-outbox`: sends what a crash or a broken bus left behind.

use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::base::HasBase;
use crate::outbox;

/// Batches that one run sends at most; the next run goes on.
const BATCHES_MAX: usize = 20;

/// The use case. `schedule` is a schedule expression or a template parameter's name.
pub fn use_case<S: HasBase>(name: &'static str, schedule: &'static str) -> UseCase<S> {
    UseCase::schedule(name, schedule, relay::<S>)
        .summary("Publish the events that were left behind in the outbox")
        .needs(&[Need::Database, Need::Bus])
}

async fn relay<S: HasBase>(cx: Cx<S>) -> Result<(), Fault> {
    let base = cx.base();
    for _ in 0..BATCHES_MAX {
        let events = outbox::claim(&base.db, cx.now()).await?;
        if events.is_empty() {
            return Ok(());
        }
        let arrived = base.bus.publish(&events).await;
        outbox::mark_published(&base.db, &arrived).await?;
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        metrics::count(S::CONTEXT, "OutboxLeftBehind", count);
        tracing::info!(count, "events relayed");
        if arrived.len() < events.len() {
            return Err(Fault::transient("the event bus did not take every event"));
        }
    }
    Ok(())
}
