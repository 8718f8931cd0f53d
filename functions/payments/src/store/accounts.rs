//! The table `payout_accounts`.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{EventId, UserId};
use lectern_domain::payments::PayoutAccount;
use lectern_postgres::{Database, DbError, Json, Type, outbox};
use serde_json::Value;

use super::payments::document;

/// The tutor's account; put in when there is none.
pub async fn put_or_load(
    db: &Database,
    fresh: &PayoutAccount,
    now: Timestamp,
) -> Result<PayoutAccount, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO payout_accounts (tutor_id, stripe_account_id, attempt, transfers_active, payouts_enabled,
                details_submitted, due, disabled_reason, cut_off, schedule, announced, sequence, revision,
                created_at, updated_at)
            SELECT n.tutor_id, n.stripe_account_id, n.attempt, n.transfers_active, n.payouts_enabled,
                   n.details_submitted, n.due, n.disabled_reason, n.cut_off, n.schedule, n.announced,
                   n.sequence, n.revision, $2, $2
            FROM jsonb_populate_record(NULL::payout_accounts, $1) AS n
            ON CONFLICT (tutor_id) DO NOTHING
            RETURNING to_jsonb(payout_accounts) AS document
        )
        SELECT document FROM put
        UNION ALL SELECT to_jsonb(a) FROM payout_accounts a WHERE a.tutor_id = $3";
    let row = Json(serde_json::to_value(fresh).map_err(|e| DbError::Stored(e.to_string()))?);
    let params =
        [(&row as _, Type::JSONB), (&now as _, Type::TIMESTAMPTZ), (&fresh.tutor_id.0 as _, Type::UUID)];
    let rows = db.write(sql, &params).await?;
    // Empty when somebody else put it in after our statement had begun: it is as good as new.
    let Some(row) = rows.first() else { return Err(DbError::Unavailable("try again".to_owned())) };
    document(row.try_get(0)?)
}

/// What is saved together with an account.
#[derive(Default)]
pub struct Save<'a> {
    /// Events, sealed.
    pub events: &'a [Envelope],
    /// The consumer and the event that led to it.
    pub inbox: Option<(&'a str, EventId)>,
    /// Stripe's event that led to it.
    pub webhook: Option<&'a str>,
}

/// Saves an account; `false`, and nothing done, when it has changed since it was loaded.
pub async fn update(
    db: &Database,
    account: &PayoutAccount,
    save: Save<'_>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE payout_accounts a SET
                stripe_account_id = n.stripe_account_id, attempt = n.attempt,
                transfers_active = n.transfers_active, payouts_enabled = n.payouts_enabled,
                details_submitted = n.details_submitted, due = n.due, disabled_reason = n.disabled_reason,
                cut_off = n.cut_off, schedule = n.schedule,
                announced = n.announced, sequence = n.sequence, revision = a.revision + 1, updated_at = $3
            FROM jsonb_populate_record(NULL::payout_accounts, $1) AS n
            WHERE a.tutor_id = n.tutor_id AND a.revision = n.revision
            RETURNING 1
        ), applied AS (
            UPDATE stripe_events SET applied_at = $3 WHERE id = $6 AND EXISTS (SELECT 1 FROM changed)
        )
        SELECT outbox_put($2), CASE WHEN $4 IS NOT NULL THEN inbox_take($4, $5) END FROM changed";
    let row = Json(serde_json::to_value(account).map_err(|e| DbError::Stored(e.to_string()))?);
    let (consumer, event) = save.inbox.map(|(consumer, event)| (consumer, event.0)).unzip();
    let params = [
        (&row as _, Type::JSONB),
        (&outbox::rows(save.events) as _, Type::JSONB),
        (&now as _, Type::TIMESTAMPTZ),
        (&consumer as _, Type::TEXT),
        (&event as _, Type::UUID),
        (&save.webhook as _, Type::TEXT),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The account that Stripe knows by this id, or that was made for this tutor.
pub async fn by_stripe_id(
    db: &Database,
    stripe_id: &str,
    tutor: Option<UserId>,
) -> Result<Option<PayoutAccount>, DbError> {
    let sql = "SELECT to_jsonb(a) FROM payout_accounts a
               WHERE a.stripe_account_id = $1 OR (a.tutor_id = $2 AND a.stripe_account_id IS NULL)
               ORDER BY a.stripe_account_id NULLS LAST LIMIT 1";
    let tutor = tutor.map(|tutor| tutor.0);
    let rows = db.read(sql, &[(&stripe_id, Type::TEXT), (&tutor, Type::UUID)]).await?;
    let read = |json: Json<Value>| document(json);
    rows.first().map(|row| read(row.try_get(0)?)).transpose()
}

/// A tutor's account.
pub async fn of_tutor(db: &Database, tutor: UserId) -> Result<Option<PayoutAccount>, DbError> {
    let sql = "SELECT to_jsonb(a) FROM payout_accounts a WHERE a.tutor_id = $1";
    let rows = db.read(sql, &[(&tutor.0, Type::UUID)]).await?;
    rows.first().map(|row| document(row.try_get(0)?)).transpose()
}
