//! The event bus.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::event::Envelope;
use lectern_domain::id::EventId;
use tokio::sync::OnceCell;

use crate::config::{Env, describe};

/// Takes events to everybody who listens.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes; gives the ids of those that arrived. What did not stays in the outbox, and the relay tries
    /// again: so this has no error.
    async fn publish(&self, events: &[Envelope]) -> Vec<EventId>;
    /// Connects.
    async fn warm(&self) {}
}

/// EventBridge, with the bus named by `EVENT_BUS_NAME`.
pub struct EventBridge {
    env: Arc<Env>,
    client: OnceCell<aws_sdk_eventbridge::Client>,
}

/// The most entries that one `PutEvents` takes.
const BATCH_MAX: usize = 10;

impl EventBridge {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &aws_sdk_eventbridge::Client {
        self.client.get_or_init(|| async { aws_sdk_eventbridge::Client::new(self.env.aws().await) }).await
    }

    async fn publish_batch(&self, bus: &str, batch: &[Envelope]) -> Result<Vec<EventId>, String> {
        use aws_sdk_eventbridge::types::PutEventsRequestEntry;
        let mut entries = Vec::with_capacity(batch.len());
        for event in batch {
            let context = Envelope::context_of(&event.kind).unwrap_or("platform");
            let detail = serde_json::to_string(event).map_err(|e| e.to_string())?;
            entries.push(
                PutEventsRequestEntry::builder()
                    .event_bus_name(bus)
                    .source(format!("lectern.{context}"))
                    .detail_type(&event.kind)
                    .detail(detail)
                    .build(),
            );
        }
        let answer = self
            .client()
            .await
            .put_events()
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|e| describe(&e))?;
        // The answer's entries stand in the order of the request's; those without an id were refused.
        let arrived = batch.iter().zip(answer.entries()).filter(|(_, entry)| entry.event_id().is_some());
        Ok(arrived.map(|(event, _)| event.id).collect())
    }
}

#[async_trait]
impl EventBus for EventBridge {
    async fn publish(&self, events: &[Envelope]) -> Vec<EventId> {
        let bus = match self.env.text("EVENT_BUS_NAME") {
            Ok(bus) => bus,
            Err(error) => {
                tracing::error!(%error, "no event bus is configured");
                return Vec::new();
            }
        };
        let mut arrived = Vec::with_capacity(events.len());
        for batch in events.chunks(BATCH_MAX) {
            match self.publish_batch(bus, batch).await {
                Ok(ids) => arrived.extend(ids),
                Err(cause) => tracing::warn!(cause, "events could not be published; the relay will"),
            }
        }
        arrived
    }

    async fn warm(&self) {
        self.client().await;
    }
}
