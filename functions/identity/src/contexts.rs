//! The port to what the other contexts hold on a person, and the list of those contexts.

use std::time::Duration;

use async_trait::async_trait;
use lectern_domain::id::UserId;
use lectern_runtime::Fault;
use lectern_runtime::internal::{InternalApi, InternalError};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A context that holds something on people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: &'static str,
    /// What it is about, for people.
    pub title: &'static str,
}

/// Every context but this one that holds something on people. A new one is added here, has a route
/// `GET /internal/<context>/users/{userId}/data`, and `build-export` and `get-consent-data` may call it
/// (template.yaml).
pub const CONTEXTS: &[Context] = &[
    Context { name: "tutoring", title: "Teaching" },
    Context { name: "booking", title: "Lessons" },
    Context { name: "payments", title: "Payments" },
];

/// One thing that a context holds, as it came: nobody here needs to understand it.
#[derive(Debug, Deserialize)]
pub struct Item {
    /// What it is: `lesson`.
    pub kind: String,
    /// What is held.
    pub data: Box<RawValue>,
}

/// Some of what a context holds, about a megabyte of it at most.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The items.
    pub items: Vec<Item>,
    /// For the next page; none on the last.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// See the module.
#[async_trait]
pub trait Contexts: Send + Sync {
    /// A page of what `context` holds on `user`: the one after `cursor`, or the first.
    async fn data_of(
        &self,
        context: &str,
        user: UserId,
        cursor: Option<&str>,
        correlation_id: &str,
    ) -> Result<Page, Fault>;
    /// Connects.
    async fn warm(&self) {}
}

/// Tries for one page. The queue tries again too, but minutes later.
const TRIES: u32 = 3;
/// Pause before the second; then twice as long.
const PAUSE: Duration = Duration::from_millis(250);

#[async_trait]
impl Contexts for InternalApi {
    async fn data_of(
        &self,
        context: &str,
        user: UserId,
        cursor: Option<&str>,
        correlation_id: &str,
    ) -> Result<Page, Fault> {
        let mut path = format!("/internal/{context}/users/{user}/data");
        // Cursors are base64 for URLs: nothing in them needs escaping.
        if let Some(cursor) = cursor {
            path.push_str(&format!("?cursor={cursor}"));
        }
        let mut tried = 1;
        loop {
            match self.get(&path, correlation_id).await {
                Err(InternalError::Unavailable(_)) if tried < TRIES => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(tried - 1)).await;
                    tried += 1;
                }
                outcome => return outcome.map_err(|error| Fault::transient(format!("{context}: {error}"))),
            }
        }
    }

    async fn warm(&self) {
        Self::warm(self).await;
    }
}
