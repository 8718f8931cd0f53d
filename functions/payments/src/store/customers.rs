//! The table `stripe_customers`.

use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::payments::Customer;
use lectern_postgres::{Database, DbError, Json, Row, Type};

use super::payments::document;

fn customer(row: &Row) -> Result<Customer, DbError> {
    document(row.try_get::<_, Json<_>>(0)?)
}

/// The user's customer; put in when there is none.
pub async fn put_or_load(db: &Database, fresh: &Customer, now: Timestamp) -> Result<Customer, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO stripe_customers (user_id, attempt, since, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $4) ON CONFLICT (user_id) DO NOTHING
            RETURNING to_jsonb(stripe_customers) AS document
        )
        SELECT document FROM put
        UNION ALL SELECT to_jsonb(c) FROM stripe_customers c WHERE c.user_id = $1";
    let params = [
        (&fresh.user_id.0 as _, Type::UUID),
        (&fresh.attempt as _, Type::INT4),
        (&fresh.since.get() as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    let rows = db.write(sql, &params).await?;
    // Empty when somebody else put it in after our statement had begun: it is as good as new.
    rows.first().map(customer).transpose()?.ok_or_else(|| DbError::Unavailable("try again".to_owned()))
}

/// The user's customer, if one is made or being made.
pub async fn of_user(db: &Database, user: UserId) -> Result<Option<Customer>, DbError> {
    let sql = "SELECT to_jsonb(c) FROM stripe_customers c WHERE c.user_id = $1";
    db.read(sql, &[(&user.0, Type::UUID)]).await?.first().map(customer).transpose()
}

/// Stripe has made it. `false`, and nothing noted, when the user was erased meanwhile or has another customer.
pub async fn made(db: &Database, user: UserId, stripe_id: &str, now: Timestamp) -> Result<bool, DbError> {
    let sql = "UPDATE stripe_customers SET stripe_customer_id = $2, updated_at = $3
               WHERE user_id = $1 AND closed_at IS NULL AND coalesce(stripe_customer_id, $2) = $2 RETURNING 1";
    let params = [(&user.0 as _, Type::UUID), (&stripe_id as _, Type::TEXT), (&now as _, Type::TIMESTAMPTZ)];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Stripe has refused to make it: notes the next attempt, unless somebody else has already.
pub async fn refused(db: &Database, next: &Customer, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE stripe_customers SET attempt = $2, since = $3, updated_at = $4
               WHERE user_id = $1 AND attempt = $2 - 1 AND stripe_customer_id IS NULL";
    let params = [
        (&next.user_id.0 as _, Type::UUID),
        (&next.attempt as _, Type::INT4),
        (&next.since.get() as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    db.write(sql, &params).await.map(drop)
}

/// The customer is gone at Stripe, which says so itself: the next that is needed is made anew.
pub async fn gone(db: &Database, customer: &Customer, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE stripe_customers
               SET stripe_customer_id = NULL, attempt = attempt + 1, since = $3, updated_at = $3
               WHERE user_id = $1 AND stripe_customer_id = $2";
    let params = [
        (&customer.user_id.0 as _, Type::UUID),
        (&customer.stripe_customer_id as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    db.write(sql, &params).await.map(drop)
}

/// The user is being erased: from now on no customer is made. Gives Stripe's id of the one that there was; whether
/// there is a row at all says whether Stripe may know the user.
pub async fn close(db: &Database, user: UserId, now: Timestamp) -> Result<Closed, DbError> {
    let sql = "
        WITH before AS (SELECT stripe_customer_id FROM stripe_customers WHERE user_id = $1),
        closed AS (
            UPDATE stripe_customers SET closed_at = coalesce(closed_at, $2), stripe_customer_id = NULL, updated_at = $2
            WHERE user_id = $1
        )
        SELECT stripe_customer_id FROM before";
    let rows = db.write(sql, &[(&user.0, Type::UUID), (&now, Type::TIMESTAMPTZ)]).await?;
    Ok(match rows.first() {
        Some(row) => Closed { known: true, stripe_id: row.try_get(0)? },
        None => Closed { known: false, stripe_id: None },
    })
}

/// What there was of an erased user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// A customer was made, or somebody began to.
    pub known: bool,
    /// Stripe's id of it.
    pub stripe_id: Option<String>,
}
