//! The tables `stripe_movements`, `reconciliation_runs` and `reconciliation_differences`.
//!
//! Stripe's movements are kept as they were read, so that comparing is a matter of one statement over all of them,
//! whatever page a walk had come to.

use jiff::{SignedDuration, Timestamp};
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde_json::json;
use uuid::Uuid;

use crate::stripe::StripeMovement;

/// How far a walk goes back behind what the one before had reached: Stripe may list a movement late.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How long a movement may be known on one side only before it is a difference: answers and webhooks are on their way.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
/// From which age on a difference is a matter for a person.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// A walk through Stripe's list.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// Movements before it were read by earlier walks.
    pub since: Option<Timestamp>,
    /// The last movement that was read.
    pub cursor: Option<String>,
}

/// The walk that was begun and not finished; else a new one with this id.
pub async fn begin(db: &Database, id: Uuid, now: Timestamp) -> Result<Run, DbError> {
    let sql = "
        WITH begun AS (
            INSERT INTO reconciliation_runs (id, started_at, since)
            SELECT $1, $2, (SELECT max(reached) FROM reconciliation_runs WHERE finished_at IS NOT NULL)
                - $3 * interval '1 second'
            ON CONFLICT ((finished_at IS NULL)) WHERE finished_at IS NULL DO NOTHING
            RETURNING id, since, cursor
        )
        SELECT id, since, cursor FROM begun
        UNION ALL SELECT id, since, cursor FROM reconciliation_runs WHERE finished_at IS NULL";
    let overlap = OVERLAP.as_secs();
    let params = [(&id as _, Type::UUID), (&now as _, Type::TIMESTAMPTZ), (&overlap as _, Type::INT8)];
    let rows = db.write(sql, &params).await?;
    // Empty when somebody else began one after our statement had: it is as good.
    let Some(row) = rows.first() else { return Err(DbError::Unavailable("try again".to_owned())) };
    Ok(Run { id: row.try_get(0)?, since: row.try_get(1)?, cursor: row.try_get(2)? })
}

/// Keeps a page of movements, and how far the walk has come.
pub async fn keep(db: &Database, run: &Run, page: &[StripeMovement], now: Timestamp) -> Result<(), DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO stripe_movements (id, type, source, currency, amount, fee, net, created_at, read_at)
            SELECT m.id, m.type, m.source, m.currency, m.amount, m.fee, m.net, m.created_at, $3
            FROM jsonb_to_recordset($2) AS m(id text, type text, source text, currency text, amount bigint,
                 fee bigint, net bigint, created_at timestamptz)
            ON CONFLICT (id) DO NOTHING
        )
        UPDATE reconciliation_runs SET seen = seen + jsonb_array_length($2),
               cursor = coalesce($2 -> -1 ->> 'id', cursor),
               reached = coalesce(reached, ($2 -> 0 ->> 'created_at')::timestamptz)
        WHERE id = $1 AND finished_at IS NULL";
    let page = Json(json!(page));
    let params = [(&run.id as _, Type::UUID), (&page as _, Type::JSONB), (&now as _, Type::TIMESTAMPTZ)];
    db.write(sql, &params).await.map(drop)
}

/// Lets the walk begin anew: Stripe doesn't know the movement any more at which it was.
pub async fn rewind(db: &Database, run: &Run) -> Result<(), DbError> {
    let sql = "UPDATE reconciliation_runs SET cursor = NULL, reached = NULL
               WHERE id = $1 AND finished_at IS NULL";
    db.write(sql, &[(&run.id, Type::UUID)]).await.map(drop)
}

/// Types of movements that the ledger has transactions for. Whatever else moves Stripe's balance (a fee by itself, a
/// payout to the platform's own bank, a top-up) was made past us.
const KNOWN_TYPES: &str = "ARRAY['adjustment', 'charge', 'payment', 'payment_failure_refund', 'payment_refund', \
                           'refund', 'refund_failure', 'transfer', 'transfer_cancel', 'transfer_failure', \
                           'transfer_refund']";

