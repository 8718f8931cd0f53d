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
use crate::objects::event::CONFIGURED;
use crate::objects::{Event, Resource as _, WebhookEndpoint};
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
    /// Of events of connected accounts.
    connect_endpoint: Option<String>,
    held: bool,
    pending: Vec<Pending>,
}

/// One event on its way to one address.
#[derive(Clone, PartialEq, Eq)]
struct Errand {
    event: String,
    /// Who waits for it, see [`Event::waiting`].
    to: String,
}

struct Pending {
    errand: Errand,
    /// Of a connected account.
    connected: bool,
    attempts: u32,
    due: Instant,
    busy: bool,
}

/// What the delivering task does next.
enum Next {
    Send(Errand),
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
        let inner = Inner {
            endpoint: config.webhook_url.clone(),
            connect_endpoint: config.connect_webhook_url.clone(),
            ..Inner::default()
        };
        Ok(Self { inner: Mutex::new(inner), wake: Notify::new(), client })
    }

    /// One more event, at once, to all who wait for it.
    pub fn add(&self, event: &Event) {
        let connected = event.account.is_some();
        let pending = event.waiting.iter().map(|to| {
            let errand = Errand { event: event.id.clone(), to: to.clone() };
            Pending { errand, connected, attempts: 0, due: Instant::now(), busy: false }
        });
        self.lock().pending.extend(pending);
        self.wake.notify_one();
    }

    /// From now on events go there; what isn't given stays.
    pub fn set_endpoints(&self, url: Option<String>, connect_url: Option<String>) {
        let mut inner = self.lock();
        inner.endpoint = url.or_else(|| inner.endpoint.take());
        inner.connect_endpoint = connect_url.or_else(|| inner.connect_endpoint.take());
        drop(inner);
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
        json!({ "url": inner.endpoint, "connect_url": inner.connect_endpoint, "held": inner.held, "pending": inner.pending.len() })
    }

    fn url(&self, connected: bool) -> Option<String> {
        let inner = self.lock();
        if connected { inner.connect_endpoint.clone() } else { inner.endpoint.clone() }
    }

    fn next(&self) -> Next {
        let mut inner = self.lock();
        let busy = inner.pending.iter().filter(|pending| pending.busy).count();
        let reached = [inner.endpoint.is_some(), inner.connect_endpoint.is_some()];
        if inner.held || busy >= BUSY_MAX {
            return Next::Wait(None);
        }
        let now = Instant::now();
        let reaches =
            |pending: &Pending| pending.errand.to != CONFIGURED || reached[usize::from(pending.connected)];
        let can_go = |pending: &Pending| !pending.busy && reaches(pending);
        match inner.pending.iter_mut().find(|pending| can_go(pending) && pending.due <= now) {
            Some(pending) => {
                pending.busy = true;
                Next::Send(pending.errand.clone())
            }
            None => {
                let due = inner.pending.iter().filter(|pending| can_go(pending)).map(|it| it.due).min();
                Next::Wait(due.map(|due| due.saturating_duration_since(now)))
            }
        }
    }

    /// Takes all that wait, to be sent one after the other by the caller.
    fn take_all(&self) -> Vec<Errand> {
        let mut inner = self.lock();
        let idle = inner.pending.iter_mut().filter(|pending| !pending.busy);
        idle.map(|pending| {
            pending.busy = true;
            pending.errand.clone()
        })
        .collect()
    }

    fn release(&self) {
        self.lock().held = false;
        self.wake.notify_one();
    }

    fn finish(&self, errand: &Errand, taken: bool) {
        let mut inner = self.lock();
        if taken {
            inner.pending.retain(|pending| pending.errand != *errand);
        } else if let Some(pending) = inner.pending.iter_mut().find(|pending| pending.errand == *errand) {
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
            Next::Send(errand) => {
                let stand = Arc::clone(&stand);
                tokio::spawn(async move { run(&stand, &errand, 0).await });
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
    for errand in waiting {
        results.push(run(stand, &errand, 0).await);
    }
    stand.deliveries.release();
    results
}

/// Delivers one event now to the configured address, whether or not it was before, signed as `age_seconds` ago.
pub async fn deliver(stand: &Stand, event: &str, age_seconds: i64) -> Value {
    let errand = Errand { event: event.to_owned(), to: CONFIGURED.to_owned() };
    run(stand, &errand, age_seconds).await
}

async fn run(stand: &Stand, errand: &Errand, age_seconds: i64) -> Value {
    let Errand { event, to } = errand;
    let result = send(stand, errand, age_seconds).await;
    // An endpoint that is gone waits for nothing.
    let taken =
        matches!(result, Ok(None)) || matches!(result, Ok(Some(status)) if (200..300).contains(&status));
    if taken && let Err(error) = stand.delivered(event, to) {
        tracing::error!(event, to, %error, "journal");
    }
    match &result {
        Ok(status) => tracing::info!(event, to, status, "webhook answered"),
        Err(error) => tracing::warn!(event, to, error, "webhook not reached"),
    }
    stand.deliveries.finish(errand, taken);
    match result {
        Ok(status) => json!({ "event": event, "status": status }),
        Err(error) => json!({ "event": event, "status": null, "error": error }),
    }
}

/// Where an errand goes, and what it is signed with; none if nobody is there any more.
fn destination(stand: &Stand, to: &str, connected: bool) -> Result<Option<(String, String)>, String> {
    if to == CONFIGURED {
        let Config { webhook_secret, connect_webhook_secret, .. } = &stand.config;
        let secret = if connected { connect_webhook_secret } else { webhook_secret };
        let url = stand.deliveries.url(connected).ok_or_else(|| "no webhook URL".to_owned())?;
        return Ok(Some((url, secret.clone())));
    }
    Ok(stand.read(|tables| {
        let endpoint = WebhookEndpoint::of(tables.get(to)?)?;
        let is_there = !endpoint.deleted && endpoint.status == "enabled";
        is_there.then(|| (endpoint.url.clone(), endpoint.secret.clone()))
    }))
}

async fn send(stand: &Stand, errand: &Errand, age_seconds: i64) -> Result<Option<u16>, String> {
    let event = &errand.event;
    let found = stand.read(|tables| {
        let object = tables.get(event)?;
        let connected = Event::of(object)?.account.is_some();
        Some((connected, serde_json::to_string_pretty(&render::object(object)).ok()?))
    });
    let (connected, body) = found.ok_or_else(|| format!("no such event: {event}"))?;
    let Some((url, secret)) = destination(stand, &errand.to, connected)? else { return Ok(None) };
    let request = stand
        .deliveries
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature_header(&secret, now() - age_seconds, &body))
        .body(body);
    request.send().await.map(|answer| Some(answer.status().as_u16())).map_err(|error| causes(&error))
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
