//! Lists of the table `payments`, and one payment with all that belongs to it.

use jiff::Timestamp;
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::payments::PaymentStatus;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde_json::Value;

use super::payments::{Shown, document};

/// A payment's columns without what was asked of Stripe: as much as a list shows.
macro_rules! in_list {
    () => {
        "SELECT to_jsonb(p) || '{\"operations\": [], \"disputes\": []}', p.created_at FROM payments p WHERE "
    };
}

fn shown(row: &Row) -> Result<Shown, DbError> {
    Ok(Shown { payment: document(row.try_get(0)?)?, created_at: row.try_get::<_, Timestamp>(1)?.into() })
}

/// Whose payments.
#[derive(Debug)]
pub struct Own {
    /// Who asks.
    pub person: UserId,
    /// `payer` or `tutor`; both when absent.
    pub role: Option<&'static str>,
    /// Only those that stand so.
    pub status: Option<PaymentStatus>,
}

/// Somebody's payments, the newest first. Ids rise with time.
pub async fn of_person(
    db: &Database,
    own: Own,
    before: Option<PaymentId>,
    limit: u32,
) -> Result<Vec<Shown>, DbError> {
    let sql = concat!(
        in_list!(),
        "((p.payer_id = $1 AND $2 IS DISTINCT FROM 'tutor') OR (p.tutor_id = $1 AND $2 IS DISTINCT FROM 'payer'))
           AND ($3 IS NULL OR p.status = $3) AND ($4 IS NULL OR p.id < $4)
         ORDER BY p.id DESC LIMIT $5"
    );
    let params = [
        (&own.person.0 as _, Type::UUID),
        (&own.role as _, Type::TEXT),
        (&own.status.map(PaymentStatus::as_str) as _, Type::TEXT),
        (&before.map(|id| id.0) as _, Type::UUID),
        (&i64::from(limit) as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(shown).collect()
}

/// Which of all payments.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only those that stand so.
    pub status: Option<PaymentStatus>,
    /// Only what this one pays.
    pub payer: Option<UserId>,
    /// Only what this one earns.
    pub tutor: Option<UserId>,
    /// Only of this lesson.
    pub lesson: Option<LessonId>,
    /// Only those made from this moment on.
    pub from: Option<Timestamp>,
    /// Only those made before this moment.
    pub to: Option<Timestamp>,
}

/// Everybody's payments, the newest first.
pub async fn of_all(
    db: &Database,
    filter: &Filter,
    before: Option<PaymentId>,
    limit: u32,
) -> Result<Vec<Shown>, DbError> {
    let sql = concat!(
        in_list!(),
        "($1 IS NULL OR p.status = $1) AND ($2 IS NULL OR p.payer_id = $2) AND ($3 IS NULL OR p.tutor_id = $3)
           AND ($4 IS NULL OR p.lesson_id = $4) AND ($5 IS NULL OR p.created_at >= $5)
           AND ($6 IS NULL OR p.created_at < $6) AND ($7 IS NULL OR p.id < $7)
         ORDER BY p.id DESC LIMIT $8"
    );
    let params = [
        (&filter.status.map(PaymentStatus::as_str) as _, Type::TEXT),
        (&filter.payer.map(|id| id.0) as _, Type::UUID),
        (&filter.tutor.map(|id| id.0) as _, Type::UUID),
        (&filter.lesson.map(|id| id.0) as _, Type::UUID),
        (&filter.from as _, Type::TIMESTAMPTZ),
        (&filter.to as _, Type::TIMESTAMPTZ),
        (&before.map(|id| id.0) as _, Type::UUID),
        (&i64::from(limit) as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(shown).collect()
}

/// A payment, when it was paid, and what the ledger and admins say of it.
#[derive(Debug)]
pub struct Whole {
    /// The aggregate, and when it was made.
    pub shown: Shown,
    /// When the charge was booked; none while it isn't paid.
    pub paid_at: Option<Timestamp>,
    /// Its transactions, the oldest first.
    pub ledger: Value,
    /// What admins did, the oldest first.
    pub actions: Value,
}

/// The payment with this id and all that belongs to it; of this payer only, if one is given.
pub async fn whole(db: &Database, id: PaymentId, payer: Option<UserId>) -> Result<Option<Whole>, DbError> {
    let sql = "
        SELECT payment_document(p), p.created_at,
            (SELECT min(t.posted_at) FROM ledger_transactions t WHERE t.payment_id = p.id AND t.kind = 'charge'),
            (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', t.kind, 'reference', t.reference,
                    'postedAt', t.posted_at, 'entries', (
                        SELECT jsonb_agg(jsonb_build_object('account', e.account, 'amount', e.amount,
                                                            'currency', e.currency) ORDER BY e.amount DESC, e.account)
                        FROM ledger_entries e WHERE e.transaction_id = t.id))
                    ORDER BY t.posted_at, t.id), '[]')
             FROM ledger_transactions t WHERE t.payment_id = p.id),
            (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('action', a.kind, 'reference', a.reference,
                    'adminId', a.admin_id, 'reason', a.reason, 'at', a.at)) ORDER BY a.at, a.reference), '[]')
             FROM payment_admin_actions a WHERE a.payment_id = p.id)
        FROM payments p WHERE p.id = $1 AND ($2 IS NULL OR p.payer_id = $2)";
    let payer = payer.map(|payer| payer.0);
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&payer, Type::UUID)]).await?;
    let whole = |row: &Row| -> Result<Whole, DbError> {
        Ok(Whole {
            shown: shown(row)?,
            paid_at: row.try_get(2)?,
            ledger: row.try_get::<_, Json<Value>>(3)?.0,
            actions: row.try_get::<_, Json<Value>>(4)?.0,
        })
    };
    rows.first().map(whole).transpose()
}
