//! `GET /health`.

use futures::future::join_all;
use lectern_runtime::{Answer, Anyone, Cx, Method, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::DATABASES;
use crate::health_checks::{Checked, DatabaseHealth, NotChecked};
use crate::services::{HEALTH_CHECKS, Platform};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The use case.
pub fn use_case() -> UseCase<Platform> {
    UseCase::http("get-health", Method::Get, "/health", get_health)
        .summary("Say whether every context and its database answer; a 503 names all of them in `contexts`")
        .needs(&[HEALTH_CHECKS])
}

lectern_domain::words! {
    /// How the whole is.
    pub enum Overall {
        /// Every context and its database answer.
        Up = "up",
        /// At least one doesn't.
        Degraded = "degraded",
    }
}

/// How everything is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    status: Overall,
    /// Version of the code.
    version: &'static str,
    contexts: Vec<ContextHealth>,
}

/// How a context is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextHealth {
    context: &'static str,
    database: DatabaseHealth,
    /// Version of the database's schema; `null` when it can't be known.
    schema_version: Option<i32>,
    /// Events that the bus has not taken yet; `null` when it can't be known.
    outbox_waiting: Option<i64>,
}

async fn get_health(cx: Cx<Platform>, _caller: Anyone, _request: Request) -> Result<Answer<Health>, Problem> {
    let contexts = join_all(DATABASES.map(|context| look_at(&cx, context))).await;
    let down: Vec<_> =
        contexts.iter().filter(|c| c.database != DatabaseHealth::Up).map(|c| c.context).collect();
    let down = down.join(", ");
    let status = if down.is_empty() { Overall::Up } else { Overall::Degraded };
    let health = Health { status, version: VERSION, contexts };
    match health.status {
        Overall::Up => Ok(Answer::new(health)),
        Overall::Degraded => Err(degraded(&health, &down)),
    }
}

/// The number in a problem's `status` is HTTP's, so that of health is called `health`.
fn degraded(health: &Health, down: &str) -> Problem {
    Problem::unavailable(format!("not up: {down}"))
        .detail(format!("Not everything works at the moment: {down}."))
        .with("health", serde_json::json!(health.status))
        .with("version", serde_json::json!(health.version))
        .with("contexts", serde_json::json!(health.contexts))
}

async fn look_at(cx: &Cx<Platform>, context: &'static str) -> ContextHealth {
    let outcome = tokio::time::timeout(cx.check_max, cx.checks.check(context)).await;
    let outcome = outcome.unwrap_or_else(|_| Err(NotChecked("it took too long".to_owned())));
    let checked = outcome.unwrap_or_else(|error| {
        tracing::warn!(context, cause = %error, "health check failed");
        Checked { database: DatabaseHealth::Unknown, schema_version: None, outbox_waiting: None }
    });
    ContextHealth {
        context,
        database: checked.database,
        schema_version: checked.schema_version,
        outbox_waiting: checked.outbox_waiting,
    }
}
