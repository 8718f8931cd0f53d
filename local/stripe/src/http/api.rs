//! The way of an API request: key, route, fault, idempotency key, work, answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::routes::{self, Found};
use super::{Call, Caller, auth};
use crate::API_VERSION;
use crate::check::Exchange;
use crate::error::Failure;
use crate::faults::{Fault, FaultKind, HANG_DEFAULT_MS};
use crate::objects::{Account, Reply, Resource as _};
use crate::params::Params;
use crate::render;
use crate::state::{Begin, Done, Origin, Outcome, Remembered, Stand, Unit};
use crate::versions;

/// One request on its way.
struct Asked {
    request_id: String,
    version: String,
    endpoint: String,
    method: Method,
    path: String,
    params: Params,
    key: Option<String>,
    /// The connected account that it acts as.
    account: Option<String>,
}

impl Asked {
    /// The idempotency key as it is kept: each account has its own.
    fn kept_key(&self) -> Option<String> {
        let key = self.key.as_ref()?;
        Some(self.account.as_ref().map_or_else(|| key.clone(), |account| format!("{account}:{key}")))
    }
}

/// What is sent back.
struct Answer {
    status: u16,
    body: String,
    /// The first request of this idempotency key, when this is a repetition.
    original: Option<String>,
    /// The connection is closed instead, after that time.
    closes_after: Option<Duration>,
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Done::from(&failure).into()
    }
}

impl From<Done> for Answer {
    fn from(done: Done) -> Self {
        Self { status: done.status, body: done.body, original: None, closes_after: None }
    }
}

impl From<&Failure> for Done {
    fn from(failure: &Failure) -> Self {
        Self { status: failure.status(), body: pretty(&failure.body()) }
    }
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Answers any request that isn't for the admin routes.
pub async fn answer(
    State(stand): State<Arc<Stand>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut asked = Asked {
        request_id: stand.request_id(),
        version: API_VERSION.to_owned(),
        endpoint: format!("{method} {}", uri.path()),
        path: uri.path().to_owned(),
        params: Params::default(),
        key: None,
        account: None,
        method,
    };
    let answer = match read(&stand, &mut asked, &uri, &headers, &body) {
        Ok(caller) => {
            let answer = perform(&stand, &asked, caller).await;
            // What Stripe.js is shown is less than the contract tells.
            if caller == Caller::Secret {
                check(&stand, &asked, &answer);
            }
            answer
        }
        Err(failure) => failure.into(),
    };
    tracing::info!(
        request_id = asked.request_id,
        endpoint = asked.endpoint,
        status = answer.status,
        replayed = answer.original.is_some(),
        "answered"
    );
    if let Some(time) = answer.closes_after {
        tokio::time::sleep(time).await;
        return closing();
    }
    respond(&asked, answer)
}

fn check(stand: &Stand, asked: &Asked, answer: &Answer) {
    // The contract is that of one version.
    if asked.version != API_VERSION {
        return;
    }
    let (method, path) = (asked.method.as_str(), asked.path.as_str());
    let Answer { status, body, .. } = answer;
    stand.check.exchange(&Exchange { method, path, params: &asked.params, status: *status, body });
}

/// Reads what the request is, short of what it does.
fn read(
    stand: &Stand,
    asked: &mut Asked,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Caller, Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(version) = text("stripe-version") {
        versions::check(version)?;
        version.clone_into(&mut asked.version);
    }
    let kind = text("content-type").unwrap_or("application/x-www-form-urlencoded");
    if !body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If \
                       you have any questions, we can help at https://support.stripe.com/.";
        return Err(Failure::Malformed(message.to_owned()));
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let parts: Vec<&[u8]> = [query, body].into_iter().filter(|part| !part.is_empty()).collect();
    asked.params = Params::parse(&parts.join(&b'&'));
    let caller = auth::caller(&stand.config, headers, asked.params.take("key"))?;
    if text("stripe-context").is_some() {
        let message = "This stand-in for Stripe knows the Stripe-Account header, and no Stripe-Context.";
        return Err(Failure::Malformed(message.to_owned()));
    }
    if let Some(id) = text("stripe-account").filter(|id| !id.is_empty()) {
        let is_ours = |account: &Account| !account.deleted;
        if !stand.read(|tables| tables.get(id).and_then(Account::of).is_some_and(is_ours)) {
            return Err(Failure::NoAccess(id.to_owned()));
        }
        asked.account = Some(id.to_owned());
    }
    if asked.method == Method::POST {
        versions::bring_up_to_date(&asked.version, &asked.path, &mut asked.params)?;
        asked.key = text("idempotency-key").filter(|key| !key.is_empty()).map(str::to_owned);
    }
    Ok(caller)
}

async fn perform(stand: &Arc<Stand>, asked: &Asked, caller: Caller) -> Answer {
    let Some(found) = routes::find(&asked.method, &asked.path) else {
        let (method, path) = (asked.method.to_string(), asked.path.clone());
        return Failure::UnknownRoute { method, path }.into();
    };
    if caller == Caller::Publishable && !found.public {
        return Failure::SecretKeyRequired.into();
    }
    if asked.account.is_some() && !found.connected {
        let message = "This stand-in for Stripe acts as a connected account for balances, payouts and events only: send \
                       no Stripe-Account header here.";
        return Failure::Malformed(message.to_owned()).into();
    }
    let fault = stand.faults.take(asked.method.as_str(), &asked.path);
    if is(&fault, FaultKind::RateLimited) {
        return Failure::RateLimited.into();
    }
    let mark = match begin(stand, asked) {
        Ok(mark) => mark,
        Err(answer) => return *answer,
    };
    if let Some(Fault { kind: FaultKind::Slow, delay_ms, .. }) = &fault {
        tokio::time::sleep(Duration::from_millis(delay_ms.unwrap_or_default())).await;
    }
    let answer = work(stand, asked, caller, &found, &fault);
    drop(mark);
    answer
}

fn is(fault: &Option<Fault>, kind: FaultKind) -> bool {
    fault.as_ref().is_some_and(|fault| fault.kind == kind)
}

/// A key that is in progress until this is dropped, also when the caller hangs up.
struct InProgress {
    stand: Arc<Stand>,
    key: String,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.stand.end(&self.key);
    }
}

