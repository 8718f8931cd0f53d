//! The tables `disputes` and `dispute_submissions`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lectern_domain::id::{DisputeId, LessonId, PaymentId, UserId};
use lectern_domain::money::Currency;
use lectern_domain::payments::Dispute;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use lectern_runtime::http::IdempotencyKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::payments::{Loaded, document};

/// Where a dispute stands in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    closed: bool,
    place: String,
    id: DisputeId,
}

/// A dispute, and whose money it is about.
#[derive(Debug)]
pub struct Listed {
    /// The dispute.
    pub dispute: Dispute,
    /// Where it stands.
    pub place: Place,
    /// The payment's currency.
    pub currency: Currency,
    /// The payment.
    pub payment_id: PaymentId,
    /// Its lesson.
    pub lesson_id: LessonId,
    /// Who paid.
    pub payer_id: UserId,
    /// Who earns.
    pub tutor_id: UserId,
}

/// The disputes after a place: open ones by the time that is left, then closed ones, the latest first.
pub async fn page(db: &Database, after: Option<&Place>, limit: u32) -> Result<Vec<Listed>, DbError> {
    let sql = "
        SELECT to_jsonb(d), d.closed, d.place::text, d.id, p.currency, p.id, p.lesson_id, p.payer_id, p.tutor_id
        FROM disputes d JOIN payments p ON p.id = d.payment_id
        WHERE $1 IS NULL OR (d.closed, d.place, d.id) > ($1, $2::text::numeric, $3)
        ORDER BY d.closed, d.place, d.id LIMIT $4";
    let (closed, place) = after.map(|after| (after.closed, after.place.as_str())).unzip();
    let params = [
        (&closed as _, Type::BOOL),
        (&place as _, Type::TEXT),
        (&after.map(|after| after.id.0) as _, Type::UUID),
        (&i64::from(limit) as _, Type::INT8),
    ];
    let listed = |row: &Row| -> Result<Listed, DbError> {
        Ok(Listed {
            dispute: document(row.try_get(0)?)?,
            place: Place { closed: row.try_get(1)?, place: row.try_get(2)?, id: DisputeId(row.try_get(3)?) },
            currency: Currency::parse(row.try_get(4)?)?,
            payment_id: PaymentId(row.try_get(5)?),
            lesson_id: LessonId(row.try_get(6)?),
            payer_id: UserId(row.try_get(7)?),
            tutor_id: UserId(row.try_get(8)?),
        })
    };
    db.read(sql, &params).await?.iter().map(listed).collect()
}

/// The payment of a dispute, which is among its disputes.
pub async fn payment_of(db: &Database, dispute: DisputeId) -> Result<Option<Loaded>, DbError> {
    let sql = "
        SELECT payment_document(p), (SELECT a.stripe_account_id FROM payout_accounts a
            WHERE a.tutor_id = p.tutor_id AND a.transfers_active AND a.payouts_enabled)
        FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE d.id = $1";
    let rows = db.read(sql, &[(&dispute.0, Type::UUID)]).await?;
    let loaded = |row: &Row| -> Result<Loaded, DbError> {
        Ok(Loaded { payment: document(row.try_get(0)?)?, ready_account: row.try_get(1)? })
    };
    rows.first().map(loaded).transpose()
}

/// Evidence on its way to Stripe.
#[derive(Clone, Debug, Deserialize)]
pub struct Submission {
    /// Our id.
    pub id: Uuid,
    /// In which dispute.
    pub dispute_id: DisputeId,
    /// By whom.
    pub admin_id: UserId,
    /// Stripe's names of the fields, and their texts; none when Stripe has them.
    pub fields: Option<BTreeMap<String, String>>,
    /// Whether it goes to the bank at once.
    pub submit: bool,
    /// Number of the present try.
    pub attempt: i32,
    /// `open`, `done`, `refused`.
    pub state: String,
}

impl Submission {
    /// The idempotency key of the present try.
    pub fn key(&self) -> String {
        format!("{}:evidence:{}", self.id, self.attempt)
    }
}

