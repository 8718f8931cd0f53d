//! Waiting for a condition, with a limit.

use std::time::{Duration, Instant};

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(60);
/// Long enough for anything that is not held up on purpose, on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Looks until there is something; stops the test when there is nothing in time.
#[track_caller]
pub fn until<'a, T, F>(what: &'a str, limit: Duration, mut look: F) -> impl Future<Output = T> + 'a
where
    F: AsyncFnMut() -> Option<T> + 'a,
    T: 'a,
{
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(started.elapsed() < limit, "{caller}: not within {limit:?}: {what}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
