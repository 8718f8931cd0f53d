//! Answers that don't tell by their time whether an email is known.
//!
//! What is done for a known email takes longer, or shorter, than what is done for an unknown one: a letter is
//! posted, a password is compared. So an answer waits for the next whole multiple of a floor, counted from
//! the start of the work. Work that fits into the floor is told by nothing; work that doesn't falls into the
//! same next step as long as both kinds do.

use std::time::Duration;

use lectern_runtime::Cx;
use tokio::time::Instant;

use crate::services::Identity;

/// Does the work, and gives its outcome at the next whole multiple of [`Identity::answer_floor`] after the
/// start.
pub async fn steady<T>(cx: &Cx<Identity>, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let outcome = work.await;
    wait(cx.answer_floor, started).await;
    outcome
}

/// The same when the work fails; a success leaves at once, since whoever has it knows that the email is
/// known.
pub async fn steady_refusal<T, E>(
    cx: &Cx<Identity>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let started = Instant::now();
    let outcome = work.await;
    if outcome.is_err() {
        wait(cx.answer_floor, started).await;
    }
    outcome
}

async fn wait(floor: Duration, started: Instant) {
    tokio::time::sleep(until_next_step(floor, started.elapsed())).await;
}

/// From `elapsed` to the next whole multiple of `floor`; nothing where there is no floor.
fn until_next_step(floor: Duration, elapsed: Duration) -> Duration {
    let over = elapsed.as_nanos().checked_rem(floor.as_nanos()).unwrap_or_default();
    let left = floor.as_nanos() - over.min(floor.as_nanos());
    u64::try_from(left).map_or(Duration::MAX, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(floor_ms: u64, elapsed_ms: u64) -> u128 {
        until_next_step(Duration::from_millis(floor_ms), Duration::from_millis(elapsed_ms)).as_millis()
    }

    #[test]
    fn an_answer_waits_for_the_next_whole_multiple_of_the_floor() {
        assert_eq!(left(1_000, 0), 1_000);
        assert_eq!(left(1_000, 1), 999);
        assert_eq!(left(1_000, 999), 1);
        assert_eq!(left(1_000, 1_000), 1_000);
        assert_eq!(left(1_000, 2_300), 700);
    }

    #[test]
    fn without_a_floor_nothing_waits() {
        assert_eq!(left(0, 0), 0);
        assert_eq!(left(0, 700), 0);
    }
}
