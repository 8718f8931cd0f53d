//! Limits on how often a route may be called, held across function instances by whatever store the context
//! has.

use async_trait::async_trait;

/// A token bucket: `burst` calls at once, refilled evenly over `period_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// What is counted.
    pub per: Per,
    /// Calls in a period, and at once.
    pub burst: u32,
    /// Length of the period.
    pub period_seconds: u32,
}

/// What calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// The address that the request comes from.
    Address,
    /// The signed-in caller (the address where nobody is).
    Caller,
    /// A member of the JSON body that is a text, trimmed and in lower case: `Field("email")` counts by the
    /// account that is meant, whoever calls. A call without it isn't counted: its input is refused anyway.
    Field(&'static str),
}

/// What the counter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the call may go on.
    pub allowed: bool,
    /// How many more are allowed right now.
    pub remaining: u32,
    /// Seconds until the next is allowed (0 when one is).
    pub retry_after_seconds: u32,
}

/// Counts calls.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one call of `key` against `limit`. When the store can't be reached the call is allowed: what it
    /// wants to do needs the same store and will fail by itself, with the right answer.
    async fn take(&self, key: &str, limit: RateLimit) -> Verdict;
}
