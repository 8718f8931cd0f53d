//! The tables `ledger_transactions` and `ledger_entries`.

use lectern_domain::id::UserId;
use lectern_domain::money::Currency;
use lectern_domain::payments::{Account, Posting, Subject};
use lectern_postgres::{Database, DbError, Json, Row, Type};
use lectern_runtime::Cx;
use serde::Serialize;
use serde_json::{Value, json};

use crate::services::Payments;

/// Postings of one subject in one currency as the parameter of `ledger_post`.
pub fn rows(cx: &Cx<Payments>, subject: &Subject, currency: Currency, postings: &[Posting]) -> Json<Value> {
    let (payment, other) = subject.columns();
    let row = |posting: &Posting| {
        json!({
            "id": cx.fresh_id(), "paymentId": payment, "other": other, "kind": posting.kind,
            "reference": posting.reference, "postedAt": cx.now(), "currency": currency,
            "entries": posting.entries,
        })
    };
    Json(Value::Array(postings.iter().map(row).collect()))
}

/// What a tutor has in one currency.
#[derive(Debug)]
pub struct Earned {
    /// The currency.
    pub currency: Currency,
    /// The tutor's share of what is paid and not yet earned.
    pub held: i64,
    /// Earned and not yet paid out, wherever it lies.
    pub payable: i64,
    /// On its way to the tutor's bank.
    pub in_transit: i64,
    /// Arrived there.
    pub paid: i64,
}

