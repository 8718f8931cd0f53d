//! The tables `payments` and `stripe_operations`.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::payments::{Changes, Payment, Subject};
use lectern_domain::time::Instant;
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use lectern_runtime::Cx;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ledger;
use crate::services::Payments;

/// How long Stripe is left alone with a charge before its fee is asked for.
const FEE_IS_LATE: SignedDuration = SignedDuration::from_secs(30);

/// A payment, and where its tutor's money can be sent.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The aggregate.
    pub payment: Payment,
    /// The tutor's account at Stripe; none while it isn't ready.
    pub ready_account: Option<String>,
}

/// What is saved together with a payment.
pub struct Save<'a> {
    /// Events, sealed.
    pub events: Vec<Envelope>,
    postings: Json<Value>,
    actions: Json<Value>,
    webhook: Option<&'a str>,
    at: Timestamp,
}

impl<'a> Save<'a> {
    /// Of the changes that a decision has made.
    pub fn new(cx: &Cx<Payments>, payment: &Payment, changes: Changes, webhook: Option<&'a str>) -> Self {
        let subject = Subject::Payment(payment.id);
        let postings = ledger::rows(cx, &subject, payment.currency, &changes.postings);
        let actions = Json(json!(changes.actions));
        Self { events: cx.seal(changes.events), postings, actions, webhook, at: cx.now() }
    }
}

macro_rules! ready_account {
    () => {
        "(SELECT a.stripe_account_id FROM payout_accounts a
          WHERE a.tutor_id = p.tutor_id AND a.transfers_active AND a.payouts_enabled)"
    };
}

pub(super) fn document<T: for<'de> Deserialize<'de>>(json: Json<Value>) -> Result<T, DbError> {
    serde_json::from_value(json.0).map_err(|e| DbError::Stored(e.to_string()))
}

fn loaded(row: &Row) -> Result<Loaded, DbError> {
    Ok(Loaded { payment: document(row.try_get(0)?)?, ready_account: row.try_get(1)? })
}

/// A payment's columns, operations and disputes as parameters: what is derived is derived here.
fn columns(payment: &Payment) -> Result<[Json<Value>; 3], DbError> {
    let mut row = serde_json::to_value(payment).map_err(|e| DbError::Stored(e.to_string()))?;
    let (operations, disputes) = (row["operations"].take(), row["disputes"].take());
    row["tutor_share"] = json!(payment.share().earnings);
    row["awaits_transfer"] = json!(payment.awaits_transfer());
    row["frozen"] = json!(payment.is_frozen());
    Ok([Json(row), Json(operations), Json(disputes)])
}

/// The payment with this id.
pub async fn by_id(db: &Database, id: PaymentId) -> Result<Option<Loaded>, DbError> {
    let sql = concat!("SELECT payment_document(p), ", ready_account!(), " FROM payments p WHERE p.id = $1");
    db.read(sql, &[(&id.0, Type::UUID)]).await?.first().map(loaded).transpose()
}

/// Puts a new payment in, with the payer's customer at Stripe if there is one; gives the one that its lesson has
/// already, and does nothing, when there is one.
pub async fn insert(
    db: &Database,
    payment: &mut Payment,
    save: &Save<'_>,
) -> Result<Option<Loaded>, DbError> {
    let sql = concat!(
        "WITH put AS (
            INSERT INTO payments (id, purpose, lesson_id, payer_id, tutor_id, description, currency, amount,
                platform_fee, tutor_earnings, commission, commission_version, status, released, refunded,
                tutor_share, awaits_transfer, sequence, revision, created_at, updated_at, stripe_customer)
            SELECT n.id, n.purpose, n.lesson_id, n.payer_id, n.tutor_id, n.description, n.currency, n.amount,
                n.platform_fee, n.tutor_earnings, n.commission, n.commission_version, n.status, n.released,
                n.refunded, n.tutor_share, n.awaits_transfer, n.sequence, n.revision, $4, $4,
                (SELECT c.stripe_customer_id FROM stripe_customers c WHERE c.user_id = n.payer_id)
            FROM jsonb_populate_record(NULL::payments, $1) AS n
            ON CONFLICT ON CONSTRAINT payments_lesson DO NOTHING
            RETURNING id, stripe_customer
        ), effects AS (
            SELECT outbox_put($3), stripe_operations_put(id, $2) FROM put
        )
        SELECT payment_document(p), ",
        ready_account!(),
        ", (SELECT count(*) FROM effects), (SELECT stripe_customer FROM put)
        FROM (SELECT) AS one LEFT JOIN payments p ON p.lesson_id = $5"
    );
    let [row, operations, _none_yet] = columns(payment)?;
    let params = [
        (&row as _, Type::JSONB),
        (&operations as _, Type::JSONB),
        (&outbox::rows(&save.events) as _, Type::JSONB),
        (&save.at as _, Type::TIMESTAMPTZ),
        (&payment.lesson_id.0 as _, Type::UUID),
    ];
    let rows = db.write(sql, &params).await?;
    let Some(row) = rows.first() else { return Err(DbError::Statement("no row".to_owned())) };
    if row.try_get::<_, i64>(2)? > 0 {
        payment.stripe_customer = row.try_get(3)?;
        return Ok(None);
    }
    if row.try_get::<_, Option<Json<Value>>>(0)?.is_some_and(|j| !j.0["id"].is_null()) {
        return loaded(row).map(Some);
    }
    // It was put in by somebody else after our statement had begun.
    by_lesson(db, payment.lesson_id)
        .await?
        .map(Some)
        .ok_or_else(|| DbError::Unavailable("try again".to_owned()))
}

