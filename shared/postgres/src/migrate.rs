//! Migrations, with `refinery`: the tables that every context has, then the context's own; forward only.

use std::sync::Arc;

use lectern_runtime::config::{Env, describe};
use lectern_runtime::{Cx, Fault, UseCase};
use refinery::{Migration, Runner};
use serde::Serialize;
use serde_json::Value;

use crate::base::HasBase;
use crate::database::{DbError, connect};

mod common {
    refinery::embed_migrations!("../../migrations/common");
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Migrated {
    /// Names of the migrations applied now.
    pub applied: Vec<String>,
    /// Version of the context's schema after it.
    pub version: i32,
}

/// The use case `migrate-<context>`. It signs in as the owner of the schema (the SSM parameter named by
/// `OWNER_URL_PARAMETER`), which no other function can.
pub fn use_case<S: HasBase>(name: &'static str, migrations: fn() -> Vec<Migration>) -> UseCase<S> {
    UseCase::invoke(name, move |cx: Cx<S>, _event: Value| {
        let env: Arc<Env> = Arc::clone(&cx.base().env);
        async move {
            let url = env.parameter("OWNER_URL_PARAMETER").await?;
            let ca = match env.text("DATABASE_CA_PARAMETER") {
                Ok(_) => Some(env.parameter("DATABASE_CA_PARAMETER").await?),
                Err(_) => None,
            };
            Ok::<_, Fault>(migrate(&url, ca.as_deref(), &migrations()).await?)
        }
    })
    .summary("Bring the database's schema to the version of this code")
    .needs(&[])
}

/// The history of what every context has.
pub(crate) fn common_migrations() -> Vec<Migration> {
    common::migrations::runner().get_migrations().clone()
}

/// Brings the database at `url` to the newest version. Safe to run twice and twice at once: refinery's
/// history table is locked by the transaction of each migration.
pub async fn migrate(url: &str, ca: Option<&str>, migrations: &[Migration]) -> Result<Migrated, DbError> {
    let mut client = connect(url, ca).await?;
    // Building an index takes longer than any use case may.
    client.batch_execute("SET statement_timeout = '10min'; SELECT pg_advisory_lock(4711)").await?;
    let mut applied = Vec::new();
    let mut common = Runner::new(&common_migrations());
    common.set_migration_table_name("common_schema_history");
    let own = Runner::new(migrations);
    for runner in [common, own] {
        let report = runner
            .run_async(&mut client)
            .await
            .map_err(|e| DbError::Statement(format!("migration: {}", describe(&e))))?;
        applied.extend(report.applied_migrations().iter().map(ToString::to_string));
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM refinery_schema_history", &[]).await?;
    Ok(Migrated { applied, version: row.try_get(0)? })
}
