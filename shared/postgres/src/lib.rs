//! PostgreSQL as every context uses it: one lazy connection, typed statements of one round trip, the outbox,
//! the inbox, idempotency, rate limits, revocations, migrations.

pub mod base;
pub mod database;
pub mod health;
pub mod held;
pub mod idempotency;
pub mod migrate;
pub mod outbox;
pub mod prepare;
pub mod rate_limit;
pub mod relay;
pub mod revocations;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::expect_used, reason = "a test stops at the first thing that is not as it should be")]
pub mod testing;
pub mod tidy;

pub use base::{Base, HasBase};
pub use database::{Database, DbError};
pub use refinery::{Migration, embed_migrations};
pub use tokio_postgres::Row;
pub use tokio_postgres::types::{Json, ToSql, Type};
