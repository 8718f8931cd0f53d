//! What goes wrong on request, at the admin port's word.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// How long a request that is never answered hangs before its connection is closed.
pub const HANG_DEFAULT_MS: u64 = 30_000;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The work is done and its answer kept under the idempotency key, but the connection is closed unanswered,
    /// after `delay_ms` (30 s by default).
    TimeoutAfter,
    /// 500, and nothing was done. Not kept under the idempotency key unless `remember=true`: it failed at Stripe's
    /// edge.
    #[serde(rename = "error_500_before")]
    Error500Before,
    /// 500, but the work was done. Kept under the idempotency key, as Stripe keeps it, unless `remember=false`.
    #[serde(rename = "error_500_after")]
    Error500After,
    /// 429, and nothing was done.
    RateLimited,
    /// The work begins after `delay_ms`; its idempotency key is in progress meanwhile.
    Slow,
}

/// One fault, for the next `times` requests that it fits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Only for this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only for paths that begin so.
    #[serde(default)]
    pub path: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many requests it still hits.
    #[serde(default = "once")]
    pub times: u32,
    /// How many requests it lets go by first: with 2 it hits the third.
    #[serde(default)]
    pub skip: u32,
    /// For what takes time.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// Whether a 500 is kept under the idempotency key.
    #[serde(default)]
    pub remember: Option<bool>,
}

fn once() -> u32 {
    1
}

impl Fault {
    fn hits(&self, method: &str, path: &str) -> bool {
        self.times > 0
            && path.starts_with(&self.path)
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

/// All faults that are still to come, in the order in which they were asked for.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Asks for one more.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// The first that hits this request, which uses it up by one.
    pub fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut faults = self.lock();
        let fault = faults.iter_mut().filter(|fault| fault.hits(method, path)).find_map(|fault| {
            let lets_go = fault.skip > 0;
            fault.skip = fault.skip.saturating_sub(1);
            (!lets_go).then_some(fault)
        })?;
        fault.times -= 1;
        let taken = fault.clone();
        faults.retain(|fault| fault.times > 0);
        Some(taken)
    }

    /// Those still to come.
    #[must_use]
    pub fn all(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
