//! The table `stripe_events`.

use jiff::Timestamp;
use lectern_domain::id::PaymentId;
use lectern_postgres::{Database, DbError, Type};

/// A webhook as it is remembered.
#[derive(Debug)]
pub struct Received<'a> {
    /// Stripe's id of the event.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// The payment that it names.
    pub payment: Option<PaymentId>,
    /// When it happened at Stripe.
    pub created_at: Timestamp,
    /// It has no effect: to remember it is all.
    pub only_noted: bool,
}

/// Remembers an event, once; says whether its effect was had already.
pub async fn take(db: &Database, received: &Received<'_>, now: Timestamp) -> Result<bool, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO stripe_events (id, type, payment_id, created_at, received_at, applied_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
        )
        SELECT EXISTS (SELECT 1 FROM stripe_events WHERE id = $1 AND applied_at IS NOT NULL)";
    let payment = received.payment.map(|payment| payment.0);
    let applied_at = received.only_noted.then_some(now);
    let params = [
        (&received.id as _, Type::TEXT),
        (&received.kind as _, Type::TEXT),
        (&payment as _, Type::UUID),
        (&received.created_at as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
        (&applied_at as _, Type::TIMESTAMPTZ),
    ];
    let rows = db.write(sql, &params).await?;
    Ok(match rows.first() {
        Some(row) => row.try_get(0)?,
        None => false,
    })
}

/// The event has nothing to have an effect on.
pub async fn finish(db: &Database, id: &str, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE stripe_events SET applied_at = $2 WHERE id = $1";
    db.write(sql, &[(&id, Type::TEXT), (&now, Type::TIMESTAMPTZ)]).await.map(drop)
}
