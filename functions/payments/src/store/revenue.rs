//! Sums over the ledger.

use jiff::Timestamp;
use lectern_domain::money::Currency;
use lectern_domain::payments::Purpose;
use lectern_domain::time::Date;
use lectern_postgres::{Database, DbError, Row, Type};

lectern_domain::words! {
    /// How sums are put together.
    pub enum Group {
        /// By day.
        Day = "day",
        /// By week, from Monday on.
        Week = "week",
        /// By month.
        Month = "month",
        /// By what was paid for.
        Purpose = "purpose",
        /// By currency alone.
        Currency = "currency",
    }
}

/// What moved in one group and currency, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// The currency.
    pub currency: Currency,
    /// Of a group of time: its first day.
    pub starts_on: Option<Date>,
    /// Of a group of a purpose; none for what no payment of a purpose has moved.
    pub purpose: Option<Purpose>,
    /// What was paid.
    pub volume: i64,
    /// What was given back.
    pub refunds: i64,
    /// What the platform has earned.
    pub revenue: i64,
    /// What Stripe took.
    pub fees: i64,
}

/// The sums of what was posted from `start` on and before `end`. Days are those of UTC.
pub async fn sums(
    db: &Database,
    start: Timestamp,
    end: Timestamp,
    group: Group,
) -> Result<Vec<Sums>, DbError> {
    let key = match group {
        Group::Day | Group::Week | Group::Month => {
            "to_char(date_trunc($3, t.posted_at, 'UTC') AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        }
        Group::Purpose => {
            "CASE WHEN $3 = 'purpose' THEN coalesce(p.purpose, CASE WHEN t.other LIKE 'invoice:%' THEN 'subscription' END) END"
        }
        Group::Currency => "nullif($3, 'currency')",
    };
    let sql = format!(
        "SELECT * FROM (
            SELECT e.currency, {key} AS key,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_balance'
                    AND t.kind IN ('charge', 'invoice')), 0)::bigint AS volume,
                coalesce(-sum(e.amount) FILTER (WHERE (e.account = 'refunds' AND t.kind = 'refund')
                    OR (e.account = 'stripe_balance' AND t.kind = 'invoice_refund')), 0)::bigint AS refunds,
                coalesce(-sum(e.amount) FILTER (WHERE e.account = 'platform_revenue'), 0)::bigint AS revenue,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_fees'), 0)::bigint AS fees
            FROM ledger_transactions t
            JOIN ledger_entries e ON e.transaction_id = t.id
                AND e.account IN ('stripe_balance', 'refunds', 'platform_revenue', 'stripe_fees')
            LEFT JOIN payments p ON p.id = t.payment_id
            WHERE t.posted_at >= $1 AND t.posted_at < $2
            GROUP BY 1, 2
        ) AS sums
        WHERE (volume, refunds, revenue, fees) <> (0, 0, 0, 0)
        ORDER BY key, currency"
    );
    let word = group.as_str();
    let params = [(&start as _, Type::TIMESTAMPTZ), (&end as _, Type::TIMESTAMPTZ), (&word as _, Type::TEXT)];
    let sums = |row: &Row| -> Result<Sums, DbError> {
        let key: Option<&str> = row.try_get(1)?;
        let (starts_on, purpose) = match group {
            Group::Purpose => (None, key.map(Purpose::parse).transpose()?),
            _ => (key.map(Date::parse).transpose()?, None),
        };
        Ok(Sums {
            currency: Currency::parse(row.try_get(0)?)?,
            starts_on,
            purpose,
            volume: row.try_get(2)?,
            refunds: row.try_get(3)?,
            revenue: row.try_get(4)?,
            fees: row.try_get(5)?,
        })
    };
    db.read(&sql, &params).await?.iter().map(sums).collect()
}
