//! A look into a context's database, as its administrator: for what the API doesn't tell, and to move the clock of
//! what would take too long.

use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::copy::Copy;

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The rows of a statement.
pub async fn rows(context: &str, sql: &str, parameters: Parameters<'_>) -> Vec<Row> {
    try_rows(context, sql, parameters).await.unwrap_or_else(|error| panic!("{context}: {error:?}"))
}

async fn try_rows(
    context: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(Copy::get().database(context), NoTls).await?;
    let connection = tokio::spawn(connection);
    let rows = client.query(sql, parameters).await;
    drop(client);
    let _closed = connection.await;
    rows
}

/// The first column of the only row.
pub async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
    context: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> T {
    let rows = rows(context, sql, parameters).await;
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].get(0)
}

/// Statements in one go, in a session of their own.
pub async fn batch(context: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(Copy::get().database(context), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{context}: {error:?}"));
    drop(client);
    let _closed = connection.await;
}
