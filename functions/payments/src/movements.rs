//! Reads what moved the platform's balance at Stripe into our own table, page by page, from the newest back to what
//! was read before. A walk that is interrupted goes on where it was.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use lectern_runtime::{Cx, Fault};

use crate::carry_out::now;
use crate::services::Payments;
use crate::store::reconciliation::{self, Run};
use crate::stripe::StripeError;

/// When a walk stops to ask for another page, below the 300 s of the functions that walk.
const TIME: Duration = Duration::from_secs(240);

/// How far a walk has come.
#[derive(Clone, Debug)]
pub struct Walked {
    /// The walk.
    pub run: Run,
    /// When it was begun or taken up.
    pub at: Timestamp,
    /// Whether it had been begun before: what has moved since then is left to the next walk.
    pub resumed: bool,
    /// Whether it has come to its end.
    pub complete: bool,
}

/// Walks on, until the end or as long as there is time.
pub async fn walk(cx: &Cx<Payments>) -> Result<Walked, Fault> {
    let (started, at) = (Instant::now(), now(cx));
    let mut run = reconciliation::begin(&cx.base.db, cx.fresh_id(), at).await?;
    let resumed = run.cursor.is_some();
    while started.elapsed() < TIME {
        let page = match cx.stripe.movements(run.since, run.cursor.as_deref()).await {
            Err(error @ StripeError::Refused { .. }) if run.cursor.is_some() => {
                tracing::warn!(run = %run.id, cause = %error, "the walk begins anew");
                reconciliation::rewind(&cx.base.db, &run).await?;
                run.cursor = None;
                continue;
            }
            answer => answer?,
        };
        reconciliation::keep(&cx.base.db, &run, &page.movements, now(cx)).await?;
        run.cursor = page.movements.last().map(|last| last.id.clone()).or(run.cursor);
        if !page.has_more {
            return Ok(Walked { run, at, resumed, complete: true });
        }
    }
    Ok(Walked { run, at, resumed, complete: false })
}
