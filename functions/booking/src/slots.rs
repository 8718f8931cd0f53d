//! The port to `tutoring`: whether a tutor can be booked at a time, at which price.

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use lectern_runtime::internal::{InternalApi, InternalError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time that somebody wants.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// Whose time.
    pub tutor_id: UserId,
    /// From when.
    pub start: Timestamp,
    /// For how long.
    pub minutes: u16,
    /// What for.
    pub subject: Line<60>,
}

/// What `tutoring` says of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotCheck {
    /// Whether it can be booked.
    pub bookable: bool,
    /// Why not, in words.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why not, as a word.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// What it costs.
    #[serde(default)]
    pub price: Option<Money>,
    /// Free time that the tutor wants before a lesson.
    #[serde(default)]
    pub buffer_before_minutes: u16,
    /// Free time that the tutor wants after a lesson.
    #[serde(default)]
    pub buffer_after_minutes: u16,
    /// Free slots near the wanted time.
    #[serde(default)]
    pub nearest: Vec<Slot>,
}

impl SlotCheck {
    /// Whether it can't be booked only because another lesson is there. `tutoring` hears of a lesson a moment after
    /// it is booked: who asks for the same time until then is refused by our own database.
    pub fn is_taken(&self) -> bool {
        !self.bookable && self.reason_code.as_deref() == Some("taken")
    }
}

/// A free slot.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    /// Its first moment.
    pub start: Instant,
    /// The first moment after it.
    pub end: Instant,
}

/// See the module.
#[async_trait]
pub trait Slots: Send + Sync {
    /// Asks; `None` when there is no such tutor.
    async fn check(&self, wanted: &Wanted, correlation_id: &str) -> Result<Option<SlotCheck>, InternalError>;
    /// Connects.
    async fn warm(&self) {}
}

#[async_trait]
impl Slots for InternalApi {
    async fn check(&self, wanted: &Wanted, correlation_id: &str) -> Result<Option<SlotCheck>, InternalError> {
        match self.post("/internal/slots/check", wanted, correlation_id).await {
            Err(InternalError::Refused { status: 404, .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    async fn warm(&self) {
        Self::warm(self).await;
    }
}
