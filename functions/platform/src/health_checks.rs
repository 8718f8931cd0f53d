//! The port to the contexts' health checks, and Lambda behind it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use lectern_runtime::config::{Env, describe};
use serde::Deserialize;
use tokio::sync::OnceCell;

lectern_domain::words! {
    /// How a context's database is.
    pub enum DatabaseHealth {
        /// It answers.
        Up = "up",
        /// It doesn't answer, or not as it should.
        Down = "down",
        /// The context could not be asked.
        Unknown = "unknown",
    }
}

/// What a context says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Its database.
    pub database: DatabaseHealth,
    /// Version of its schema.
    pub schema_version: Option<i32>,
    /// Events that the bus has not taken yet.
    pub outbox_waiting: Option<i64>,
}

/// The context could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the check can't be run: {0}")]
pub struct NotChecked(pub String);

/// Asks contexts how they are.
#[async_trait]
pub trait HealthChecks: Send + Sync {
    /// Asks one.
    async fn check(&self, context: &str) -> Result<Checked, NotChecked>;
    /// Connects.
    async fn warm(&self) {}
}

/// Invokes the function `lectern-<STAGE>-check-<context>-health`.
pub struct LambdaChecks {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl LambdaChecks {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    /// With a client of its own.
    pub fn with_client(env: Arc<Env>, client: Client) -> Self {
        Self { env, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }
}

#[async_trait]
impl HealthChecks for LambdaChecks {
    async fn check(&self, context: &str) -> Result<Checked, NotChecked> {
        let stage = self.env.text("STAGE").map_err(|e| NotChecked(e.to_string()))?;
        let invocation = self
            .client()
            .await
            .invoke()
            .function_name(format!("lectern-{stage}-check-{context}-health"))
            .payload(Blob::new("{}"))
            .send()
            .await;
        let answer = invocation.map_err(|e| NotChecked(describe(&e)))?;
        // A function that fails is a success of the invocation; its payload is the error then.
        if let Some(error) = answer.function_error() {
            return Err(NotChecked(format!("the function failed: {error}")));
        }
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        serde_json::from_slice(&payload).map_err(|e| NotChecked(format!("the answer can't be read: {e}")))
    }

    async fn warm(&self) {
        self.client().await;
    }
}