/// Both sides by source; with `of_candidates` only of the sources that are `candidates`.
fn sides(of_candidates: bool) -> String {
    let (candidates_there, candidates_here) = if of_candidates {
        (
            "JOIN candidates c ON coalesce(m.source, m.id) = c.source",
            "JOIN candidates c ON l.source = c.source",
        )
    } else {
        ("", "")
    };
    format!(
        "there AS (
            SELECT coalesce(m.source, m.id) AS source, m.currency, sum(m.net)::bigint AS amount, max(m.created_at) AS last,
                   array_agg(DISTINCT m.type ORDER BY m.type) AS types
            FROM stripe_movements m {candidates_there} GROUP BY 1, 2
        ), here AS (
            SELECT l.source, l.currency, sum(l.amount)::bigint AS amount, max(l.posted_at) AS last,
                   min(l.subject) AS subject
            FROM ledger_movements l {candidates_here} GROUP BY 1, 2
        ), different AS (
            SELECT source, currency, coalesce(there.types, '{{}}') AS types, here.subject,
                   coalesce(there.amount, 0) AS at_stripe, coalesce(here.amount, 0) AS in_ledger,
                   greatest(there.last, here.last) AS last,
                   CASE WHEN there.source IS NULL THEN 'missing_there'
                        WHEN here.source IS NOT NULL THEN 'other_amount'
                        WHEN there.types <@ {KNOWN_TYPES} THEN 'missing_here'
                        ELSE 'unexpected_type' END AS kind
            FROM there FULL JOIN here USING (source, currency)
            WHERE coalesce(there.amount, 0) <> coalesce(here.amount, 0)
        )"
    )
}

/// What a comparison has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// New differences.
    pub found: i64,
    /// All that are open.
    pub open: i64,
    /// Those of them that are older than a day.
    pub old: i64,
}

/// Compares what moved since the walk's beginning, and everything that differed before, and ends the walk. What
/// differs is kept, and resolved when it doesn't any more.
pub async fn finish(db: &Database, run: &Run, now: Timestamp) -> Result<Compared, DbError> {
    let sql = format!(
        "WITH candidates AS (
            SELECT coalesce(source, id) AS source FROM stripe_movements
            WHERE created_at >= coalesce($2, '-infinity')
            UNION SELECT source FROM ledger_movements WHERE posted_at >= coalesce($2, '-infinity')
            UNION SELECT source FROM reconciliation_differences WHERE resolved_at IS NULL
        ), {},
        put AS (
            INSERT INTO reconciliation_differences AS known (id, source, currency, kind, types, at_stripe,
                in_ledger, subject, found_at, seen_at)
            SELECT gen_random_uuid(), source, currency, kind, types, at_stripe, in_ledger, subject, $3, $3
            FROM different WHERE last <= $4
            ON CONFLICT (source, currency) WHERE resolved_at IS NULL DO UPDATE SET
                kind = excluded.kind, types = excluded.types, at_stripe = excluded.at_stripe,
                in_ledger = excluded.in_ledger, subject = excluded.subject, seen_at = excluded.seen_at
            RETURNING found_at, found_at = $3 AS fresh
        ), gone AS (
            UPDATE reconciliation_differences d SET resolved_at = $3
            WHERE d.resolved_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM different x WHERE x.source = d.source AND x.currency = d.currency)
            RETURNING 1
        ), counted AS (
            SELECT (SELECT count(*) FROM put WHERE fresh) AS found,
                   (SELECT count(*) FROM reconciliation_differences WHERE resolved_at IS NULL)
                       - (SELECT count(*) FROM gone) + (SELECT count(*) FROM put WHERE fresh) AS open,
                   (SELECT count(*) FROM put WHERE found_at <= $5) AS old
        ), finished AS (
            UPDATE reconciliation_runs r SET finished_at = $3, found = counted.found, open = counted.open,
                   reached = coalesce(r.reached, (SELECT max(reached) FROM reconciliation_runs
                                                  WHERE finished_at IS NOT NULL))
            FROM counted WHERE r.id = $1 AND r.finished_at IS NULL
        )
        SELECT found, open, old FROM counted",
        sides(true)
    );
    let (settled, old) = (now - GRACE, now - OLD);
    let params = [
        (&run.id as _, Type::UUID),
        (&run.since as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
        (&settled as _, Type::TIMESTAMPTZ),
        (&old as _, Type::TIMESTAMPTZ),
    ];
    let rows = db.write(&sql, &params).await?;
    let Some(row) = rows.first() else { return Ok(Compared::default()) };
    Ok(Compared { found: row.try_get(0)?, open: row.try_get(1)?, old: row.try_get(2)? })
}

/// Every difference between all that Stripe has moved and all that the ledger says, as sentences.
pub async fn contradictions(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "WITH {}
        SELECT format('%s (%s): Stripe moved %s %s (%s), the ledger says %s', source, coalesce(subject, 'nobody''s'),
                      at_stripe, currency, array_to_string(types, ', '), in_ledger)
        FROM different ORDER BY last, source LIMIT 100",
        sides(false)
    );
    db.read(&sql, &[]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What all movements at Stripe add up to, by currency.
pub async fn moved(db: &Database) -> Result<Vec<(String, i64)>, DbError> {
    let sql = "SELECT currency, sum(net)::bigint FROM stripe_movements GROUP BY currency ORDER BY currency";
    let moved = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    db.read(sql, &[]).await?.iter().map(moved).collect()
}
