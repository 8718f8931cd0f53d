//! The client alone, against a server that answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use lectern_domain::id::UserId;
use lectern_domain::payments::PayoutAccount;
use lectern_payments::stripe::{ClientConfig, Secret, Stripe as _, StripeApi, StripeError};
use tokio::net::TcpListener;
use uuid::Uuid;

const BALANCE: &str = r#"{"object":"balance","available":[{"amount":5,"currency":"usd"}],"pending":[]}"#;
const ACCOUNT: &str = r#"{"id":"acct_1","object":"account","payouts_enabled":true,"metadata":{}}"#;
const OUTAGE: &str = r#"{"error":{"type":"api_error","message":"out"}}"#;

/// An answer: status, headers, body. Without one the server never answers.
type Told = Option<(u16, &'static [(&'static str, &'static str)], &'static str)>;

/// What was asked.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
    at: Instant,
}

#[derive(Default)]
struct Script {
    told: Mutex<VecDeque<Told>>,
    asked: Mutex<Vec<Asked>>,
}

async fn answer(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let path = uri.to_string();
    script.asked.lock().unwrap().push(Asked { method, path, headers, body, at: Instant::now() });
    let told = script.told.lock().unwrap().pop_front().expect("a request more than was told of");
    let Some((status, headers, body)) = told else { return std::future::pending().await };
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// A client, and the server that answers it so, one after the other.
async fn told(answers: &[Told]) -> (StripeApi, Arc<Script>) {
    let script =
        Arc::new(Script { told: Mutex::new(answers.iter().copied().collect()), ..Script::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (timeout, pause) = (Duration::from_millis(300), Duration::from_millis(5));
    let key = Secret::Given("sk_test_secret".to_owned());
    (StripeApi::new(ClientConfig { base, key, timeout, pause }), script)
}

impl Script {
    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn account() -> PayoutAccount {
    PayoutAccount::new(UserId(Uuid::now_v7()))
}

#[tokio::test]
async fn every_request_says_who_asks_in_which_version_and_tells_nothing_else() {
    let (stripe, script) = told(&[Some((200, &[], BALANCE)), Some((200, &[], ACCOUNT))]).await;
    stripe.balances().await.unwrap();
    let account = account();
    stripe.open_account(&account).await.unwrap();
    let [read, made] = <[Asked; 2]>::try_from(script.asked()).unwrap();
    for asked in [&read, &made] {
        assert_eq!(asked.headers["authorization"], "Bearer sk_test_secret");
        assert_eq!(asked.headers["stripe-version"], "2026-10-28.endive");
        assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("Lectern/"));
        assert!(!asked.headers.keys().any(|name| name.as_str().contains("telemetry")));
    }
    assert_eq!((read.method, read.path.as_str()), (Method::GET, "/v1/balance"));
    assert!(!read.headers.contains_key("idempotency-key"));
    assert_eq!((made.method, made.path.as_str()), (Method::POST, "/v1/accounts"));
    assert_eq!(made.headers["idempotency-key"], account.key().as_str());
    assert_eq!(made.headers["content-type"], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn an_outage_a_lock_and_a_limit_are_asked_again_with_the_same_key_and_body() {
    for status in [409, 429, 500, 503] {
        let (stripe, script) =
            told(&[Some((status, &[], OUTAGE)), Some((status, &[], OUTAGE)), Some((200, &[], ACCOUNT))])
                .await;
        assert_eq!(stripe.open_account(&account()).await.unwrap().id, "acct_1");
        let asked = script.asked();
        assert_eq!(asked.len(), 3, "{status}");
        for again in &asked[1..] {
            assert_eq!(again.headers["idempotency-key"], asked[0].headers["idempotency-key"]);
            assert_eq!(again.body, asked[0].body);
        }
    }
}

#[tokio::test]
async fn it_gives_up_after_three_tries_and_says_that_nobody_knows() {
    let outage: Told = Some((500, &[], OUTAGE));
    let (stripe, script) = told(&[outage; 3]).await;
    let error = stripe.balances().await.unwrap_err();
    assert!(matches!(error, StripeError::Unknown { ended: false, .. }), "{error}");
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_not_waited_for_and_nobody_knows() {
    let (stripe, script) = told(&[None, Some((200, &[], BALANCE))]).await;
    stripe.balances().await.unwrap();
    assert_eq!(script.asked().len(), 2);
    let (stripe, _script) = told(&[None, None, None]).await;
    assert!(matches!(stripe.balances().await.unwrap_err(), StripeError::Unknown { ended: false, .. }));
}

#[tokio::test]
async fn stripe_says_whether_to_ask_again() {
    let (stripe, script) = told(&[Some((500, &[("stripe-should-retry", "false")], OUTAGE))]).await;
    assert!(matches!(stripe.balances().await.unwrap_err(), StripeError::Unknown { .. }));
    assert_eq!(script.asked().len(), 1);
    let again = Some((400, &[("stripe-should-retry", "true")][..], OUTAGE));
    let (stripe, script) = told(&[again, Some((200, &[], BALANCE))]).await;
    stripe.balances().await.unwrap();
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn stripe_says_when_to_ask_again_and_what_takes_too_long_is_left_to_later() {
    let (stripe, script) =
        told(&[Some((429, &[("retry-after", "1")], OUTAGE)), Some((200, &[], BALANCE))]).await;
    stripe.balances().await.unwrap();
    let asked = script.asked();
    assert!(asked[1].at - asked[0].at >= Duration::from_secs(1));
    let (stripe, script) = told(&[Some((429, &[("retry-after", "600")], OUTAGE))]).await;
    assert!(matches!(stripe.balances().await.unwrap_err(), StripeError::Unknown { .. }));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_stored_error_is_the_end_of_its_key() {
    let (stripe, script) = told(&[Some((500, &[("idempotent-replayed", "true")], OUTAGE))]).await;
    let error = stripe.open_account(&account()).await.unwrap_err();
    assert!(matches!(error, StripeError::Unknown { ended: true, .. }), "{error}");
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_known_by_its_codes_and_its_words_are_not_told_on() {
    const REFUSAL: &str = r#"{"error":{"type":"card_error","code":"card_declined",
        "decline_code":"insufficient_funds","message":"ann@example.com has no money"}}"#;
    let (stripe, script) = told(&[Some((402, &[], REFUSAL))]).await;
    let error = stripe.open_account(&account()).await.unwrap_err();
    assert_eq!(error.code(), "insufficient_funds");
    assert!(!error.to_string().contains("ann@example.com"), "{error}");
    let StripeError::Refused { status, kind, code, .. } = error else { panic!("{error}") };
    assert_eq!((status, kind.as_str(), code.as_deref()), (402, "card_error", Some("card_declined")));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn what_may_have_been_done_is_never_a_refusal() {
    const MISMATCH: &str = r#"{"error":{"type":"idempotency_error","message":"another body"}}"#;
    const KEY: &str = r#"{"error":{"type":"invalid_request_error","message":"Invalid API Key"}}"#;
    for (status, body) in
        [(400, MISMATCH), (401, KEY), (400, "no JSON"), (200, r#"{"id":"ann@example.com"}"#)]
    {
        let (stripe, _script) = told(&[Some((status, &[], body))]).await;
        let error = stripe.balances().await.unwrap_err();
        assert!(matches!(error, StripeError::Unknown { ended: false, .. }), "{status} {body}: {error}");
        assert!(!error.to_string().contains("ann@example.com"), "{error}");
    }
}
