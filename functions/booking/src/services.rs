//! What the use cases of `booking` are given.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::booking::BookingTerms;
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::internal::InternalApi;
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

use crate::sagas::{Sagas, StepFunctions};
use crate::slots::Slots;

/// The need of use cases that start or wake the state machine.
pub const SAGAS: Need = Need::Port("sagas");
/// The need of use cases that ask `tutoring` about a slot.
pub const SLOTS: Need = Need::Port("slots");

/// Database, bus, state machine, slots, terms.
pub struct Booking {
    /// Clock, database, bus.
    pub base: Base,
    /// The state machine.
    pub sagas: Arc<dyn Sagas>,
    /// What `tutoring` knows of a tutor's time.
    pub slots: Arc<dyn Slots>,
    /// The terms of what is booked now.
    pub terms: BookingTerms,
}

/// The terms of this stage. A variable that can't be read stops the function at its start: better no booking
/// than one under other terms than were meant.
fn terms(env: &Env) -> BookingTerms {
    let default = BookingTerms::default();
    let number = |name: &str, default: u32| match env.number(name, default) {
        Ok(value) => value,
        Err(error) => {
            tracing::error!(%error, "bad configuration");
            std::process::exit(78)
        }
    };
    BookingTerms {
        hold_seconds: number("HOLD_SECONDS", default.hold_seconds),
        dispute_window_seconds: number("DISPUTE_WINDOW_SECONDS", default.dispute_window_seconds),
        earliest_completion_seconds: number(
            "EARLIEST_COMPLETION_SECONDS",
            default.earliest_completion_seconds,
        ),
        auto_complete_seconds: number("AUTO_COMPLETE_SECONDS", default.auto_complete_seconds),
        full_refund_before_seconds: number("FULL_REFUND_BEFORE_SECONDS", default.full_refund_before_seconds),
        half_refund_before_seconds: number("HALF_REFUND_BEFORE_SECONDS", default.half_refund_before_seconds),
    }
}

#[async_trait]
impl Services for Booking {
    fn from_env(env: Arc<Env>) -> Self {
        Self {
            sagas: Arc::new(StepFunctions::new(Arc::clone(&env))),
            slots: Arc::new(InternalApi::new(Arc::clone(&env))),
            terms: terms(&env),
            base: Base::from_env(env),
        }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
        if needs.contains(&SAGAS) {
            self.sagas.warm().await;
        }
        if needs.contains(&SLOTS) {
            self.slots.warm().await;
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Booking {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}
