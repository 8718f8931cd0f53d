//! The use case `check-<context>-health`: whether the context can do its work.

use lectern_runtime::{Cx, Fault, UseCase};
use serde::Serialize;
use serde_json::Value;

use crate::base::HasBase;

/// What a context says of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    context: &'static str,
    database: &'static str,
    schema_version: Option<i32>,
    outbox_waiting: Option<i64>,
}

/// The use case. Never a fault: that a database can't be reached is the answer.
pub fn use_case<S: HasBase>(name: &'static str) -> UseCase<S> {
    UseCase::invoke(name, check::<S>).summary("Say whether the database answers, and its schema's version")
}

async fn check<S: HasBase>(cx: Cx<S>, _event: Value) -> Result<Health, Fault> {
    let sql = "SELECT (SELECT max(version) FROM refinery_schema_history),
                      (SELECT count(*) FROM outbox WHERE published_at IS NULL)";
    let context = S::CONTEXT;
    let row = match cx.base().db.read(sql, &[]).await {
        Ok(rows) => rows.into_iter().next(),
        Err(error) => {
            tracing::warn!(cause = %error, "health check failed");
            None
        }
    };
    Ok(match row {
        Some(row) => Health {
            context,
            database: "up",
            schema_version: row.try_get(0).ok(),
            outbox_waiting: row.try_get(1).ok(),
        },
        None => Health { context, database: "down", schema_version: None, outbox_waiting: None },
    })
}
