//! One request to Stripe.

use std::sync::Arc;
use std::time::Duration;

use lectern_runtime::config::{Env, describe};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::StripeError;
use super::retry::{self, Verdict};

/// The version of the API whose shapes we read.
pub const API_VERSION: &str = "2026-10-28.endive";
/// Where Stripe is.
const API_BASE: &str = "https://api.stripe.com";
/// Who we are, in Stripe's own log of our requests. Nothing else is told: no telemetry.
const USER_AGENT: &str = concat!("Lectern/", env!("CARGO_PKG_VERSION"));
/// Longest time for one try.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Tries with the same key. With their pauses they stay below a function's 30 s, and below an operation's lease.
const TRIES_MAX: u32 = 3;
/// First pause between two tries; doubles.
const PAUSE: Duration = Duration::from_millis(250);

/// Where a secret comes from.
#[derive(Clone)]
pub enum Secret {
    /// The SSM parameter whose name is in this variable of the environment.
    Parameter(Arc<Env>, &'static str),
    /// Given by a test.
    Given(String),
}

impl Secret {
    /// Its value now.
    pub async fn read(&self) -> Result<String, lectern_runtime::Fault> {
        match self {
            Self::Parameter(env, variable) => env.parameter(variable).await,
            Self::Given(value) => Ok(value.clone()),
        }
    }

    /// It was not accepted: it may have been changed, so it is read again the next time.
    pub async fn forget(&self) {
        if let Self::Parameter(env, variable) = self {
            env.forget_parameter(variable).await;
        }
    }
}

/// How Stripe is reached.
#[derive(Clone)]
pub struct ClientConfig {
    /// Without a slash at its end.
    pub base: String,
    /// The secret key.
    pub key: Secret,
    /// Longest time for one try.
    pub timeout: Duration,
    /// First pause between two tries.
    pub pause: Duration,
}

impl ClientConfig {
    /// From `STRIPE_API_BASE` and `STRIPE_SECRET_KEY_PARAMETER`.
    pub fn from_env(env: Arc<Env>) -> Self {
        let base = env.text("STRIPE_API_BASE").unwrap_or(API_BASE).trim_end_matches('/').to_owned();
        let key = Secret::Parameter(env, "STRIPE_SECRET_KEY_PARAMETER");
        Self { base, key, timeout: TIMEOUT, pause: PAUSE }
    }
}

/// Parameters of a request, in Stripe's notation for nested ones.
pub type Form = Vec<(&'static str, String)>;

pub(super) struct Client {
    config: ClientConfig,
    http: OnceCell<reqwest::Client>,
}

/// How one try ended.
enum Try {
    Answered(reqwest::Response),
    /// Worth another try with the same key.
    Again(Again),
}

struct Again {
    error: StripeError,
    /// How long Stripe wants to be left alone, if it says so.
    wanted: Option<Duration>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorMembers,
}

#[derive(Deserialize)]
struct ErrorMembers {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Client {
    pub(super) fn new(config: ClientConfig) -> Self {
        Self { config, http: OnceCell::new() }
    }

    pub(super) async fn warm(&self) {
        if let Err(error) = self.http().await {
            tracing::warn!(cause = %error, "HTTP client for Stripe not made in init");
        }
        if let Err(fault) = self.config.key.read().await {
            tracing::warn!(cause = fault.message, "Stripe's key not read in init");
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<T, StripeError> {
        self.send(Method::GET, None, path, query, None).await
    }

    /// As a connected account.
    pub(super) async fn get_as<T: DeserializeOwned>(
        &self,
        account: &str,
        path: &str,
        query: &Form,
    ) -> Result<T, StripeError> {
        self.send(Method::GET, Some(account), path, query, None).await
    }

    /// As a connected account.
    pub(super) async fn post_as<T: DeserializeOwned>(
        &self,
        account: &str,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<T, StripeError> {
        self.send(Method::POST, Some(account), path, form, Some(key)).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<T, StripeError> {
        self.send(Method::POST, None, path, form, Some(key)).await
    }

    /// A change that is as good twice as once, and so needs no key.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, form: &Form) -> Result<T, StripeError> {
        self.send(Method::POST, None, path, form, None).await
    }

    /// Takes something away; to do it again is refused with 404.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, StripeError> {
        self.send(Method::DELETE, None, path, &Form::new(), None).await
    }

    async fn http(&self) -> Result<&reqwest::Client, StripeError> {
        let make = || async {
            reqwest::Client::builder().timeout(self.config.timeout).user_agent(USER_AGENT).build()
        };
        self.http.get_or_try_init(make).await.map_err(|e| StripeError::unknown(describe(&e)))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        account: Option<&str>,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> Result<T, StripeError> {
        let mut tries = 1;
        loop {
            // Always the same request with the same key, so that to send it again is safe even where nobody
            // knows what became of it.
            let last = match self.once(method.clone(), account, path, form, key).await? {
                Try::Answered(response) => return self.read(response).await,
                Try::Again(again) => again,
            };
            tracing::info!(path, tries, cause = %last.error, "Stripe did not answer as it should");
            let pause = retry::pause(self.config.pause, tries, last.wanted);
            let Some(pause) = pause.filter(|_| tries < TRIES_MAX) else { return Err(last.error) };
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    async fn once(
        &self,
        method: Method,
        account: Option<&str>,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> Result<Try, StripeError> {
        let secret = self.config.key.read().await.map_err(|f| StripeError::unknown(f.message))?;
        let url = format!("{}{path}", self.config.base);
        let mut request = self
            .http()
            .await?
            .request(method.clone(), url)
            .bearer_auth(secret)
            .header("stripe-version", API_VERSION);
        request = if method == Method::GET { request.query(form) } else { request.form(form) };
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(account) = account {
            request = request.header("stripe-account", account);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let error = StripeError::unknown(describe(&error.without_url()));
                return Ok(Try::Again(Again { error, wanted: None }));
            }
        };
        let status = response.status();
        let ended = response.headers().contains_key("idempotent-replayed");
        let unclear = StripeError::Unknown { message: format!("Stripe answered {status}"), ended };
        match retry::judge(status, response.headers()) {
            Verdict::Final => Ok(Try::Answered(response)),
            Verdict::Again(wanted) => Ok(Try::Again(Again { error: unclear, wanted })),
            Verdict::Unclear => Err(unclear),
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: reqwest::Response) -> Result<T, StripeError> {
        let status = response.status();
        let body = response.bytes().await.map_err(|e| StripeError::unknown(describe(&e.without_url())))?;
        if status.is_success() {
            // Where, but not what: the words of the error would quote the answer.
            let place = |e: serde_json::Error| {
                format!("{:?}, line {}, column {}", e.classify(), e.line(), e.column())
            };
            return serde_json::from_slice(&body)
                .map_err(|e| StripeError::unknown(format!("Stripe's answer can't be read: {}", place(e))));
        }
        let Ok(ErrorBody { error }) = serde_json::from_slice(&body) else {
            return Err(StripeError::unknown(format!("Stripe answered {status} without saying why")));
        };
        let message = error.message.unwrap_or_default();
        if status == StatusCode::UNAUTHORIZED {
            self.config.key.forget().await;
            return Err(StripeError::unknown("Stripe does not accept our key"));
        }
        if error.kind == "idempotency_error" {
            // The key stands for another request of ours, which may have been done: never to be sent under a new
            // key without a person.
            return Err(StripeError::unknown("a key was used for two requests"));
        }
        Err(StripeError::Refused {
            status: status.as_u16(),
            kind: error.kind,
            code: error.code,
            decline_code: error.decline_code,
            message,
        })
    }
}
