//! The table `payouts`, and what there is to pay out.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, PaymentId, PayoutId, UserId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{Changes, Payout, Subject};
use lectern_domain::time::Instant;
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, outbox};
use lectern_runtime::Cx;
use lectern_runtime::http::IdempotencyKey;
use serde::Deserialize;
use serde_json::Value;

use super::ledger;
use super::payments::document;
use crate::services::Payments;

/// What of a tutor's ledger is there to be paid out, by currency: `payable` is owed, `there` lies in the account at
/// Stripe and isn't on its way out of it, `before` was owed before the moment `cutoff`. The three kinds that are left
/// out moved money between the books' accounts while what a tutor is owed was booked otherwise; they sum to nothing.
macro_rules! owed {
    ($tutor:literal, $cutoff:literal) => {
        concat!(
            "SELECT e.currency,
                coalesce(-sum(e.amount) FILTER (WHERE e.account LIKE '%:payable'), 0)::bigint AS payable,
                coalesce(sum(e.amount) FILTER (WHERE e.account NOT LIKE '%:payable'), 0)::bigint AS there,
                coalesce(-sum(e.amount) FILTER (WHERE e.account LIKE '%:payable' AND t.posted_at < ",
            $cutoff,
            " AND t.kind NOT IN ('transfer', 'reversal', 'reclassified')), 0)::bigint AS before
            FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account IN ('tutor:' || ",
            $tutor,
            "::text || ':payable', 'tutor:' || ",
            $tutor,
            "::text || ':connected', 'tutor:' || ",
            $tutor,
            "::text || ':in_transit')
            GROUP BY e.currency"
        )
    };
}

/// A tutor whom a run has to look at.
#[derive(Debug)]
pub struct Due {
    /// Who.
    pub tutor: UserId,
    /// The account at Stripe.
    pub stripe_account: String,
    /// See the column.
    pub payouts_made: i64,
    /// What was earned before is paid out.
    pub cutoff: Timestamp,
    /// What can be paid out by our books, and is at least the minimum, by currency.
    pub amounts: Vec<Money>,
}

#[derive(Deserialize)]
struct Amount {
    currency: Currency,
    amount: i64,
}

/// The moments up to which payouts are due.
#[derive(Clone, Copy, Debug)]
pub struct Cutoffs {
    /// For who is paid weekly.
    pub weekly: Timestamp,
    /// For who is paid monthly.
    pub monthly: Timestamp,
}

/// Tutors with a ready account whom no run has looked at for their present period.
pub async fn due(db: &Database, cutoffs: Cutoffs, minimum: i64, limit: i64) -> Result<Vec<Due>, DbError> {
    let sql = concat!(
        "WITH ready AS (
            SELECT a.tutor_id, a.stripe_account_id, a.payouts_made, c.cutoff FROM payout_accounts a
            CROSS JOIN LATERAL (SELECT CASE a.schedule WHEN 'monthly' THEN $2 ELSE $1 END AS cutoff) c
            WHERE a.transfers_active AND a.payouts_enabled AND a.stripe_account_id IS NOT NULL
              AND (a.paid_out_until IS NULL OR a.paid_out_until < c.cutoff)
            ORDER BY a.tutor_id LIMIT $4
        )
        SELECT r.tutor_id, r.stripe_account_id, r.payouts_made, r.cutoff, coalesce((
            SELECT jsonb_agg(jsonb_build_object('currency', o.currency, 'amount', o.amount) ORDER BY o.currency)
            FROM (SELECT owed.currency, least(owed.payable, owed.there, owed.before) AS amount FROM (",
        owed!("r.tutor_id", "r.cutoff"),
        ") AS owed) AS o
            WHERE o.amount >= $3 AND NOT EXISTS (
                SELECT 1 FROM payouts p
                WHERE p.tutor_id = r.tutor_id AND p.currency = o.currency AND p.cutoff >= r.cutoff)), '[]')
        FROM ready r ORDER BY r.tutor_id"
    );
    let params = [
        (&cutoffs.weekly as _, Type::TIMESTAMPTZ),
        (&cutoffs.monthly as _, Type::TIMESTAMPTZ),
        (&minimum as _, Type::INT8),
        (&limit as _, Type::INT8),
    ];
    let due = |row: &Row| -> Result<Due, DbError> {
        let amounts: Vec<Amount> = document(row.try_get(4)?)?;
        Ok(Due {
            tutor: UserId(row.try_get(0)?),
            stripe_account: row.try_get(1)?,
            payouts_made: row.try_get(2)?,
            cutoff: row.try_get(3)?,
            amounts: amounts.into_iter().map(|each| Money::new(each.amount, each.currency)).collect(),
        })
    };
    db.read(sql, &params).await?.iter().map(due).collect()
}

/// A run has gone through a tutor's period.
pub async fn looked_at(db: &Database, tutor: UserId, cutoff: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE payout_accounts SET paid_out_until = greatest(paid_out_until, $2) WHERE tutor_id = $1";
    db.write(sql, &[(&tutor.0, Type::UUID), (&cutoff, Type::TIMESTAMPTZ)]).await.map(drop)
}

/// What is saved together with a payout.
pub struct Save<'a> {
    /// Events, sealed.
    pub events: Vec<Envelope>,
    postings: Json<Value>,
    webhook: Option<&'a str>,
    at: Timestamp,
}

impl<'a> Save<'a> {
    /// Of the changes that a decision has made.
    pub fn new(cx: &Cx<Payments>, payout: &Payout, changes: Changes, webhook: Option<&'a str>) -> Self {
        let subject = Subject::Payout(payout.id);
        let postings = ledger::rows(cx, &subject, payout.currency, &changes.postings);
        Self { events: cx.seal(changes.events), postings, webhook, at: cx.now() }
    }
}

fn row(payout: &Payout) -> Result<Json<Value>, DbError> {
    serde_json::to_value(payout).map(Json).map_err(|e| DbError::Stored(e.to_string()))
}

/// Puts a new payout in, decided when so many had been made; `false`, and nothing done, when there is one for the
/// period, another was made meanwhile, or the account isn't ready any more.
pub async fn insert(
    db: &Database,
    payout: &Payout,
    payouts_made: i64,
    save: &Save<'_>,
) -> Result<bool, DbError> {
    let sql = "
        WITH counted AS (
            UPDATE payout_accounts SET payouts_made = payouts_made + 1
            WHERE tutor_id = $4 AND payouts_made = $5 AND transfers_active AND payouts_enabled
            RETURNING 1
        ), put AS (
            INSERT INTO payouts (id, tutor_id, stripe_account_id, currency, amount, cutoff, status, attempt,
                stripe_payout_id, failure_code, arrives_at, paid_at, not_before, since, sequence, revision,
                created_at, updated_at)
            SELECT n.id, n.tutor_id, n.stripe_account_id, n.currency, n.amount, n.cutoff, n.status, n.attempt,
                n.stripe_payout_id, n.failure_code, n.arrives_at, n.paid_at, n.not_before, n.since, n.sequence,
                n.revision, $6, $6
            FROM jsonb_populate_record(NULL::payouts, $1) AS n, counted
            ON CONFLICT ON CONSTRAINT payouts_once DO NOTHING
            RETURNING 1
        )
        SELECT outbox_put($2), ledger_post($3) FROM put";
    let params = [
        (&row(payout)? as _, Type::JSONB),
        (&outbox::rows(&save.events) as _, Type::JSONB),
        (&save.postings as _, Type::JSONB),
        (&payout.tutor_id.0 as _, Type::UUID),
        (&payouts_made as _, Type::INT8),
        (&save.at as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

macro_rules! change {
    ($condition:literal) => {
        concat!(
            "changed AS (
                UPDATE payouts p SET
                    status = n.status, attempt = n.attempt, stripe_payout_id = n.stripe_payout_id,
                    failure_code = n.failure_code, arrives_at = n.arrives_at, paid_at = n.paid_at,
                    not_before = n.not_before, since = n.since, sequence = n.sequence,
                    revision = p.revision + 1, updated_at = $4
                FROM jsonb_populate_record(NULL::payouts, $1) AS n
                WHERE p.id = n.id AND p.revision = n.revision",
            $condition,
            " RETURNING 1
            )"
        )
    };
}

/// Saves a payout with all that belongs to the change; `false`, and nothing done, when it has changed since it was
/// loaded.
pub async fn update(db: &Database, payout: &Payout, save: &Save<'_>) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH ",
        change!(""),
        ", applied AS (
            UPDATE stripe_events SET applied_at = $4 WHERE id = $5 AND EXISTS (SELECT 1 FROM changed)
        )
        SELECT outbox_put($2), ledger_post($3) FROM changed"
    );
    let params = [
        (&row(payout)? as _, Type::JSONB),
        (&outbox::rows(&save.events) as _, Type::JSONB),
        (&save.postings as _, Type::JSONB),
        (&save.at as _, Type::TIMESTAMPTZ),
        (&save.webhook as _, Type::TEXT),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Who asks for a change once, with which first answer.
pub struct Once<'a> {
    /// Who.
    pub caller: &'a str,
    /// For what.
    pub use_case: &'a str,
    /// Under which key.
    pub key: &'a IdempotencyKey,
    /// What is answered.
    pub answer: &'a Value,
}

/// Saves a new try, decided when so many payouts had been made, with the first answer to the request; `false`, and
/// nothing done, when anything has changed meanwhile.
pub async fn try_again(
    db: &Database,
    payout: &Payout,
    payouts_made: i64,
    save: &Save<'_>,
    once: &Once<'_>,
) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH counted AS (
            UPDATE payout_accounts SET payouts_made = payouts_made + 1
            WHERE tutor_id = $5 AND payouts_made = $6 AND transfers_active AND payouts_enabled
            RETURNING 1
        ), ",
        change!(" AND EXISTS (SELECT 1 FROM counted)"),
        " SELECT outbox_put($2), ledger_post($3), idempotency_put($7, $8, $9, $10, $11) FROM changed"
    );
    let (print, answer) = (once.key.fingerprint.as_slice(), Json(once.answer));
    let params = [
        (&row(payout)? as _, Type::JSONB),
        (&outbox::rows(&save.events) as _, Type::JSONB),
        (&save.postings as _, Type::JSONB),
        (&save.at as _, Type::TIMESTAMPTZ),
        (&payout.tutor_id.0 as _, Type::UUID),
        (&payouts_made as _, Type::INT8),
        (&once.caller as _, Type::TEXT),
        (&once.use_case as _, Type::TEXT),
        (&once.key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A payout as the domain and a reader want it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The aggregate.
    pub payout: Payout,
    /// When it was decided.
    pub created_at: Instant,
}

fn stored(row: &Row) -> Result<Recorded, DbError> {
    Ok(Recorded { payout: document(row.try_get(0)?)?, created_at: row.try_get::<_, Timestamp>(1)?.into() })
}

/// The payout with this id.
pub async fn by_id(db: &Database, id: PayoutId) -> Result<Option<Payout>, DbError> {
    let sql = "SELECT to_jsonb(p) FROM payouts p WHERE p.id = $1";
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(|row| document(row.try_get(0)?)).transpose()
}

/// What a person who tries again decides by.
#[derive(Debug)]
pub struct ToTryAgain {
    /// The payout.
    pub found: Recorded,
    /// See the column; none while the account isn't ready, or is another than the payout's.
    pub payouts_made: Option<i64>,
    /// What can be paid out by our books now, in its currency.
    pub available: i64,
}

/// The payout with this id, with what is there to be paid out, and the first answer to the request.
pub async fn to_try_again(
    db: &Database,
    id: PayoutId,
    caller: &str,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<(Option<ToTryAgain>, Stored), DbError> {
    let sql = concat!(
        "SELECT to_jsonb(p), p.created_at, a.payouts_made, coalesce(least(o.payable, o.there), 0), ",
        first_answer!("$2", "$3", "$4"),
        " FROM (SELECT) AS one LEFT JOIN payouts p ON p.id = $1
        LEFT JOIN payout_accounts a ON a.tutor_id = p.tutor_id AND a.stripe_account_id = p.stripe_account_id
            AND a.transfers_active AND a.payouts_enabled
        LEFT JOIN LATERAL (",
        owed!("p.tutor_id", "p.cutoff"),
        ") AS o ON o.currency = p.currency"
    );
    let params = [
        (&id.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let first = row.try_get(4)?;
    if row.try_get::<_, Option<Timestamp>>(1)?.is_none() {
        return Ok((None, first));
    }
    let found = ToTryAgain { found: stored(row)?, payouts_made: row.try_get(2)?, available: row.try_get(3)? };
    Ok((Some(found), first))
}

/// Payouts that something is left to do for: a call that nobody has in hand, or news that Stripe has not told since
/// the moment `quiet`.
pub async fn unfinished(
    db: &Database,
    now: Timestamp,
    quiet: Timestamp,
    limit: i64,
) -> Result<Vec<Payout>, DbError> {
    let sql = "
        SELECT to_jsonb(p) FROM payouts p
        WHERE p.status IN ('scheduled', 'in_transit')
          AND (p.not_before IS NULL OR p.not_before <= $1)
          AND (p.status = 'scheduled' OR p.updated_at <= $2)
        ORDER BY p.updated_at LIMIT $3";
    let params =
        [(&now as _, Type::TIMESTAMPTZ), (&quiet as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    db.read(sql, &params).await?.iter().map(|row| document(row.try_get(0)?)).collect()
}

/// A tutor's payouts, the latest first, after a position in that order.
pub async fn of_tutor(
    db: &Database,
    tutor: UserId,
    after: Option<(Timestamp, PayoutId)>,
    limit: i64,
) -> Result<Vec<Recorded>, DbError> {
    let sql = "
        SELECT to_jsonb(p), p.created_at FROM payouts p
        WHERE p.tutor_id = $1 AND ($2::timestamptz IS NULL OR (p.created_at, p.id) < ($2, $3))
        ORDER BY p.created_at DESC, p.id DESC LIMIT $4";
    let (at, id) = after.map(|(at, id)| (at, id.0)).unzip();
    let params = [
        (&tutor.0 as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(stored).collect()
}

/// A movement on what a tutor is owed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// When.
    pub at: Instant,
    /// Of the ledger.
    pub kind: String,
    /// Of a payment.
    pub payment_id: Option<PaymentId>,
    /// The lesson that was paid.
    pub lesson_id: Option<LessonId>,
    /// Of a payout.
    pub payout_id: Option<PayoutId>,
    /// Minor units; what is added to what the tutor is owed.
    pub amount: i64,
}

/// A payout with what led to it.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The payout.
    pub found: Recorded,
    /// Since when: the moment of the payout before.
    pub from: Option<Instant>,
    /// What was owed then, in minor units.
    pub opening: i64,
    /// What moved from then to the payout's moment.
    pub movements: Vec<Movement>,
}

/// The tutor's payout with this id, and every movement of its period, by the ledger.
pub async fn explained(db: &Database, id: PayoutId, tutor: UserId) -> Result<Option<Explained>, DbError> {
    let sql = "
        WITH wanted AS (
            SELECT p.*, (SELECT max(b.cutoff) FROM payouts b WHERE b.tutor_id = p.tutor_id
                AND b.currency = p.currency AND b.cutoff < p.cutoff) AS begin
            FROM payouts p WHERE p.id = $1 AND p.tutor_id = $2
        ), moved AS (
            SELECT t.id, t.posted_at, t.kind, t.payment_id, pay.lesson_id, w.begin, -e.amount AS amount,
                   substring(t.other FROM '^payout:(.*)$') AS payout_id
            FROM wanted w
            JOIN ledger_entries e ON e.account = 'tutor:' || w.tutor_id::text || ':payable'
                AND e.currency = w.currency
            JOIN ledger_transactions t ON t.id = e.transaction_id AND t.posted_at < w.cutoff
                AND t.kind NOT IN ('transfer', 'reversal', 'reclassified')
            LEFT JOIN payments pay ON pay.id = t.payment_id
        )
        SELECT to_jsonb(p), w.created_at, w.begin,
            coalesce((SELECT sum(amount) FROM moved WHERE posted_at < begin), 0)::bigint,
            coalesce((SELECT jsonb_agg(jsonb_build_object('at', posted_at, 'kind', kind, 'paymentId', payment_id,
                    'lessonId', lesson_id, 'payoutId', payout_id, 'amount', amount) ORDER BY posted_at, id)
                FROM moved WHERE begin IS NULL OR posted_at >= begin), '[]')
        FROM wanted w JOIN payouts p ON p.id = w.id";
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&tutor.0, Type::UUID)]).await?;
    let explained = |row: &Row| -> Result<Explained, DbError> {
        Ok(Explained {
            found: stored(row)?,
            from: row.try_get::<_, Option<Timestamp>>(2)?.map(Instant::from),
            opening: row.try_get(3)?,
            movements: document(row.try_get(4)?)?,
        })
    };
    rows.first().map(explained).transpose()
}

/// Payouts whose entries don't say what the payout says. Everything is recomputed from the entries.
pub async fn contradictions(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = "
        WITH booked AS (
            SELECT t.other,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE '%:payable'), 0) AS payable,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE '%:in_transit'), 0) AS in_transit,
                coalesce(sum(e.amount) FILTER (WHERE e.account LIKE '%:connected'), 0) AS connected
            FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
            WHERE t.other LIKE 'payout:%' GROUP BY t.other
        )
        SELECT format('payout %s (%s): %s', p.id, p.status, wrong.what)
        FROM payouts p LEFT JOIN booked b ON b.other = 'payout:' || p.id::text
        CROSS JOIN LATERAL (VALUES
            ('what is owed was not lessened by it', coalesce(b.payable, 0) =
                CASE p.status WHEN 'failed' THEN 0 ELSE p.amount END),
            ('what is on its way is not it', coalesce(b.in_transit, 0) =
                CASE WHEN p.status IN ('scheduled', 'in_transit') THEN -p.amount ELSE 0 END),
            ('what has left the account is not it', coalesce(b.connected, 0) =
                CASE p.status WHEN 'paid' THEN -p.amount ELSE 0 END)
        ) AS wrong (what, holds)
        WHERE NOT wrong.holds ORDER BY p.id LIMIT 100";
    db.read(sql, &[]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What must lie in a tutor's account at Stripe, by currency.
#[derive(Debug)]
pub struct There {
    /// The account at Stripe.
    pub stripe_account: String,
    /// By currency.
    pub amounts: Vec<Money>,
}

/// What must lie in accounts at Stripe by our books: what was sent there and hasn't left. The accounts that changed
/// last come first.
pub async fn there(db: &Database, limit: i64) -> Result<Vec<There>, DbError> {
    let sql = "
        SELECT a.stripe_account_id, coalesce((
            SELECT jsonb_agg(jsonb_build_object('currency', s.currency, 'amount', s.amount))
            FROM (SELECT e.currency, sum(e.amount)::bigint AS amount FROM ledger_entries e
                  WHERE e.account IN ('tutor:' || a.tutor_id::text || ':connected',
                      'tutor:' || a.tutor_id::text || ':in_transit') GROUP BY e.currency) AS s), '[]')
        FROM payout_accounts a WHERE a.stripe_account_id IS NOT NULL AND NOT a.cut_off
        ORDER BY a.updated_at DESC LIMIT $1";
    let there = |row: &Row| -> Result<There, DbError> {
        let amounts: Vec<Amount> = document(row.try_get(1)?)?;
        let amounts = amounts.into_iter().map(|each| Money::new(each.amount, each.currency)).collect();
        Ok(There { stripe_account: row.try_get(0)?, amounts })
    };
    db.read(sql, &[(&limit, Type::INT8)]).await?.iter().map(there).collect()
}
