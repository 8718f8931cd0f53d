//! What the use cases of `tutoring` are given.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

/// Database, bus, policy.
pub struct Tutoring {
    /// Clock, database, bus.
    pub base: Base,
    /// The numbers.
    pub policy: TutoringPolicy,
}

impl Tutoring {
    fn policy_of(env: &Env) -> TutoringPolicy {
        let default = TutoringPolicy::default();
        let slot_grid_minutes =
            env.number("SLOT_GRID_MINUTES", default.slot_grid_minutes).unwrap_or_else(|error| {
                tracing::error!(%error, "the default is used");
                default.slot_grid_minutes
            });
        TutoringPolicy { slot_grid_minutes, ..default }
    }
}

#[async_trait]
impl Services for Tutoring {
    fn from_env(env: Arc<Env>) -> Self {
        Self { policy: Self::policy_of(&env), base: Base::from_env(env) }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Tutoring {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_may_set_the_grid_and_nonsense_leaves_the_default() {
        let grid = |value| Tutoring::policy_of(&Env::of(&[("SLOT_GRID_MINUTES", value)])).slot_grid_minutes;
        assert_eq!((grid("30"), grid(""), grid("often")), (30, 15, 15));
    }
}
