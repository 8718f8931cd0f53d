//! The port to `identity`: whether somebody may pay.

use async_trait::async_trait;
use lectern_domain::id::UserId;
use lectern_runtime::internal::{InternalApi, InternalError};
use serde::Deserialize;

/// What `identity` says of a payer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payer {
    /// `child`, `teen` or `adult`.
    pub age_group: String,
    /// A parent's email is known.
    pub has_parent_email: bool,
}

impl Payer {
    /// Who is 13 to 17 needs a parent's email before the first payment (product.md, User). A child has one from the
    /// beginning.
    pub fn may_pay(&self) -> bool {
        self.age_group == "adult" || self.has_parent_email
    }
}

/// See the module.
#[async_trait]
pub trait People: Send + Sync {
    /// Asks; `None` when there is no such user.
    async fn payer(&self, user: UserId, correlation_id: &str) -> Result<Option<Payer>, InternalError>;
    /// Connects.
    async fn warm(&self) {}
}

#[async_trait]
impl People for InternalApi {
    async fn payer(&self, user: UserId, correlation_id: &str) -> Result<Option<Payer>, InternalError> {
        match self.get(&format!("/internal/users/{user}"), correlation_id).await {
            Err(InternalError::Refused { status: 404, .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    async fn warm(&self) {
        Self::warm(self).await;
    }
}