/// What is to be sent.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Its id, if it is new.
    pub id: Uuid,
    /// In which dispute.
    pub dispute: DisputeId,
    /// By whom.
    pub admin: UserId,
    /// Under which key, and what it came with.
    pub key: &'a IdempotencyKey,
    /// Stripe's names of the fields, and their texts.
    pub fields: &'a BTreeMap<String, String>,
    /// Whether it goes to the bank at once.
    pub submit: bool,
}

fn submission(row: &Row) -> Result<Submission, DbError> {
    document(row.try_get(0)?)
}

/// Takes evidence in hand until a moment: a new one, one that Stripe has refused, or one that was left behind. None if
/// it is done, in somebody's hand, or was something else under this key.
pub async fn take(
    db: &Database,
    wanted: &Wanted<'_>,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Submission>, DbError> {
    let sql = "
        INSERT INTO dispute_submissions AS s (id, dispute_id, admin_id, request_key, fingerprint, fields, submit,
                                              attempt, state, not_before, since)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 'open', $9, $8)
        ON CONFLICT (admin_id, request_key) DO UPDATE SET
            attempt = s.attempt + CASE s.state WHEN 'refused' THEN 1 ELSE 0 END, state = 'open', error_code = NULL,
            fields = coalesce(s.fields, excluded.fields), not_before = excluded.not_before
        WHERE s.fingerprint = excluded.fingerprint
          AND (s.state = 'refused' OR s.state = 'open' AND s.not_before <= $8)
        RETURNING to_jsonb(s)";
    let fields = Json(serde_json::json!(wanted.fields));
    let params = [
        (&wanted.id as _, Type::UUID),
        (&wanted.dispute.0 as _, Type::UUID),
        (&wanted.admin.0 as _, Type::UUID),
        (&wanted.key.key as _, Type::TEXT),
        (&wanted.key.fingerprint.to_vec() as _, Type::BYTEA),
        (&fields as _, Type::JSONB),
        (&wanted.submit as _, Type::BOOL),
        (&now as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
    ];
    db.write(sql, &params).await?.first().map(submission).transpose()
}

/// What is there under a key: the evidence, and whether it came with the same request.
pub async fn under_key(
    db: &Database,
    admin: UserId,
    key: &IdempotencyKey,
) -> Result<Option<(Submission, bool)>, DbError> {
    let sql = "SELECT to_jsonb(s), s.fingerprint = $3 FROM dispute_submissions s
               WHERE s.admin_id = $1 AND s.request_key = $2";
    let print = key.fingerprint.to_vec();
    let params = [(&admin.0 as _, Type::UUID), (&key.key as _, Type::TEXT), (&print as _, Type::BYTEA)];
    let found = |row: &Row| -> Result<_, DbError> { Ok((submission(row)?, row.try_get(1)?)) };
    db.read(sql, &params).await?.first().map(found).transpose()
}

/// Takes in hand what was left behind.
pub async fn left_behind(
    db: &Database,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Submission>, DbError> {
    let sql = "
        UPDATE dispute_submissions s SET not_before = $2
        WHERE s.id IN (SELECT o.id FROM dispute_submissions o WHERE o.state = 'open' AND o.not_before <= $1
                       ORDER BY o.not_before LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING to_jsonb(s)";
    let params =
        [(&now as _, Type::TIMESTAMPTZ), (&until as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    db.write(sql, &params).await?.iter().map(submission).collect()
}

/// It is over, and its words go: Stripe has them, or has refused them, with this code.
pub async fn finish(db: &Database, submission: &Submission, refusal: Option<&str>) -> Result<(), DbError> {
    let sql = "UPDATE dispute_submissions SET fields = NULL, error_code = $3,
                   state = CASE WHEN $3 IS NULL THEN 'done' ELSE 'refused' END
               WHERE id = $1 AND state = 'open' AND attempt = $2";
    let params = [
        (&submission.id as _, Type::UUID),
        (&submission.attempt as _, Type::INT4),
        (&refusal as _, Type::TEXT),
    ];
    db.write(sql, &params).await.map(drop)
}
