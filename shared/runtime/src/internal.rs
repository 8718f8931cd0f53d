//! Calls to another context's `/internal` routes, signed with the function's own role (SigV4).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::config::{Env, describe};

/// Longest time for one call. Below every function's own limit, so that there is time to answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// A client of our own API.
pub struct InternalApi {
    env: Arc<Env>,
    http: OnceCell<reqwest::Client>,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InternalError {
    /// It can be tried again: no connection, a time-out, a 5xx, throttling.
    #[error("the internal API can't be reached: {0}")]
    Unavailable(String),
    /// The other context refused, with a problem.
    #[error("the internal API refused: {status}")]
    Refused {
        /// The status.
        status: u16,
        /// The problem as it came.
        problem: Value,
    },
}

impl InternalApi {
    /// Not connected yet. The API's address is in the variable `API_URL`.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, http: OnceCell::new() }
    }

    /// Makes the client and gets credentials.
    pub async fn warm(&self) {
        let _client = self.client().await;
        let _config = self.env.aws().await;
    }

    async fn client(&self) -> Result<&reqwest::Client, InternalError> {
        self.http
            .get_or_try_init(|| async { reqwest::Client::builder().timeout(TIMEOUT).build() })
            .await
            .map_err(|e| InternalError::Unavailable(describe(&e)))
    }

    /// `POST`s `body` to `path` and gives `data` of the answer.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        correlation_id: &str,
    ) -> Result<T, InternalError> {
        let bytes = serde_json::to_vec(body).map_err(|e| InternalError::Unavailable(e.to_string()))?;
        let request = http::Request::post(self.url(path)?).header("content-type", "application/json");
        self.send(request, bytes, correlation_id).await
    }

    /// `GET`s `path`, with whatever query it has, and gives `data` of the answer.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        correlation_id: &str,
    ) -> Result<T, InternalError> {
        self.send(http::Request::get(self.url(path)?), Vec::new(), correlation_id).await
    }

    fn url(&self, path: &str) -> Result<String, InternalError> {
        let base = self.env.text("API_URL").map_err(|e| InternalError::Unavailable(e.to_string()))?;
        Ok(format!("{}{path}", base.trim_end_matches('/')))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
        correlation_id: &str,
    ) -> Result<T, InternalError> {
        let mut request = request
            .header("x-correlation-id", correlation_id)
            .body(body)
            .map_err(|e| InternalError::Unavailable(e.to_string()))?;
        self.sign(&mut request).await?;
        let request =
            reqwest::Request::try_from(request).map_err(|e| InternalError::Unavailable(describe(&e)))?;
        let answer = self
            .client()
            .await?
            .execute(request)
            .await
            .map_err(|e| InternalError::Unavailable(describe(&e)))?;
        read(answer).await
    }

    async fn sign(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), InternalError> {
        let unavailable = |e: &(dyn std::error::Error + 'static)| InternalError::Unavailable(describe(e));
        let config = self.env.aws().await;
        let provider = config
            .credentials_provider()
            .ok_or_else(|| InternalError::Unavailable("no credentials".to_owned()))?;
        let identity = provider.provide_credentials().await.map_err(|e| unavailable(&e))?.into();
        let region = config.region().map_or("us-east-1", |r| r.as_ref());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("execute-api")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| unavailable(&e))?
            .into();
        let headers = request.headers().iter().filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?)));
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers,
            SignableBody::Bytes(request.body()),
        )
        .map_err(|e| unavailable(&e))?;
        let (instructions, _signature) =
            sign(signable, &parameters).map_err(|e| unavailable(&e))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

/// The body of a success.
#[derive(Deserialize)]
struct Success<T> {
    data: T,
}

/// Reads an answer out of its bytes directly: of a large one there is no second copy as [`Value`]s.
async fn read<T: DeserializeOwned>(answer: reqwest::Response) -> Result<T, InternalError> {
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|e| InternalError::Unavailable(describe(&e)))?;
    let unreadable = |e: serde_json::Error| InternalError::Unavailable(describe(&e));
    if (200..300).contains(&status) {
        return serde_json::from_slice::<Success<T>>(&body).map(|success| success.data).map_err(unreadable);
    }
    if status >= 500 || status == 429 {
        return Err(InternalError::Unavailable(format!("status {status}")));
    }
    Err(InternalError::Refused { status, problem: serde_json::from_slice(&body).map_err(unreadable)? })
}