fn begin(stand: &Arc<Stand>, asked: &Asked) -> Result<Option<InProgress>, Box<Answer>> {
    let Some(key) = &asked.kept_key() else { return Ok(None) };
    match stand.begin(key, &asked.endpoint, &asked.params.canonical()) {
        Ok(Begin::Work) => Ok(Some(InProgress { stand: Arc::clone(stand), key: key.clone() })),
        Ok(Begin::Replay(first)) => {
            let Remembered { status, body, request_id, .. } = *first;
            Err(Box::new(Answer { status, body, original: Some(request_id), closes_after: None }))
        }
        Err(failure) => Err(Box::new(failure.into())),
    }
}

fn work(stand: &Stand, asked: &Asked, caller: Caller, found: &Found, fault: &Option<Fault>) -> Answer {
    let origin = Origin { request_id: Some(asked.request_id.clone()), idempotency_key: asked.key.clone() };
    let done = stand.work(origin, |unit| {
        unit.account.clone_from(&asked.account);
        let mut outcome = if is(fault, FaultKind::Error500Before) {
            Outcome { done: Done::from(&Failure::Internal), keeps_changes: false, remember: None }
        } else {
            call(unit, asked, caller, found)
        };
        if is(fault, FaultKind::Error500After) {
            outcome.done = Done::from(&Failure::Internal);
        }
        if let Some(Fault { kind: kind @ (FaultKind::Error500Before | FaultKind::Error500After), .. }) = fault
        {
            let by_default = *kind == FaultKind::Error500After;
            let is_kept = fault.as_ref().and_then(|fault| fault.remember).unwrap_or(by_default);
            outcome.remember = if is_kept { remembered(asked, &outcome.done, unit.now) } else { None };
        }
        outcome
    });
    match done {
        Ok(done) => {
            let hang = fault.as_ref().filter(|fault| fault.kind == FaultKind::TimeoutAfter);
            let time = hang.map(|fault| Duration::from_millis(fault.delay_ms.unwrap_or(HANG_DEFAULT_MS)));
            Answer { closes_after: time, ..Answer::from(done) }
        }
        Err(error) => {
            tracing::error!(%error, "journal");
            Failure::Internal.into()
        }
    }
}

fn call(unit: &mut Unit, asked: &Asked, caller: Caller, found: &Found) -> Outcome {
    let call = Call { params: &asked.params, caller };
    let result = (found.endpoint)(unit, &call, &found.ids).and_then(|reply| {
        let status = if let Reply::Declined(failure) = &reply { failure.status() } else { 200 };
        let shown = render::reply(unit, &reply, &asked.params.list("expand"))?;
        Ok(Done { status, body: pretty(&shown) })
    });
    match result {
        Ok(done) => {
            let remember = remembered(asked, &done, unit.now);
            Outcome { done, keeps_changes: true, remember }
        }
        Err(failure) => {
            let done = Done::from(&failure);
            let remember = if failure.is_remembered() { remembered(asked, &done, unit.now) } else { None };
            Outcome { done, keeps_changes: false, remember }
        }
    }
}

fn remembered(asked: &Asked, done: &Done, now: i64) -> Option<Remembered> {
    Some(Remembered {
        key: asked.kept_key()?,
        endpoint: asked.endpoint.clone(),
        params: asked.params.canonical(),
        request_id: asked.request_id.clone(),
        created: now,
        status: done.status,
        body: done.body.clone(),
    })
}

fn respond(asked: &Asked, answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set("content-type", "application/json");
    set("cache-control", "no-cache, no-store");
    set("request-id", &asked.request_id);
    set("stripe-version", &asked.version);
    if let Some(key) = &asked.key {
        set("idempotency-key", key);
    }
    if let Some(original) = &answer.original {
        set("idempotent-replayed", "true");
        set("original-request", original);
    }
    if answer.status == 401 {
        set("www-authenticate", "Basic realm=\"Stripe\"");
    }
    response
}

/// A response whose body fails at once: the connection is closed before anything of it is sent.
fn closing() -> Response {
    let broken =
        futures::stream::once(async { Err::<Bytes, _>(io::Error::other("fault: closed unanswered")) });
    Response::new(Body::from_stream(broken))
}
