//! One call of a route: limits, caller, revocation, input, handler, response, one line of log.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use deserr::Deserr;
use lectern_domain::field::FieldErrors;

use serde_json::Value;

use crate::caller::Caller;
use crate::fault::Fault;
use crate::http::{Body, Event, IntoResponse, Request, Response, read_request};
use crate::problem::{self, Problem, ProblemType};
use crate::rate_limit::{Per, RateLimit, Verdict};
use crate::revocation;
use crate::services::{Cx, Services};
use crate::use_case::{HttpTrigger, Invocation, Meta, Trigger};

/// Answers a request. Never fails: whatever goes wrong is a response.
pub(crate) async fn answer<S, C, P, Q, B, A, F, Fut>(
    services: Arc<S>,
    meta: Meta,
    invocation: Invocation,
    handler: Arc<F>,
) -> Result<Value, Fault>
where
    S: Services,
    C: Caller,
    P: Deserr<FieldErrors>,
    Q: Deserr<FieldErrors>,
    B: Body,
    A: IntoResponse,
    F: Fn(Cx<S>, C, Request<P, Q, B>) -> Fut,
    Fut: Future<Output = Result<A, Problem>>,
{
    let started = Instant::now();
    let event: Event = serde_json::from_value(invocation.event).map_err(Fault::bad_input)?;
    let Trigger::Http(http) = &meta.trigger else { return Err(Fault::bad_input("not a route")) };
    let request_id = match event.request_context.request_id.as_str() {
        "" => invocation.request_id,
        id => id.to_owned(),
    };
    let now = services.kit().clock.now();
    let counted = count(services.as_ref(), &meta, http, &event).await;
    let outcome = match counted.refused {
        Some(problem) => Err(problem),
        None => handle::<S, C, P, Q, B, A, F, Fut>(services, http, &event, &request_id, &handler)
            .await
            .and_then(|answer| answer.into_response(now)),
    };
    let cause = outcome.as_ref().err().and_then(Problem::cause_text).map(str::to_owned);
    let mut response =
        outcome.unwrap_or_else(|problem| A::problem(&problem, instance(&event), &request_id, now));
    response.headers.extend(counted.headers);
    response.headers.push(("x-use-case", meta.name.to_owned()));
    log_line(&meta, &response, &request_id, started, cause.as_deref());
    Ok(response.into_gateway(&request_id))
}

/// The path without the stage or emulator prefix that a gateway may leave in front of it.
fn instance(event: &Event) -> &str {
    let path = event.raw_path.as_str();
    ["/v1/", "/internal/", "/health"].iter().find_map(|door| path.find(door)).map_or(path, |at| &path[at..])
}

fn log_line(meta: &Meta, response: &Response, request_id: &str, started: Instant, cause: Option<&str>) {
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (use_case, status) = (meta.name, response.status);
    let problem = response.problem.map(ProblemType::urn);
    if status >= 500 {
        tracing::error!(use_case, status, duration_us, request_id, problem, cause, "answered");
    } else {
        tracing::info!(use_case, status, duration_us, request_id, problem, cause, "answered");
    }
}

async fn handle<S, C, P, Q, B, A, F, Fut>(
    services: Arc<S>,
    http: &HttpTrigger,
    event: &Event,
    request_id: &str,
    handler: &F,
) -> Result<A, Problem>
where
    S: Services,
    C: Caller,
    P: Deserr<FieldErrors>,
    Q: Deserr<FieldErrors>,
    B: Body,
    F: Fn(Cx<S>, C, Request<P, Q, B>) -> Fut,
    Fut: Future<Output = Result<A, Problem>>,
{
    let caller = C::from_event(event)?;
    revocation::check(services.as_ref(), C::ACCESS, event, services.kit().clock.now()).await?;
    let request = read_request(event, http.idempotent)?;
    // Only our own services may carry a correlation on: anybody else's would be an injection into the logs.
    let carried = event.header("x-correlation-id").filter(|_| event.iam_arn().is_some());
    let correlation = carried.unwrap_or(request_id).to_owned();
    let cx = Cx::new(services, caller.actor().to_string(), correlation, request_id.to_owned());
    handler(cx, caller, request).await
}

/// What the limits say of a call.
#[derive(Default)]
struct Counted {
    /// The `RateLimit` headers of the limit that is nearest.
    headers: Vec<(&'static str, String)>,
    /// Too many calls.
    refused: Option<Problem>,
}

impl Counted {
    fn of(limit: RateLimit, verdict: Verdict) -> Self {
        let seconds = verdict.retry_after_seconds;
        let refused = (!verdict.allowed).then(|| {
            Problem::new(&problem::RATE_LIMITED)
                .detail(format!("Try again in {seconds} seconds."))
                .retry_after(seconds)
        });
        let headers = vec![
            ("ratelimit-policy", format!("\"default\";q={};w={}", limit.burst, limit.period_seconds)),
            ("ratelimit", format!("\"default\";r={};t={seconds}", verdict.remaining)),
        ];
        Self { headers, refused }
    }
}

/// Counts the call against each limit, until one refuses it.
async fn count<S: Services>(services: &S, meta: &Meta, http: &HttpTrigger, event: &Event) -> Counted {
    let Some(limiter) = services.rate_limiter() else { return Counted::default() };
    let mut nearest: Option<(RateLimit, Verdict)> = None;
    for limit in http.rate_limits {
        let Some(who) = counted_by(limit.per, event) else { continue };
        // Two limits of one kind (a minute's and a day's) are two counters.
        let key = format!("{}:{:?}:{}:{who}", meta.name, limit.per, limit.period_seconds);
        let verdict = limiter.take(&key, *limit).await;
        if !verdict.allowed {
            return Counted::of(*limit, verdict);
        }
        if nearest.is_none_or(|(_, v)| verdict.remaining < v.remaining) {
            nearest = Some((*limit, verdict));
        }
    }
    nearest.map_or_else(Counted::default, |(limit, verdict)| Counted::of(limit, verdict))
}

/// Whose calls are counted together with this one; `None` when it isn't counted.
fn counted_by(per: Per, event: &Event) -> Option<String> {
    let address = || event.request_context.http.source_ip.clone();
    match per {
        Per::Address => Some(address()),
        Per::Caller => {
            Some(event.claims().and_then(|claims| claims.get("user_id").cloned()).unwrap_or_else(address))
        }
        Per::Field(name) => {
            let body: Value = serde_json::from_slice(&event.body_bytes().ok()?).ok()?;
            let text = body.get(name)?.as_str()?.trim().to_lowercase();
            (!text.is_empty()).then_some(text)
        }
    }
}
