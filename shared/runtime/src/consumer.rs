//! What comes by a queue: events, from a rule of the bus, and news of files, from a bucket.
//!
//! Each record stands for itself. What fails is reported by its id and comes again; the rest of the batch is
//! done.

use std::future::Future;
use std::sync::Arc;

use lectern_domain::event::Envelope;
use lectern_domain::role::Actor;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::services::{Cx, Services};
use crate::use_case::Invocation;

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
}

/// What EventBridge puts around an event.
#[derive(Deserialize)]
struct BusEvent {
    detail: Envelope,
}

/// What S3 sends; without records when it only tries out whether it may (`s3:TestEvent`).
#[derive(Deserialize)]
struct BucketNews {
    #[serde(rename = "Records", default)]
    records: Vec<BucketRecord>,
}

#[derive(Deserialize)]
struct BucketRecord {
    s3: Bucketed,
}

#[derive(Deserialize)]
struct Bucketed {
    object: ObjectCreated,
}

/// A file that has come into a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ObjectCreated {
    /// Its key.
    #[serde(deserialize_with = "decoded")]
    pub key: String,
}

/// S3 writes keys as forms do: `+` for a space, `%2B` for a plus.
fn decoded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let written = String::deserialize(deserializer)?;
    let key = url::form_urlencoded::parse(written.as_bytes()).next();
    Ok(key.map(|(key, _)| key.into_owned()).unwrap_or_default())
}

pub(crate) async fn consume<S, F, Fut>(
    services: Arc<S>,
    name: &'static str,
    invocation: Invocation,
    handler: Arc<F>,
) -> Result<Value, Fault>
where
    S: Services,
    F: Fn(Cx<S>, Envelope) -> Fut,
    Fut: Future<Output = Result<(), Fault>>,
{
    let actor = Actor::System(name.to_owned()).to_string();
    each(name, invocation, |record| {
        let (services, handler, actor) = (Arc::clone(&services), Arc::clone(&handler), actor.clone());
        async move {
            let BusEvent { detail } = serde_json::from_str(&record.body).map_err(Fault::bad_input)?;
            let (correlation, causation) = (detail.correlation_id.clone(), detail.id.to_string());
            handler(Cx::new(services, actor, correlation, causation), detail).await
        }
    })
    .await
}

pub(crate) async fn look_at<S, F, Fut>(
    services: Arc<S>,
    name: &'static str,
    invocation: Invocation,
    handler: Arc<F>,
) -> Result<Value, Fault>
where
    S: Services,
    F: Fn(Cx<S>, ObjectCreated) -> Fut,
    Fut: Future<Output = Result<(), Fault>>,
{
    let actor = Actor::System(name.to_owned()).to_string();
    each(name, invocation, |record| {
        let (services, handler, actor) = (Arc::clone(&services), Arc::clone(&handler), actor.clone());
        async move {
            let news: BucketNews = serde_json::from_str(&record.body).map_err(Fault::bad_input)?;
            for created in news.records {
                // Nothing of the request that announced the file travels with it.
                let id = record.message_id.clone();
                let cx = Cx::new(Arc::clone(&services), actor.clone(), id.clone(), id);
                handler(cx, created.s3.object).await?;
            }
            Ok(())
        }
    })
    .await
}

/// Does `work` with each message of a batch; answers with those that failed.
async fn each<Fut: Future<Output = Result<(), Fault>>>(
    name: &'static str,
    invocation: Invocation,
    work: impl Fn(Record) -> Fut,
) -> Result<Value, Fault> {
    let batch: Batch = serde_json::from_value(invocation.event).map_err(Fault::bad_input)?;
    let mut failures = Vec::new();
    for record in batch.records {
        let id = record.message_id.clone();
        if let Err(fault) = work(record).await {
            tracing::warn!(use_case = name, kind = fault.kind, cause = fault.message, "message not consumed");
            failures.push(json!({ "itemIdentifier": id }));
        }
    }
    Ok(json!({ "batchItemFailures": failures }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_s3_writes_them() {
        let read = |key: &str| -> String {
            let news = json!({ "Records": [{ "eventName": "ObjectCreated:Post", "s3": {
                "bucket": { "name": "b" }, "object": { "key": key, "size": 3 } } }] });
            serde_json::from_value::<BucketNews>(news).unwrap().records.remove(0).s3.object.key
        };
        assert_eq!(read("incoming/a-b/1"), "incoming/a-b/1");
        assert_eq!(read("a+b%2Bc%26d%3De%C3%A9"), "a b+c&d=eé");
    }

    #[test]
    fn what_s3_sends_to_try_the_queue_tells_of_no_file() {
        let trial = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b" });
        assert!(serde_json::from_value::<BucketNews>(trial).unwrap().records.is_empty());
    }
}
