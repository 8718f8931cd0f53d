//! What reconciliation has found, for people to read.

use jiff::Timestamp;
use lectern_domain::id::DifferenceId;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde::Deserialize;
use serde_json::Value;

use super::payments::document;

/// Comparisons that are shown.
const RUNS: i64 = 10;

lectern_domain::words! {
    /// In what way Stripe and the ledger differ.
    pub enum DifferenceKind {
        /// Stripe has moved money that the ledger doesn't know of.
        MissingHere = "missing_here",
        /// The ledger has a movement that Stripe doesn't list.
        MissingThere = "missing_there",
        /// Both have it, with different amounts.
        OtherAmount = "other_amount",
        /// Stripe has moved money in a way that nothing here asks for.
        UnexpectedType = "unexpected_type",
    }
}

lectern_domain::words! {
    /// Whether a difference is there still.
    pub enum DifferenceState {
        /// It is.
        Open = "open",
        /// It is gone.
        Resolved = "resolved",
    }
}

/// A difference.
#[derive(Debug)]
pub struct Difference {
    /// Ours.
    pub id: DifferenceId,
    /// In what way.
    pub kind: DifferenceKind,
    /// Stripe's id of what moved the money.
    pub source: String,
    /// Stripe's types of its movements.
    pub types: Vec<String>,
    /// ISO 4217 code.
    pub currency: String,
    /// By Stripe's list, in minor units.
    pub at_stripe: i64,
    /// By the ledger, in minor units.
    pub in_ledger: i64,
    /// Whose it is in the ledger.
    pub subject: Option<String>,
    /// When it was found first.
    pub found_at: Timestamp,
    /// When it was there last.
    pub seen_at: Timestamp,
    /// When it was gone.
    pub resolved_at: Option<Timestamp>,
}

/// A comparison.
#[derive(Debug, Deserialize)]
pub struct RunShown {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Movements read.
    pub seen: i64,
    /// New differences.
    pub found: Option<i64>,
    /// All open ones.
    pub open: Option<i64>,
}

/// The last comparisons, and differences, what was found last first; `after` is the place of the last one of the page
/// before.
pub async fn list(
    db: &Database,
    state: DifferenceState,
    after: Option<(Timestamp, DifferenceId)>,
    limit: i64,
) -> Result<(Vec<RunShown>, Vec<Difference>), DbError> {
    let sql = "
        SELECT (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM (
                    SELECT started_at, finished_at, seen, found, open FROM reconciliation_runs
                    ORDER BY started_at DESC LIMIT $4) r),
               d.*
        FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT id, kind, source, types, currency, at_stripe, in_ledger, subject, found_at, seen_at, resolved_at
            FROM reconciliation_differences
            WHERE (resolved_at IS NULL) = $1 AND ($2::timestamptz IS NULL OR (found_at, id) < ($2, $3))
            ORDER BY found_at DESC, id DESC LIMIT $5
        ) d ON true
        ORDER BY d.found_at DESC, d.id DESC";
    let open = state == DifferenceState::Open;
    let (after_at, after_id) = after.map(|(at, id)| (at, id.0)).unzip();
    let params = [
        (&open as _, Type::BOOL),
        (&after_at as _, Type::TIMESTAMPTZ),
        (&after_id as _, Type::UUID),
        (&RUNS as _, Type::INT8),
        (&limit as _, Type::INT8),
    ];
    let rows = db.read(sql, &params).await?;
    let runs = rows.first().map(|row| row.try_get::<_, Json<Value>>(0)).transpose()?;
    let runs = runs.map(document).transpose()?.unwrap_or_default();
    let there = rows.iter().filter(|row| matches!(row.try_get::<_, Option<uuid::Uuid>>(1), Ok(Some(_))));
    Ok((runs, there.map(difference).collect::<Result<_, _>>()?))
}

fn difference(row: &Row) -> Result<Difference, DbError> {
    Ok(Difference {
        id: DifferenceId(row.try_get(1)?),
        kind: DifferenceKind::parse(row.try_get(2)?)?,
        source: row.try_get(3)?,
        types: row.try_get(4)?,
        currency: row.try_get(5)?,
        at_stripe: row.try_get(6)?,
        in_ledger: row.try_get(7)?,
        subject: row.try_get(8)?,
        found_at: row.try_get(9)?,
        seen_at: row.try_get(10)?,
        resolved_at: row.try_get(11)?,
    })
}
