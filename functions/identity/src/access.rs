//! The port by which revoked access is announced directly, besides the event on the bus.
//!
//! Every context must refuse a suspended user's token within seconds, also while the bus is down or late. So the
//! same event goes two ways: over the bus as every event does, and over a topic whose only subscribers are the
//! contexts' queues for it. What arrives twice has its effect once.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::Client;
use lectern_domain::event::Envelope;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use serde_json::json;
use tokio::sync::OnceCell;

/// Where revoked access is announced.
#[async_trait]
pub trait AccessTopic: Send + Sync {
    /// Announces an `access.revoked` to every context.
    async fn announce(&self, event: &Envelope) -> Result<(), Fault>;
    /// Connects.
    async fn warm(&self) {}
}

/// The topic in SNS: `ACCESS_TOPIC_ARN`.
pub struct SnsTopic {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl SnsTopic {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }
}

#[async_trait]
impl AccessTopic for SnsTopic {
    async fn announce(&self, event: &Envelope) -> Result<(), Fault> {
        let topic = self.env.text("ACCESS_TOPIC_ARN").map_err(Fault::transient)?;
        let message = json!({ "detail-type": event.kind, "detail": event }).to_string();
        let call = self.client().await.publish().topic_arn(topic).message(message);
        call.send().await.map_err(|e| Fault::transient(describe(&e)))?;
        Ok(())
    }

    async fn warm(&self) {
        self.client().await;
    }
}
