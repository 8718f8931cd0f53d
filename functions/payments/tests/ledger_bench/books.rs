//! A database of its own, made anew for each run, with payments to post about.

use std::process::Command;
use std::time::Duration;

use lectern_payments::migrations;
use lectern_postgres::database::connect;
use lectern_postgres::migrate::migrate;
use lectern_postgres::prepare::with_database;
use uuid::Uuid;

use crate::Outcome;

const NAME: &str = "ledger_bench";
/// Payments that the postings are about, in turn.
const PAYMENTS: i64 = 20_000;

/// The same columns and indexes as the ledger's tables, and nothing else.
const BARE_TABLES: &str = "
    CREATE TABLE bare_transactions (
        id uuid PRIMARY KEY, payment_id uuid, kind text, reference text, posted_at timestamptz,
        UNIQUE (payment_id, kind, reference)
    );
    CREATE INDEX ON bare_transactions (posted_at, id);
    CREATE INDEX ON bare_transactions (payment_id);
    CREATE INDEX ON bare_transactions (reference);
    CREATE TABLE bare_entries (
        transaction_id uuid, account text, currency text, amount bigint,
        PRIMARY KEY (transaction_id, account, currency)
    );
    CREATE INDEX ON bare_entries (account, currency) INCLUDE (amount);";

/// What pgbench sends: the statement of [`crate::BARE`].
const SCRIPT: &str = "
    WITH posted AS (
        INSERT INTO bare_transactions (id, payment_id, kind, reference, posted_at)
        SELECT gen_random_uuid(), uuid, 'charge', gen_random_uuid()::text, now() FROM gen_random_uuid() AS uuid
        RETURNING id, payment_id
    )
    INSERT INTO bare_entries (transaction_id, account, currency, amount)
    SELECT id, account, 'USD', amount FROM posted,
        LATERAL (VALUES ('stripe_balance', 4500::bigint), ('escrow:' || payment_id::text, -4500))
            AS e (account, amount);";

/// Makes the database, and gives its URL.
pub async fn database(server: &str) -> Outcome<String> {
    let admin = connect(server, None).await?;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
    admin.batch_execute(&format!("CREATE DATABASE {NAME}")).await?;
    let known = admin.query("SELECT 1 FROM pg_roles WHERE rolname = 'payments_app'", &[]).await?;
    if known.is_empty() {
        admin.batch_execute("CREATE ROLE payments_app").await?;
    }
    let url = with_database(server, NAME)?;
    migrate(&url, None, &migrations()).await?;
    connect(&url, None).await?.batch_execute(BARE_TABLES).await?;
    // As the functions that sum have it.
    Ok(format!("{url}?options=-c%20statement_timeout%3D120000"))
}

/// Payments, and their ids.
pub async fn payments(url: &str) -> Outcome<Vec<Uuid>> {
    let inside = connect(url, None).await?;
    let sql = "
        INSERT INTO payments (id, purpose, lesson_id, payer_id, tutor_id, currency, amount, platform_fee,
            tutor_earnings, commission, status, released, refunded, tutor_share, awaits_transfer, sequence,
            revision, created_at, updated_at)
        SELECT gen_random_uuid(), 'lesson', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'USD', 4500,
            900, 3600, 2000, 'held', false, 0, 3600, false, 1, 0, now(), now()
        FROM generate_series(1, $1::bigint) RETURNING id";
    let rows = inside.query(sql, &[&PAYMENTS]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// How many bare transactions pgbench has made in one turn.
pub fn pgbench(program: &str, url: &str, connections: usize, turn: Duration) -> Outcome<u64> {
    let script = std::env::temp_dir().join(format!("ledger-bench-{}.sql", std::process::id()));
    std::fs::write(&script, SCRIPT.replace('\n', " "))?;
    let (clients, threads) = (connections.to_string(), connections.min(2).to_string());
    let done = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--client", &clients, "--jobs", &threads])
        .args(["--time", &turn.as_secs().to_string(), "--file"])
        .arg(&script)
        .arg(url)
        .output();
    std::fs::remove_file(&script)?;
    let done = done?;
    let said = String::from_utf8_lossy(&done.stdout);
    let number = said.lines().find_map(|line| line.split("actually processed: ").nth(1));
    let number = number.and_then(|text| text.split('/').next()?.trim().parse().ok());
    number.ok_or_else(|| format!("pgbench: {said}{}", String::from_utf8_lossy(&done.stderr)).into())
}
