//! What admins do to payments by hand: once for each idempotency key, written down with who and why.
//!
//! The deed is named after the key, so that the payment itself knows it again; the answer is kept under the key when
//! it is done. Who dies between the two does the same deed again, which changes nothing, and keeps the answer then.

use lectern_domain::id::{PaymentId, UserId};
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::{Cx, Problem};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::services::Payments;
use crate::store::by_hand;
use crate::store::payments::Loaded;

/// What the deed finds.
pub enum Found {
    /// It was done: the first answer.
    Before(Value),
    /// The payment, and whether the deed is written down already.
    Payment(Box<Loaded>, bool),
}

/// The name of a deed: of this admin, by this key.
pub fn name(admin: UserId, key: &IdempotencyKey) -> String {
    let hash = Sha256::digest(format!("{admin}\n{}", key.key));
    format!("admin:{}", hex::encode(&hash[..16]))
}

/// Loads the payment and the earlier answer in one.
pub async fn load(
    cx: &Cx<Payments>,
    id: PaymentId,
    admin: UserId,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<Found, Problem> {
    let found = by_hand::load(&cx.base.db, id, &admin.to_string(), use_case, key, &name(admin, key)).await?;
    if let Some(answer) = idempotency::earlier(found.stored, key)? {
        return Ok(Found::Before(answer));
    }
    let loaded = found.loaded.ok_or_else(|| Problem::not_found("payment"))?;
    Ok(Found::Payment(Box::new(loaded), found.done))
}

/// Keeps an answer; gives the other one that was kept first, if the same request was faster.
pub async fn keep<T: Serialize>(
    cx: &Cx<Payments>,
    admin: UserId,
    use_case: &str,
    key: &IdempotencyKey,
    answer: &T,
) -> Result<Option<Value>, Problem> {
    let (who, answer) = (admin.to_string(), serde_json::to_value(answer).map_err(Problem::internal)?);
    match by_hand::keep(&cx.base.db, &who, use_case, key, &answer).await {
        Ok(()) => Ok(None),
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => {
            idempotency::read(&cx.base.db, &who, use_case, key).await.map(Some)
        }
        Err(error) => Err(error.into()),
    }
}
