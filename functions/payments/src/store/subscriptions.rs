//! The tables `subscriptions`, `subscription_invoices` and `billing_catalogue`.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{InvoiceSeen, Subscription, SubscriptionId};
use lectern_domain::time::Instant;
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, outbox};
use lectern_runtime::Cx;
use lectern_runtime::http::IdempotencyKey;
use serde_json::{Value, json};

use super::ledger;
use super::payments::document;
use crate::services::Payments;

/// Renewals are paid an hour after their period has begun: before that there is nothing new to see.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(2);
/// How long what should have changed, and has not, is left alone.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// How long a subscription is believed when nobody says that it has changed.
const LOOK_ANYWAY: SignedDuration = SignedDuration::from_hours(24);
/// How long a request has what it works on to itself.
const LEAVE_TO_WRITER: SignedDuration = SignedDuration::from_secs(60);

fn subscription(row: &Row) -> Result<Subscription, DbError> {
    document(row.try_get::<_, Json<Value>>(0)?)
}

/// What there is before somebody subscribes.
#[derive(Debug)]
pub struct Before {
    /// The answer that this key got already.
    pub answered: Stored,
    /// The subscription that the user has.
    pub live: Option<Subscription>,
    /// Stripe's id of what is sold, by name.
    pub catalogue: HashMap<String, String>,
}

