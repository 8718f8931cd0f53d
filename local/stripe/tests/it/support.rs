//! A stand-in of one's own for each test, a client for it, and a webhook that remembers what it was sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lectern_stripe_stand_in::config::Config;
use lectern_stripe_stand_in::testing::Running;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const SECRET_KEY: &str = "sk_test_123456789012";
pub const PUBLISHABLE_KEY: &str = "pk_test_123456789012";
pub const WEBHOOK_SECRET: &str = "whsec_test";
/// Of events of connected accounts.
pub const CONNECT_SECRET: &str = "whsec_connect";

/// Longer than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A file for one test's state.
pub fn state_file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("state-{}-{}.jsonl", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A running stand-in.
pub struct Stripe {
    pub base: String,
    http: reqwest::Client,
    /// Where it runs in this process.
    _running: Option<Running>,
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        let error = self.body["error"].clone();
        assert_eq!(error["code"].as_str().unwrap_or_default(), code, "{error:#}");
        error
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Stripe {
    /// A new one, without a webhook.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// A new one.
    pub async fn start_with(webhook_url: Option<String>) -> Self {
        let config = Config {
            port: 0,
            state: state_file(),
            secret_key: SECRET_KEY.to_owned(),
            publishable_key: PUBLISHABLE_KEY.to_owned(),
            webhook_url: webhook_url.clone(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            check_openapi: None,
            connect_webhook_url: webhook_url,
            connect_webhook_secret: CONNECT_SECRET.to_owned(),
            payouts_by_hand: true,
        };
        let running = Running::start(config).await.unwrap();
        Self { base: running.base.clone(), http: client(), _running: Some(running) }
    }

    /// One that runs already.
    pub fn at(port: u16) -> Self {
        Self { base: format!("http://127.0.0.1:{port}"), http: client(), _running: None }
    }

    pub fn request(&self, method: &str, path: &str, params: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).unwrap();
        if method == reqwest::Method::POST {
            return self.http.post(url).bearer_auth(SECRET_KEY).form(params);
        }
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        self.http.request(method, url).bearer_auth(SECRET_KEY)
    }

    pub async fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request("POST", path, params)).await
    }

    pub async fn get(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request("GET", path, params)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path, &[])).await
    }

    /// As a connected account.
    pub async fn post_as(&self, account: &Value, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request("POST", path, params).header("stripe-account", id(account))).await
    }

    /// As a connected account.
    pub async fn get_as(&self, account: &Value, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request("GET", path, params).header("stripe-account", id(account))).await
    }

    pub async fn post_with_key(&self, key: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request("POST", path, params).header("idempotency-key", key)).await
    }

    /// With the publishable key.
    pub async fn post_as_payer(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.base);
        send(self.http.post(url).bearer_auth(PUBLISHABLE_KEY).form(params)).await
    }

    /// A payment intent for a card.
    pub async fn intent(&self, amount: i64) -> Value {
        let amount = amount.to_string();
        let params = [
            ("amount", amount.as_str()),
            ("currency", "usd"),
            ("allowed_payment_method_types[]", "card"),
            ("transfer_group", "lesson_1"),
            ("metadata[lesson_id]", "lesson_1"),
        ];
        self.post("/v1/payment_intents", &params).await.ok()
    }

    pub async fn confirm(&self, intent: &Value, card: &str) -> Answer {
        let path = format!("/v1/payment_intents/{}/confirm", id(intent));
        self.post(&path, &[("payment_method", card)]).await
    }

    /// A payment intent that is paid.
    pub async fn paid(&self, amount: i64) -> Value {
        let intent = self.intent(amount).await;
        self.confirm(&intent, "pm_card_visa").await.ok()
    }

    /// A connected account that isn't onboarded.
    pub async fn account(&self, tutor_id: &str) -> Value {
        let params = [
            ("type", "express"),
            ("country", "US"),
            ("email", "tutor@example.com"),
            ("capabilities[transfers][requested]", "true"),
            ("metadata[tutor_id]", tutor_id),
        ];
        self.post("/v1/accounts", &params).await.ok()
    }

    /// A connected account that can receive.
    pub async fn ready_account(&self) -> Value {
        self.account("tutor_1").await;
        self.post("/_stand_in/accounts/complete_onboarding", &[("tutor_id", "tutor_1")]).await.ok()
    }

    /// What is available in US dollars.
    pub async fn balance(&self) -> i64 {
        self.get("/v1/balance", &[]).await.ok()["available"][0]["amount"].as_i64().unwrap()
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// A delivery as the webhook got it.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub signature: String,
    pub body: String,
}

impl Delivery {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A webhook that refuses the first deliveries, then takes all.
pub struct Webhook {
    pub url: String,
    deliveries: watch::Receiver<Vec<Delivery>>,
}

struct Taking {
    sender: watch::Sender<Vec<Delivery>>,
    refusals: AtomicU32,
}

impl Webhook {
    pub async fn start(refusals: u32) -> Self {
        let (sender, deliveries) = watch::channel(Vec::new());
        let taking = Arc::new(Taking { sender, refusals: AtomicU32::new(refusals) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take)).with_state(taking);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, deliveries }
    }

    /// Waits until the deliveries are as wanted, and gives them.
    pub async fn wait_for(&self, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut deliveries = self.deliveries.clone();
        let seen = tokio::time::timeout(PATIENCE, deliveries.wait_for(|all| wanted(all))).await;
        seen.expect("the deliveries come in time").unwrap().clone()
    }

    pub fn so_far(&self) -> Vec<Delivery> {
        self.deliveries.borrow().clone()
    }
}

async fn take(State(taking): State<Arc<Taking>>, headers: HeaderMap, body: String) -> StatusCode {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    taking.sender.send_modify(|all| all.push(Delivery { signature, body }));
    let refuses =
        taking.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    if refuses { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

/// The types of events, in the order in which they came.
pub fn kinds(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.event()["type"].as_str().unwrap().to_owned()).collect()
}
