//! Deliveries: every event goes to the webhook's address, signed, and again until it is answered with 2xx. What is
//! still to be delivered is what the journal's events say (`pending_webhooks`), so a restart forgets none.

mod signature;

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Notify;

pub use signature::header as signature_header;

use crate::config::Config;
use crate::objects::{Event, Resource as _};
use crate::render;
use crate::state::{Stand, now};

const TIMEOUT: Duration = Duration::from_secs(20);
const BUSY_MAX: usize = 4;
/// Stripe waits hours; a local stand-in can't.
const BACKOFF_FIRST_MS: u64 = 200;
const BACKOFF_MAX_MS: u64 = 15_000;

/// What is still to be delivered, and whether it may be.
pub struct Deliveries {
    inner: Mutex<Inner>,
    wake: Notify,
    client: reqwest::Client,
}

#[derive(Default)]
struct Inner {
    endpoint: Option<String>,
    held: bool,
    pending: Vec<Pending>,
}

struct Pending {
    event: String,
    attempts: u32,
    due: Instant,
    busy: bool,
}

/// What the delivering task does next.
enum Next {
    Send(String),
    Wait(Option<Duration>),
}

impl Deliveries {
    /// Nothing to deliver yet.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn new(config: &Config) -> io::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .build()
            .map_err(io::Error::other)?;
        let inner = Inner { endpoint: config.webhook_url.clone(), ..Inner::default() };
        Ok(Self { inner: Mutex::new(inner), wake: Notify::new(), client })
    }

    /// One more event, at once.
    pub fn add(&self, event: &str) {
        let pending = Pending { event: event.to_owned(), attempts: 0, due: Instant::now(), busy: false };
        self.lock().pending.push(pending);
        self.wake.notify_one();
    }

    /// From now on events go there.
    pub fn set_endpoint(&self, url: String) {
        self.lock().endpoint = Some(url);
        self.wake.notify_one();
    }

    /// From now on events wait.
    pub fn hold(&self) {
        self.lock().held = true;
    }

    /// Forgets what is to be delivered, and lets what comes go.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.pending.clear();
        inner.held = false;
    }

    /// Where events go, whether they wait, and how many there are.
    #[must_use]
    pub fn summary(&self) -> Value {
        let inner = self.lock();
        json!({ "url": inner.endpoint, "held": inner.held, "pending": inner.pending.len() })
    }

    fn next(&self) -> Next {
        let mut inner = self.lock();
        let busy = inner.pending.iter().filter(|pending| pending.busy).count();
        if inner.held || inner.endpoint.is_none() || busy >= BUSY_MAX {
            return Next::Wait(None);
        }
        let now = Instant::now();
        match inner.pending.iter_mut().find(|pending| !pending.busy && pending.due <= now) {
            Some(pending) => {
                pending.busy = true;
                Next::Send(pending.event.clone())
            }
            None => {
                let due =
                    inner.pending.iter().filter(|pending| !pending.busy).map(|pending| pending.due).min();
                Next::Wait(due.map(|due| due.saturating_duration_since(now)))
            }
        }
    }

    /// Takes all that wait, to be sent one after the other by the caller.
    fn take_all(&self) -> Vec<String> {
        let mut inner = self.lock();
        let idle = inner.pending.iter_mut().filter(|pending| !pending.busy);
        idle.map(|pending| {
            pending.busy = true;
            pending.event.clone()
        })
        .collect()
    }

    fn release(&self) {
        self.lock().held = false;
        self.wake.notify_one();
    }

    fn finish(&self, event: &str, taken: bool) {
        let mut inner = self.lock();
        if taken {
            inner.pending.retain(|pending| pending.event != event);
        } else if let Some(pending) = inner.pending.iter_mut().find(|pending| pending.event == event) {
            pending.busy = false;
            pending.due = Instant::now() + backoff(pending.attempts);
            pending.attempts += 1;
        }
        drop(inner);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn backoff(failures: u32) -> Duration {
    let factor = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
    Duration::from_millis(BACKOFF_FIRST_MS.saturating_mul(factor).min(BACKOFF_MAX_MS))
}

/// Delivers for as long as the process lives.
pub async fn deliver_for_ever(stand: Arc<Stand>) {
    loop {
        match stand.deliveries.next() {
            Next::Send(event) => {
                let stand = Arc::clone(&stand);
                tokio::spawn(async move { deliver(&stand, &event, 0).await });
            }
            Next::Wait(Some(time)) => {
                // Whichever is first; both only mean: look again.
                let _ = tokio::time::timeout(time, stand.deliveries.wake.notified()).await;
            }
            Next::Wait(None) => stand.deliveries.wake.notified().await,
        }
    }
}

/// Delivers all that wait, one after the other, then lets the rest go as usual.
pub async fn release(stand: &Stand, reverse: bool) -> Vec<Value> {
    let mut waiting = stand.deliveries.take_all();
    if reverse {
        waiting.reverse();
    }
    let mut results = Vec::new();
    for event in waiting {
        results.push(deliver(stand, &event, 0).await);
    }
    stand.deliveries.release();
    results
}

/// Delivers one event now, whether or not it was before, signed as `age_seconds` ago.
pub async fn deliver(stand: &Stand, event: &str, age_seconds: i64) -> Value {
    let result = send(stand, event, age_seconds).await;
    let taken = matches!(result, Ok(status) if (200..300).contains(&status));
    if taken && let Err(error) = stand.delivered(event) {
        tracing::error!(event, %error, "journal");
    }
    match &result {
        Ok(status) => tracing::info!(event, status, "webhook answered"),
        Err(error) => tracing::warn!(event, error, "webhook not reached"),
    }
    stand.deliveries.finish(event, taken);
    match result {
        Ok(status) => json!({ "event": event, "status": status }),
        Err(error) => json!({ "event": event, "status": null, "error": error }),
    }
}

async fn send(stand: &Stand, event: &str, age_seconds: i64) -> Result<u16, String> {
    let Some(url) = stand.deliveries.lock().endpoint.clone() else {
        return Err("no webhook URL".to_owned());
    };
    let body = stand.read(|tables| {
        let found = tables.get(event).filter(|object| Event::of(object).is_some())?;
        serde_json::to_string_pretty(&render::object(found)).ok()
    });
    let body = body.ok_or_else(|| format!("no such event: {event}"))?;
    let signature = signature_header(&stand.config.webhook_secret, now() - age_seconds, &body);
    let request = stand
        .deliveries
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature)
        .body(body);
    request.send().await.map(|answer| answer.status().as_u16()).map_err(|error| causes(&error))
}

fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_attempts_doubles_up_to_its_limit() {
        assert_eq!(backoff(0), Duration::from_millis(200));
        assert_eq!(backoff(3), Duration::from_millis(1600));
        assert_eq!(backoff(20), Duration::from_millis(BACKOFF_MAX_MS));
        assert_eq!(backoff(200), Duration::from_millis(BACKOFF_MAX_MS));
    }
}