/// Reads what there is before somebody subscribes.
pub async fn before(
    db: &Database,
    user: UserId,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<Before, DbError> {
    let sql = concat!(
        "SELECT ",
        first_answer!("$2", "$3", "$4"),
        ", (SELECT to_jsonb(s) FROM subscriptions s
            WHERE s.user_id = $1 AND s.status IN ('pending', 'active', 'past_due')),
           (SELECT coalesce(jsonb_object_agg(name, stripe_id), '{}') FROM billing_catalogue)"
    );
    let caller = user.to_string();
    let params = [
        (&user.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let row = rows.first().ok_or_else(|| DbError::Stored("no row".to_owned()))?;
    let live: Option<Json<Value>> = row.try_get(1)?;
    Ok(Before {
        answered: row.try_get(0)?,
        live: live.map(document).transpose()?,
        catalogue: document(row.try_get(2)?)?,
    })
}

/// What is sold: Stripe's id of one thing.
pub async fn sold(db: &Database, name: &str) -> Result<Option<String>, DbError> {
    let rows =
        db.read("SELECT stripe_id FROM billing_catalogue WHERE name = $1", &[(&name, Type::TEXT)]).await?;
    rows.first().map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Notes what is sold, by name and Stripe's id.
pub async fn sell(db: &Database, all: &[(&str, String)], now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO billing_catalogue (name, stripe_id, updated_at)
               SELECT e.name, e.id, $2 FROM jsonb_to_recordset($1) AS e(name text, id text)
               ON CONFLICT (name) DO UPDATE SET stripe_id = excluded.stripe_id, updated_at = excluded.updated_at
               WHERE billing_catalogue.stripe_id <> excluded.stripe_id";
    let rows: Vec<Value> = all.iter().map(|(name, id)| json!({ "name": name, "id": id })).collect();
    let params = [(&Json(Value::Array(rows)) as _, Type::JSONB), (&now as _, Type::TIMESTAMPTZ)];
    db.write(sql, &params).await.map(drop)
}

fn row_of(subscription: &Subscription) -> Result<Json<Value>, DbError> {
    serde_json::to_value(subscription).map(Json).map_err(|e| DbError::Stored(e.to_string()))
}

/// Puts a new subscription in; `false`, and nothing done, when its user has one.
pub async fn insert(db: &Database, new: &Subscription, now: Timestamp) -> Result<bool, DbError> {
    let sql = "
        INSERT INTO subscriptions
        SELECT n.* FROM jsonb_populate_record(NULL::subscriptions, $1 || jsonb_build_object(
            'looked_at', $2::timestamptz, 'created_at', $2::timestamptz, 'updated_at', $2::timestamptz)) AS n
        ON CONFLICT (user_id) WHERE status IN ('pending', 'active', 'past_due') DO NOTHING
        RETURNING 1";
    let params = [(&row_of(new)? as _, Type::JSONB), (&now as _, Type::TIMESTAMPTZ)];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// What is saved together with a subscription.
#[derive(Default)]
pub struct Save<'a> {
    /// Events, sealed.
    pub events: &'a [Envelope],
    /// The answer to a request with a key: use case, key, answer.
    pub answer: Option<(&'a str, &'a IdempotencyKey, &'a Value)>,
    /// The consumer and the event that led to it.
    pub inbox: Option<(&'a str, lectern_domain::id::EventId)>,
}

/// Saves a subscription that Stripe was just asked about; `false`, and nothing done, when it has changed since it was
/// loaded.
pub async fn update(
    db: &Database,
    subscription: &Subscription,
    save: Save<'_>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE subscriptions s SET
                plan = n.plan, period = n.period, currency = n.currency, amount = n.amount, status = n.status,
                attempt = n.attempt, since = n.since, stripe_customer_id = n.stripe_customer_id,
                stripe_price_id = n.stripe_price_id, checkout_id = n.checkout_id, checkout_url = n.checkout_url,
                checkout_expires_at = n.checkout_expires_at, stripe_subscription_id = n.stripe_subscription_id,
                period_start = n.period_start, period_end = n.period_end, cancel_requested = n.cancel_requested,
                ends_at = n.ends_at, past_due_since = n.past_due_since, entitled = n.entitled,
                ended_at = n.ended_at, sequence = n.sequence, revision = s.revision + 1, looked_at = $3,
                updated_at = $3
            FROM jsonb_populate_record(NULL::subscriptions, $1) AS n
            WHERE s.id = n.id AND s.revision = n.revision
            RETURNING s.user_id
        )
        SELECT outbox_put($2),
               CASE WHEN $4 IS NOT NULL THEN idempotency_put(user_id::text, $4, $5, $6, $7) END,
               CASE WHEN $8 IS NOT NULL THEN inbox_take($8, $9) END
        FROM changed";
    let (use_case, key, answer) = match save.answer {
        Some((use_case, key, answer)) => (Some(use_case), Some(key), Some(Json(answer.clone()))),
        None => (None, None, None),
    };
    let (the_key, print) = key.map(|key| (key.key.as_str(), key.fingerprint.as_slice())).unzip();
    let (consumer, event) = save.inbox.map(|(consumer, event)| (consumer, event.0)).unzip();
    let params = [
        (&row_of(subscription)? as _, Type::JSONB),
        (&outbox::rows(save.events) as _, Type::JSONB),
        (&now as _, Type::TIMESTAMPTZ),
        (&use_case as _, Type::TEXT),
        (&the_key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
        (&consumer as _, Type::TEXT),
        (&event as _, Type::UUID),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The subscription of this id.
pub async fn by_id(db: &Database, id: SubscriptionId) -> Result<Option<Subscription>, DbError> {
    let sql = "SELECT to_jsonb(s) FROM subscriptions s WHERE s.id = $1";
    db.read(sql, &[(&id.0, Type::UUID)]).await?.first().map(subscription).transpose()
}

/// The subscription that Stripe knows by this id.
pub async fn by_stripe_id(db: &Database, id: &str) -> Result<Option<Subscription>, DbError> {
    let sql = "SELECT to_jsonb(s) FROM subscriptions s WHERE s.stripe_subscription_id = $1";
    db.read(sql, &[(&id, Type::TEXT)]).await?.first().map(subscription).transpose()
}

/// The subscription one of whose invoices was paid by this charge.
pub async fn by_charge(db: &Database, charge: &str) -> Result<Option<Subscription>, DbError> {
    let sql =
        "SELECT to_jsonb(s) FROM subscriptions s JOIN subscription_invoices i ON i.subscription_id = s.id
               WHERE i.charge_id = $1";
    db.read(sql, &[(&charge, Type::TEXT)]).await?.first().map(subscription).transpose()
}

/// The subscription that a user has, or else has had last. One that was never paid counts only as long as it can be.
pub async fn of_user(db: &Database, user: UserId) -> Result<Option<Subscription>, DbError> {
    let sql = "SELECT to_jsonb(s) FROM subscriptions s WHERE s.user_id = $1 AND s.status <> 'abandoned'
               ORDER BY s.status = 'cancelled', s.created_at DESC LIMIT 1";
    db.read(sql, &[(&user.0, Type::UUID)]).await?.first().map(subscription).transpose()
}

/// Every subscription of a user that isn't over.
pub async fn live_of(db: &Database, user: UserId) -> Result<Option<Subscription>, DbError> {
    let sql = "SELECT to_jsonb(s) FROM subscriptions s
               WHERE s.user_id = $1 AND s.status IN ('pending', 'active', 'past_due')";
    db.read(sql, &[(&user.0, Type::UUID)]).await?.first().map(subscription).transpose()
}

/// Subscriptions that must be looked at: a page that has closed, a wish that Stripe has not confirmed, a renewal that
/// nobody has told of, seven days that are over, a fee that is missing. And each once a day, should Stripe's events
/// have been lost.
pub async fn due(db: &Database, now: Timestamp, limit: i64) -> Result<Vec<Subscription>, DbError> {
    let sql = "
        SELECT to_jsonb(s) FROM subscriptions s
        WHERE s.status IN ('pending', 'active', 'past_due') AND (
            s.looked_at <= $2
            OR (s.status = 'pending' AND s.checkout_expires_at <= $1
                AND s.looked_at < s.checkout_expires_at + interval '1 minute')
            OR (s.cancel_requested AND s.updated_at <= $5)
            OR (s.period_end <= $3 AND s.looked_at <= $4)
            OR (s.status = 'past_due' AND s.entitled
                AND s.past_due_since + make_interval(secs => s.grace_seconds) <= $1)
        ) OR s.id IN (SELECT i.subscription_id FROM subscription_invoices i
                      WHERE i.stripe_fee IS NULL AND i.updated_at <= $5)
        ORDER BY s.looked_at LIMIT $6";
    let moments = [now - LOOK_ANYWAY, now - RENEWED_AFTER, now - LOOK_AGAIN, now - LEAVE_TO_WRITER];
    let [anyway, renewed, again, writer] = &moments;
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (anyway as _, Type::TIMESTAMPTZ),
        (renewed as _, Type::TIMESTAMPTZ),
        (again as _, Type::TIMESTAMPTZ),
        (writer as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(subscription).collect()
}

/// The invoices that are booked, and whether with their fee.
pub async fn booked(db: &Database, of: SubscriptionId) -> Result<HashMap<String, Booked>, DbError> {
    let sql = "SELECT stripe_invoice_id, charge_id, stripe_fee IS NOT NULL FROM subscription_invoices
               WHERE subscription_id = $1";
    let rows = db.read(sql, &[(&of.0, Type::UUID)]).await?;
    let read =
        |row: &Row| Ok((row.try_get(0)?, Booked { charge: row.try_get(1)?, with_fee: row.try_get(2)? }));
    rows.iter().map(read).collect()
}

/// How an invoice is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// Its charge.
    pub charge: String,
    /// Stripe's fee is known.
    pub with_fee: bool,
}

/// Notes a paid invoice and posts all that it has moved: what is noted or posted already stays as it is.
pub async fn book(cx: &Cx<Payments>, of: &Subscription, seen: &InvoiceSeen) -> Result<(), DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO subscription_invoices AS known (stripe_invoice_id, subscription_id, user_id, currency, amount,
                charge_id, stripe_fee, refunded, refund_failed, period_start, period_end, paid_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $14, $9, $10, $11, $12)
            ON CONFLICT (stripe_invoice_id) DO UPDATE SET
                stripe_fee = coalesce(known.stripe_fee, excluded.stripe_fee),
                refunded = greatest(known.refunded, excluded.refunded),
                refund_failed = greatest(known.refund_failed, excluded.refund_failed),
                updated_at = excluded.updated_at
            RETURNING 1
        )
        SELECT ledger_post($13) FROM put";
    let currency = seen.paid.currency;
    let postings = ledger::rows(cx, &seen.subject(), currency, &seen.postings());
    let (refunded, refund_failed) = seen.refunded();
    let params = [
        (&seen.id as _, Type::TEXT),
        (&of.id.0 as _, Type::UUID),
        (&of.user_id.0 as _, Type::UUID),
        (&currency.as_str() as _, Type::TEXT),
        (&seen.paid.amount as _, Type::INT8),
        (&seen.charge as _, Type::TEXT),
        (&seen.fee as _, Type::INT8),
        (&refunded as _, Type::INT8),
        (&seen.period_start as _, Type::TIMESTAMPTZ),
        (&seen.period_end as _, Type::TIMESTAMPTZ),
        (&seen.paid_at as _, Type::TIMESTAMPTZ),
        (&cx.now() as _, Type::TIMESTAMPTZ),
        (&postings as _, Type::JSONB),
        (&refund_failed as _, Type::INT8),
    ];
    cx.base.db.write(sql, &params).await.map(drop)
}

/// A paid invoice as its payer sees it among payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRow {
    /// Stripe's id.
    pub invoice_id: String,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// What was paid.
    pub paid: Money,
    /// What was given back of it.
    pub refunded: Money,
    /// First moment of what it was paid for.
    pub period_start: Instant,
    /// First moment after it.
    pub period_end: Instant,
    /// When it was paid.
    pub paid_at: Instant,
}

/// A user's paid invoices, newest first, beginning after the one that was paid at that moment and has that id.
pub async fn paid_invoices(
    db: &Database,
    user: UserId,
    after: Option<(Timestamp, &str)>,
    limit: i64,
) -> Result<Vec<InvoiceRow>, DbError> {
    let sql = "
        SELECT stripe_invoice_id, subscription_id, currency, amount, refunded - refund_failed, period_start, period_end,
               paid_at
        FROM subscription_invoices
        WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (paid_at, stripe_invoice_id) < ($2, $3))
        ORDER BY paid_at DESC, stripe_invoice_id DESC LIMIT $4";
    let (at, id) = after.unzip();
    let params = [
        (&user.0 as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::TEXT),
        (&limit as _, Type::INT8),
    ];
    let read = |row: &Row| -> Result<InvoiceRow, DbError> {
        let currency = Currency::parse(row.try_get(2)?)?;
        let moment = |at: usize| -> Result<Instant, DbError> { Ok(row.try_get::<_, Timestamp>(at)?.into()) };
        Ok(InvoiceRow {
            invoice_id: row.try_get(0)?,
            subscription_id: SubscriptionId(row.try_get(1)?),
            paid: Money::new(row.try_get(3)?, currency),
            refunded: Money::new(row.try_get(4)?, currency),
            period_start: moment(5)?,
            period_end: moment(6)?,
            paid_at: moment(7)?,
        })
    };
    db.read(sql, &params).await?.iter().map(read).collect()
}

/// Invoices whose entries don't say what the invoice says. Everything is recomputed from the entries.
pub async fn contradictions(db: &Database) -> Result<Vec<String>, DbError> {
    let sql = "
        WITH moved AS (
            SELECT t.subject,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'platform_revenue'), 0) AS revenue,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_fees'), 0) AS fees,
                coalesce(sum(e.amount) FILTER (WHERE e.account = 'stripe_balance'), 0) AS balance
            FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
            WHERE t.other LIKE 'invoice:%' GROUP BY t.subject
        )
        SELECT format('%s: %s', coalesce(m.subject, 'invoice:' || i.stripe_invoice_id), wrong.what)
        FROM subscription_invoices i FULL JOIN moved m ON m.subject = 'invoice:' || i.stripe_invoice_id
        CROSS JOIN LATERAL (VALUES
            ('there is no such invoice', i.stripe_invoice_id IS NOT NULL),
            ('the revenue is not what was paid', coalesce(m.revenue, 0) = i.refunded - i.refund_failed - i.amount),
            ('Stripe''s fee is not what Stripe said', coalesce(m.fees, 0) = coalesce(i.stripe_fee, 0)),
            ('the balance at Stripe is not what was moved', coalesce(m.balance, 0) =
                i.amount - i.refunded + i.refund_failed - coalesce(i.stripe_fee, 0))
        ) AS wrong (what, holds)
        WHERE NOT coalesce(wrong.holds, true) ORDER BY 1 LIMIT 100";
    db.read(sql, &[]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
