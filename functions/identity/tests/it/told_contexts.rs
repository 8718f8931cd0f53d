//! Contexts that are told what they hold.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use lectern_domain::id::UserId;
use lectern_identity::contexts::{Contexts, Page};
use lectern_runtime::Fault;
use serde_json::{Value, json};

/// Give what they are told, two items a page; and fail as often as they are told.
#[derive(Default)]
pub struct ToldContexts {
    held: Mutex<BTreeMap<String, Vec<Value>>>,
    failures: AtomicU32,
    pub asked: Mutex<Vec<String>>,
}

impl ToldContexts {
    pub fn hold(&self, context: &str, items: &[Value]) {
        self.held.lock().unwrap().insert(context.to_owned(), items.to_vec());
    }

    pub fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl Contexts for ToldContexts {
    async fn data_of(
        &self,
        context: &str,
        user: UserId,
        cursor: Option<&str>,
        _correlation_id: &str,
    ) -> Result<Page, Fault> {
        self.asked.lock().unwrap().push(format!("{context} {user} {}", cursor.unwrap_or("-")));
        let fails =
            self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err(Fault::transient(format!("{context} is down")));
        }
        let held = self.held.lock().unwrap().get(context).cloned().unwrap_or_default();
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + 2).min(held.len());
        let next = (to < held.len()).then(|| format!("{to:04}"));
        let page = json!({ "items": held[from..to], "nextCursor": next }).to_string();
        Ok(serde_json::from_str(&page).unwrap())
    }
}