/// The payment of this lesson.
pub async fn by_lesson(db: &Database, id: LessonId) -> Result<Option<Loaded>, DbError> {
    let sql =
        concat!("SELECT payment_document(p), ", ready_account!(), " FROM payments p WHERE p.lesson_id = $1");
    db.read(sql, &[(&id.0, Type::UUID)]).await?.first().map(loaded).transpose()
}

/// Saves a payment with all that belongs to the change; `false`, and nothing done, when it has changed since it was
/// loaded.
pub async fn update(db: &Database, payment: &Payment, save: &Save<'_>) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE payments p SET
                status = n.status, released = n.released, refunded = n.refunded, tutor_share = n.tutor_share,
                awaits_transfer = n.awaits_transfer, release_asked = n.release_asked,
                charged_back = n.charged_back, overdrawn = n.overdrawn, frozen = n.frozen, closing = n.closing, failure_reason = n.failure_reason,
                client_secret = n.client_secret, charge_id = n.charge_id, stripe_fee = n.stripe_fee,
                sequence = n.sequence, revision = p.revision + 1, updated_at = $5
            FROM jsonb_populate_record(NULL::payments, $1) AS n
            WHERE p.id = n.id AND p.revision = n.revision
            RETURNING p.id
        ), applied AS (
            UPDATE stripe_events SET applied_at = $5 WHERE id = $6 AND EXISTS (SELECT 1 FROM changed)
        )
        SELECT outbox_put($3), ledger_post($4), stripe_operations_put(id, $2), disputes_put(id, $7),
               payment_actions_put(id, $8, $5) FROM changed";
    let [row, operations, disputes] = columns(payment)?;
    let params = [
        (&row as _, Type::JSONB),
        (&operations as _, Type::JSONB),
        (&outbox::rows(&save.events) as _, Type::JSONB),
        (&save.postings as _, Type::JSONB),
        (&save.at as _, Type::TIMESTAMPTZ),
        (&save.webhook as _, Type::TEXT),
        (&disputes as _, Type::JSONB),
        (&save.actions as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Payments that something is left to do for: an operation that nobody has in hand, money that can be sent, a
/// closing that Stripe refused, a fee that Stripe has not told.
pub async fn unfinished(db: &Database, now: Timestamp, limit: i64) -> Result<Vec<Loaded>, DbError> {
    let sql = concat!(
        "SELECT payment_document(p), ",
        ready_account!(),
        " FROM payments p WHERE p.id IN (
            SELECT o.payment_id FROM stripe_operations o JOIN payments d ON d.id = o.payment_id
            WHERE o.state = 'open' AND (o.not_before IS NULL OR o.not_before <= $1)
              AND (NOT d.frozen OR o.kind <> 'refund')
            UNION
            SELECT c.id FROM payments c
            JOIN stripe_operations o ON o.payment_id = c.id AND o.kind = 'cancel'
            WHERE c.closing IS NOT NULL AND o.state = 'refused' AND o.not_before <= $1
            UNION
            SELECT t.id FROM payments t
            JOIN payout_accounts a ON a.tutor_id = t.tutor_id AND a.transfers_active AND a.payouts_enabled
            LEFT JOIN stripe_operations o ON o.payment_id = t.id AND o.kind = 'transfer'
            WHERE t.awaits_transfer AND (o.not_before IS NULL OR o.not_before <= $1)
            UNION
            SELECT f.id FROM payments f
            WHERE f.charge_id IS NOT NULL AND f.stripe_fee IS NULL AND f.updated_at <= $2
        ) ORDER BY p.updated_at LIMIT $3"
    );
    let late = now - FEE_IS_LATE;
    let params = [(&now as _, Type::TIMESTAMPTZ), (&late as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    db.read(sql, &params).await?.iter().map(loaded).collect()
}

/// A payment as its two sides see it.
#[derive(Debug)]
pub struct Shown {
    /// The aggregate.
    pub payment: Payment,
    /// When it was made.
    pub created_at: Instant,
}

/// The payment with this id, if this person pays it or earns it.
pub async fn shown(db: &Database, id: PaymentId, person: UserId) -> Result<Option<Shown>, DbError> {
    let sql = "SELECT payment_document(p), p.created_at FROM payments p
               WHERE p.id = $1 AND (p.payer_id = $2 OR p.tutor_id = $2)";
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&person.0, Type::UUID)]).await?;
    let shown = |row: &Row| -> Result<Shown, DbError> {
        Ok(Shown { payment: document(row.try_get(0)?)?, created_at: row.try_get::<_, Timestamp>(1)?.into() })
    };
    rows.first().map(shown).transpose()
}