/// A tutor's earnings, by currency.
pub async fn earnings(db: &Database, tutor: UserId) -> Result<Vec<Earned>, DbError> {
    let sql = "
        SELECT currency, sum(held)::bigint, sum(payable)::bigint, sum(in_transit)::bigint, sum(paid)::bigint FROM (
            SELECT currency, tutor_share AS held, 0 AS payable, 0 AS in_transit, 0 AS paid FROM payments
            WHERE tutor_id = $1 AND status IN ('held', 'partially_refunded') AND NOT released
            UNION ALL
            SELECT e.currency, 0, CASE WHEN e.account = $2 THEN -e.amount ELSE 0 END,
                   CASE WHEN e.account = $3 THEN -e.amount ELSE 0 END,
                   CASE WHEN e.account = $4 AND t.other LIKE 'payout:%' THEN -e.amount ELSE 0 END
            FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account IN ($2, $3, $4)
        ) AS moved GROUP BY currency ORDER BY currency";
    let payable = Account::TutorPayable(tutor).to_string();
    let in_transit = Account::TutorInTransit(tutor).to_string();
    let connected = Account::TutorConnected(tutor).to_string();
    let params = [
        (&tutor.0 as _, Type::UUID),
        (&payable as _, Type::TEXT),
        (&in_transit as _, Type::TEXT),
        (&connected as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let earned = |row: &Row| -> Result<Earned, DbError> {
        Ok(Earned {
            currency: Currency::parse(row.try_get(0)?)?,
            held: row.try_get(1)?,
            payable: row.try_get(2)?,
            in_transit: row.try_get(3)?,
            paid: row.try_get(4)?,
        })
    };
    rows.iter().map(earned).collect()
}

/// The sum of an account's entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// The account.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// The sum; positive is a debit.
    pub balance: i64,
}

/// Every account that isn't empty, and what Stripe holds in any case.
pub async fn balances(db: &Database) -> Result<Vec<Balance>, DbError> {
    let sql = "SELECT account, currency, sum(amount)::bigint FROM ledger_entries GROUP BY account, currency
               HAVING sum(amount) <> 0 OR account = 'stripe_balance' ORDER BY account, currency";
    let balance = |row: &Row| -> Result<Balance, DbError> {
        Ok(Balance {
            account: row.try_get(0)?,
            currency: Currency::parse(row.try_get(1)?)?,
            balance: row.try_get(2)?,
        })
    };
    db.read(sql, &[]).await?.iter().map(balance).collect()
}

/// Ledger transactions that aren't balanced. The database lets none in.
pub async fn unbalanced(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = "
        SELECT format('transaction %s (%s of %s) is not balanced', t.id, t.kind, t.subject)
        FROM ledger_transactions t LEFT JOIN (
            SELECT transaction_id, sum(entries) AS entries, bool_or(sum <> 0) AS uneven FROM (
                SELECT transaction_id, count(*) AS entries, sum(amount) AS sum FROM ledger_entries
                GROUP BY transaction_id, currency) AS by_currency
            GROUP BY transaction_id
        ) AS e ON e.transaction_id = t.id
        WHERE e.entries IS NULL OR e.entries < 2 OR e.uneven
        ORDER BY t.id LIMIT 100";
    texts(db, sql).await
}

/// What Stripe has refused too often to be tried again by itself.
pub async fn parked(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = "
        SELECT format('payment %s: Stripe refuses the %s %s of %s (%s): a person must look', payment_id, kind,
                      reference, amount, error_code)
        FROM stripe_operations WHERE state = 'refused' AND kind IN ('refund', 'reversal') AND amount > 0
        ORDER BY since LIMIT 100";
    texts(db, sql).await
}

/// Payments whose entries don't say what the payment says. Everything is recomputed from the entries.
pub async fn contradictions(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = "
        WITH booked AS (
            SELECT t.payment_id,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'escrow:%'), 0) AS escrow,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'tutor:%:payable'), 0) AS payable,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'tutor:%:connected'), 0) AS connected,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'platform_revenue'), 0) AS revenue,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'refunds'), 0) AS refunds,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'disputes'), 0) AS disputes,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_fees'), 0) AS fees,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_balance'), 0) AS balance
            FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
            WHERE t.payment_id IS NOT NULL GROUP BY t.payment_id
        ), asked AS (
            SELECT payment_id,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunded,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state = 'done'), 0) AS refund_done,
                coalesce(sum(amount) FILTER (WHERE kind = 'transfer' AND state = 'done'), 0) AS sent,
                coalesce(sum(amount) FILTER (WHERE kind = 'reversal' AND state = 'done'), 0) AS reversed
            FROM stripe_operations GROUP BY payment_id
        ), complained AS (
            SELECT payment_id, sum(withdrawn - reinstated) AS taken, sum(lost) AS lost, sum(fee) AS fees
            FROM disputes GROUP BY payment_id
        ), facts AS (
            SELECT p.*, CASE WHEN p.charge_id IS NULL THEN 0 ELSE p.amount END AS charged, a.refund_done, a.sent,
                a.reversed, a.refunded AS asked_refunds, b.escrow, b.payable, b.connected, b.revenue, b.refunds, b.disputes, b.fees, b.balance,
                coalesce(c.taken, 0) AS taken, coalesce(c.lost, 0) AS lost, coalesce(c.fees, 0) AS dispute_fees
            FROM payments p JOIN asked a ON a.payment_id = p.id LEFT JOIN booked b ON b.payment_id = p.id
            LEFT JOIN complained c ON c.payment_id = p.id
        )
        SELECT format('payment %s (%s): %s', f.id, f.status, wrong.what) FROM facts f
        CROSS JOIN LATERAL (VALUES
            ('fee and earnings are not the amount', f.platform_fee + f.tutor_earnings = f.amount),
            ('more is refunded than was paid', f.refunded + f.charged_back <= f.charged),
            ('the refunds are not what was refunded', f.refunded = f.asked_refunds),
            ('more is transferred than was earned', f.sent - f.reversed <= f.tutor_earnings),
            ('the escrow is not what is held', coalesce(f.escrow, 0) =
                CASE WHEN f.released THEN 0 ELSE f.refunded + f.charged_back - f.charged END),
            ('the tutor''s account is not what is owed', coalesce(f.payable, 0) =
                CASE WHEN f.released THEN -f.tutor_share ELSE 0 END),
            ('what lies at Stripe for the tutor is not what was sent', coalesce(f.connected, 0) =
                f.sent - f.reversed),
            ('the revenue is not what was earned', coalesce(f.revenue, 0) =
                f.overdrawn + CASE WHEN f.released
                    THEN f.tutor_share - (f.amount - f.refunded - f.charged_back) ELSE 0 END),
            ('the disputes are not what banks hold', coalesce(f.disputes, 0) = f.taken - f.lost),
            ('what was lost is not what was borne', f.lost = f.charged_back + f.overdrawn),
            ('the refunds are not what is on its way', coalesce(f.refunds, 0) = f.refund_done - f.refunded),
            ('Stripe''s fee is not what Stripe said', coalesce(f.fees, 0) =
                coalesce(f.stripe_fee, 0) + f.dispute_fees),
            ('the balance at Stripe is not what was moved', coalesce(f.balance, 0) =
                f.charged - coalesce(f.stripe_fee, 0) - f.refund_done - f.sent + f.reversed - f.taken - f.dispute_fees)
        ) AS wrong (what, holds)
        WHERE NOT wrong.holds ORDER BY f.id LIMIT 100";
    texts(db, sql).await
}

async fn texts(db: &Database, sql: &str) -> Result<Vec<String>, DbError> {
    db.read(sql, &[]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
