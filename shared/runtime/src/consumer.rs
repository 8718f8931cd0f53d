//! Events in: a batch of a queue that is fed by a rule of the bus.
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
    let batch: Batch = serde_json::from_value(invocation.event).map_err(Fault::bad_input)?;
    let mut failures = Vec::new();
    for record in batch.records {
        let outcome = match serde_json::from_str::<BusEvent>(&record.body) {
            Ok(BusEvent { detail }) => {
                let actor = Actor::System(name.to_owned()).to_string();
                let cx = Cx::new(
                    Arc::clone(&services),
                    actor,
                    detail.correlation_id.clone(),
                    detail.id.to_string(),
                );
                handler(cx, detail).await
            }
            Err(error) => Err(Fault::bad_input(error)),
        };
        if let Err(fault) = outcome {
            tracing::warn!(use_case = name, kind = fault.kind, cause = fault.message, "event not consumed");
            failures.push(json!({ "itemIdentifier": record.message_id }));
        }
    }
    Ok(json!({ "batchItemFailures": failures }))
}
