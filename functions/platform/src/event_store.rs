//! The port to the event store, and DynamoDB behind it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use tokio::sync::OnceCell;

/// The event could not be kept, or not now.
#[derive(Debug, thiserror::Error)]
#[error("the event store can't take the event: {0}")]
pub struct NotKept(pub String);

impl From<NotKept> for Fault {
    fn from(error: NotKept) -> Self {
        Self::transient(error)
    }
}

/// An event as it is kept. The keys let it be found by its aggregate, in the order of what happened to it, and
/// by its day, in the order of time; the other attributes are what an operator searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `<aggregate type>#<aggregate id>`.
    pub pk: String,
    /// `<sequence>#<event id>`. The id is in it because two events with one sequence, a mistake of ours, must
    /// both be there for whoever looks into it.
    pub sk: String,
    /// The day in UTC, `2027-01-31`.
    pub day: String,
    /// `<occurred at>#<event id>`.
    pub occurred_at_id: String,
    /// `lesson.scheduled`.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The same for everything that one request led to.
    pub correlation_id: String,
    /// When it was kept.
    pub recorded_at: String,
    /// The whole envelope, as JSON.
    pub envelope: String,
}

impl Record {
    /// Of an event. The keys are compared as text: numbers and times in them have a fixed width.
    pub fn of(event: &Envelope, recorded_at: Timestamp) -> Result<Self, Fault> {
        let occurred_at = event.occurred_at.get();
        Ok(Self {
            pk: format!("{}#{}", event.aggregate.kind, event.aggregate.id),
            sk: format!("{:019}#{}", event.aggregate.sequence, event.id),
            day: occurred_at.strftime("%Y-%m-%d").to_string(),
            occurred_at_id: format!("{occurred_at:.6}#{}", event.id),
            kind: event.kind.clone(),
            actor: event.actor.clone(),
            correlation_id: event.correlation_id.clone(),
            recorded_at: format!("{recorded_at:.6}"),
            envelope: serde_json::to_string(event).map_err(Fault::bad_input)?,
        })
    }

    fn attributes(&self) -> [(&'static str, &str); 9] {
        [
            ("pk", &self.pk),
            ("sk", &self.sk),
            ("day", &self.day),
            ("occurredAtId", &self.occurred_at_id),
            ("type", &self.kind),
            ("actor", &self.actor),
            ("correlationId", &self.correlation_id),
            ("recordedAt", &self.recorded_at),
            ("envelope", &self.envelope),
        ]
    }
}

/// Keeps events for ever; append only.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Keeps an event. `false` when it is there already: nothing was changed then.
    async fn append(&self, record: &Record) -> Result<bool, NotKept>;
    /// Connects.
    async fn warm(&self) {}
}

/// DynamoDB, with the table named by `EVENT_STORE_TABLE`.
pub struct DynamoDb {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl DynamoDb {
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
impl EventStore for DynamoDb {
    async fn append(&self, record: &Record) -> Result<bool, NotKept> {
        let table = self.env.text("EVENT_STORE_TABLE").map_err(|e| NotKept(e.to_string()))?;
        let mut put = self.client().await.put_item().table_name(table);
        for (name, value) in record.attributes() {
            put = put.item(name, AttributeValue::S(value.to_owned()));
        }
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(NotKept(describe(&error))),
        }
    }

    async fn warm(&self) {
        self.client().await;
    }
}
