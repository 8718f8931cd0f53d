//! How long sums take over a ledger of a million entries.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_payments::store::{ledger, reconciliation, revenue};
use lectern_postgres::database::connect;
use lectern_postgres::{Database, Type};

use crate::Outcome;

/// Times that each sum is taken.
const RUNS: usize = 15;

/// 112 000 payments of 2 000 tutors over a year: charge, fee, release and transfer of each are nine entries in four
/// transactions. Past the triggers, which would take minutes: what they prove is proved by how it is made.
const FILL: &str = "
    SET session_replication_role = replica;
    SET statement_timeout = 0;
    TRUNCATE ledger_entries, ledger_transactions;
    CREATE TEMP TABLE sold AS
        SELECT nth, gen_random_uuid() AS payment, t.tutor, now() - nth * interval '280 seconds' AS at
        FROM generate_series(1, 112000) nth
        JOIN (SELECT row_number() OVER () - 1 AS number, gen_random_uuid() AS tutor FROM generate_series(1, 2000)) t
            ON t.number = nth % 2000;
    INSERT INTO payments (id, purpose, lesson_id, payer_id, tutor_id, currency, amount, platform_fee, tutor_earnings,
        commission, status, released, refunded, tutor_share, awaits_transfer, charge_id, stripe_fee, sequence,
        revision, created_at, updated_at)
    SELECT payment, 'lesson', gen_random_uuid(), gen_random_uuid(), tutor, 'USD', 4500, 900, 3600, 2000, 'released',
        true, 0, 3600, false, 'ch_' || nth, 161, 3, 0, at, at FROM sold;
    INSERT INTO stripe_operations (payment_id, kind, reference, amount, attempt, state, stripe_id, since)
    SELECT payment, 'transfer', '', 3600, 1, 'done', 'tr_' || nth, at FROM sold;
    CREATE TEMP TABLE moved AS
        SELECT gen_random_uuid() AS id, s.payment, s.at, k.kind, CASE WHEN k.kind IN ('charge', 'stripe_fee')
            THEN 'ch_' || s.nth ELSE '' END AS reference, s.tutor
        FROM sold s, (VALUES ('charge'), ('stripe_fee'), ('release'), ('transfer')) AS k (kind);
    INSERT INTO ledger_transactions (id, payment_id, kind, reference, posted_at)
    SELECT id, payment, kind, reference, at FROM moved;
    INSERT INTO ledger_entries (transaction_id, account, currency, amount)
    SELECT m.id, replace(replace(e.account, '<payment>', m.payment::text), '<tutor>', m.tutor::text), 'USD', e.amount
    FROM moved m JOIN (VALUES
        ('charge', 'stripe_balance', 4500), ('charge', 'escrow:<payment>', -4500),
        ('stripe_fee', 'stripe_fees', 161), ('stripe_fee', 'stripe_balance', -161),
        ('release', 'escrow:<payment>', 4500), ('release', 'tutor:<tutor>:payable', -3600),
        ('release', 'platform_revenue', -900),
        ('transfer', 'tutor:<tutor>:connected', 3600), ('transfer', 'stripe_balance', -3600)
    ) AS e (kind, account, amount) ON e.kind = m.kind;
    INSERT INTO stripe_movements (id, type, source, currency, amount, fee, net, created_at, read_at)
    SELECT 'txn_c' || nth, 'charge', 'ch_' || nth, 'USD', 4500, 161, 4339, at, at FROM sold
    UNION ALL SELECT 'txn_t' || nth, 'transfer', 'tr_' || nth, 'USD', -3600, 0, -3600, at, at FROM sold;";

/// Fills the ledger, and gives a table of times.
pub async fn measured(url: &str) -> Outcome<String> {
    let inside = connect(url, None).await?;
    inside.batch_execute("TRUNCATE bare_transactions, bare_entries").await?;
    inside.batch_execute(FILL).await?;
    for table in
        ["ledger_entries", "ledger_transactions", "payments", "stripe_operations", "stripe_movements"]
    {
        inside.batch_execute(&format!("VACUUM (ANALYZE) {table}")).await?;
    }
    inside.batch_execute("CHECKPOINT").await?;
    let db = Database::from_url(url);
    let count =
        "SELECT count(*), (SELECT tutor_id FROM payments WHERE charge_id = 'ch_1') FROM ledger_entries";
    let row = &db.read(count, &[]).await?[0];
    let (entries, tutor) = (row.try_get::<_, i64>(0)?, UserId(row.try_get(1)?));
    let mut table = format!("{entries} entries, {RUNS} runs, median in ms\n\n| sum | ms |\n|---|---|\n");
    let mut add = |name: &str, time: Duration| {
        table.push_str(&format!("| {name} | {}.{} |\n", time.as_millis(), time.as_micros() % 1_000 / 100));
    };
    let (now, month) = (Timestamp::now(), SignedDuration::from_hours(24 * 30));
    add("one tutor's earnings", median(async || ledger::earnings(&db, tutor).await.map(drop)).await?);
    add("the platform's balance at Stripe", median(async || balance(&db, "stripe_balance").await).await?);
    add("the platform's revenue", median(async || balance(&db, "platform_revenue").await).await?);
    add("every account", median(async || ledger::balances(&db).await.map(drop)).await?);
    let by = async |from: Timestamp, group| revenue::sums(&db, from, now, group).await.map(drop);
    add("revenue of a month by day", median(async || by(now - month, revenue::Group::Day).await).await?);
    add(
        "revenue of a year by month",
        median(async || by(now - month * 12, revenue::Group::Month).await).await?,
    );
    add("verify-ledger: payments", median(async || ledger::contradictions(&db).await.map(drop)).await?);
    add("verify-ledger: Stripe", median(async || reconciliation::contradictions(&db).await.map(drop)).await?);
    Ok(table)
}

async fn balance(db: &Database, account: &str) -> Result<(), lectern_postgres::DbError> {
    let sql = "SELECT sum(amount)::bigint FROM ledger_entries WHERE account = $1 AND currency = 'USD'";
    db.read(sql, &[(&account, Type::TEXT)]).await.map(drop)
}

async fn median<F>(work: impl Fn() -> F) -> Outcome<Duration>
where
    F: Future<Output = Result<(), lectern_postgres::DbError>>,
{
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let began = Instant::now();
        work().await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[RUNS / 2])
}
