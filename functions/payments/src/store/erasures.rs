//! Taking away what is personal of an erased user.

use jiff::Timestamp;
use lectern_domain::id::{EventId, UserId};
use lectern_postgres::{Database, DbError, Type};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// It is done.
    Now,
    /// It was done before.
    Before,
    /// A payment is being made at Stripe with a description in it, and nothing was done.
    NotYet,
}

/// Takes away the words in payments that the user makes or earns, and the kept answers, once for the event.
///
/// Our own words (`lesson_cancelled`, and Stripe's, like `card_declined`) say nothing about a person and
/// stay; what isn't one was written by somebody. A description is part of the request that makes the payment
/// at Stripe, and the same key must carry the same request: as long as that request is open, the event has to
/// come again. Evidence in a dispute loses its words by itself, within minutes, when Stripe has it.
pub async fn erase(
    db: &Database,
    consumer: &str,
    event: EventId,
    user: UserId,
    now: Timestamp,
) -> Result<Erased, DbError> {
    let sql = "
        WITH own AS (SELECT id, description, stripe_customer FROM payments WHERE $3 IN (payer_id, tutor_id)),
        waiting AS (
            SELECT EXISTS (
                SELECT 1 FROM own JOIN stripe_operations o ON o.payment_id = own.id
                WHERE (own.description IS NOT NULL OR own.stripe_customer IS NOT NULL) AND o.kind = 'create' AND o.state = 'open') AS for_stripe
        ), fresh AS MATERIALIZED (
            SELECT CASE WHEN for_stripe THEN NULL ELSE inbox_take($1, $2) END AS first_time FROM waiting
        ), words AS (
            UPDATE payments p SET description = NULL,
                   stripe_customer = CASE WHEN p.payer_id <> $3 THEN p.stripe_customer END, revision = p.revision + 1, updated_at = $4,
                   failure_reason = CASE WHEN p.failure_reason ~ '^[a-z0-9_]+$' THEN p.failure_reason END
            FROM own, fresh WHERE fresh.first_time AND p.id = own.id
        ), reasons AS (
            UPDATE stripe_operations o SET reason = 'removed' FROM own, fresh
            WHERE fresh.first_time AND o.payment_id = own.id AND o.reason !~ '^[a-z0-9_]+$'
        ), hours AS (
            DELETE FROM tutor_hours USING fresh WHERE fresh.first_time AND tutor_id = $3
        ), deeds AS (
            UPDATE payment_admin_actions a SET reason = 'removed' FROM own, fresh
            WHERE fresh.first_time AND a.payment_id = own.id AND a.reason !~ '^[a-z0-9_]+$'
        ), answers AS (
            DELETE FROM idempotency_keys USING fresh WHERE fresh.first_time AND caller = $5
        ), taxpayer AS (
            DELETE FROM tax_profiles USING fresh WHERE fresh.first_time AND tutor_id = $3
        )
        SELECT first_time FROM fresh";
    let caller = user.to_string();
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&user.0 as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&caller as _, Type::TEXT),
    ];
    let rows = db.write(sql, &params).await?;
    Ok(match rows.first().map(|row| row.try_get::<_, Option<bool>>(0)).transpose()?.flatten() {
        Some(true) => Erased::Now,
        Some(false) => Erased::Before,
        None => Erased::NotYet,
    })
}
