//! What moved the platform's balance, as Stripe lists it.

use jiff::Timestamp;
use serde::Deserialize;

use super::client::{Client, Form};
use super::{MovementPage, StripeError, StripeMovement};

/// The most that Stripe gives at once.
const PAGE: u32 = 100;

#[derive(Deserialize)]
struct Page {
    data: Vec<BalanceTransaction>,
    has_more: bool,
}

#[derive(Deserialize)]
struct BalanceTransaction {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    source: Option<String>,
    currency: String,
    amount: i64,
    fee: i64,
    net: i64,
    created: i64,
}

impl From<BalanceTransaction> for StripeMovement {
    fn from(it: BalanceTransaction) -> Self {
        Self {
            id: it.id,
            kind: it.kind,
            source: it.source,
            // Not only ours: Stripe may move any.
            currency: it.currency.to_ascii_uppercase(),
            amount: it.amount,
            fee: it.fee,
            net: it.net,
            created_at: Timestamp::from_second(it.created).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// The page after the movement `after`, newest first, of those that are not older than `since`.
pub(super) async fn page(
    client: &Client,
    since: Option<Timestamp>,
    after: Option<&str>,
) -> Result<MovementPage, StripeError> {
    let mut query: Form = vec![("limit", PAGE.to_string())];
    query.extend(since.map(|since| ("created[gte]", since.as_second().to_string())));
    query.extend(after.map(|after| ("starting_after", after.to_owned())));
    let Page { data, has_more } = client.get("/v1/balance_transactions", &query).await?;
    Ok(MovementPage { movements: data.into_iter().map(Into::into).collect(), has_more })
}
