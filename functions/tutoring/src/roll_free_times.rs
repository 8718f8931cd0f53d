//! Keeps what search looks at right: free times that are stale or don't reach far enough, tutors whom a change of the
//! catalogue has moved, rows that no search reads any more.

use lectern_runtime::{Cx, Fault, UseCase};

use crate::refresh_free_times::{compute, filled_until};
use crate::search_tutors::CURSOR_LIFE;
use crate::services::Tutoring;
use crate::store::free_times;

const NAME: &str = "roll-free-times";

/// Tutors whom one run computes at most: two short statements each. At the turn of a week all of them are due; nobody
/// needs the tenth week at once.
const TUTORS_MAX: i64 = 400;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::schedule(NAME, "RelayRate", roll)
        .summary("Roll on the free times by which tutors are found, and tidy what search keeps")
}

async fn roll(cx: Cx<Tutoring>) -> Result<(), Fault> {
    let db = &cx.base.db;
    let moved = free_times::refresh_moved(db).await?;
    let due = free_times::due(db, filled_until(cx.now()), TUTORS_MAX).await?;
    let mut computed = 0_u32;
    for each in due {
        // Who has changed meanwhile is still stale: the next run's.
        computed += u32::from(compute(&cx, each).await?);
    }
    free_times::tidy(db, cx.now() - CURSOR_LIFE).await?;
    if moved > 0 || computed > 0 {
        tracing::info!(use_case = NAME, moved, computed, "search kept up");
    }
    Ok(())
}
