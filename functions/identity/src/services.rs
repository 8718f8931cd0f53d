//! What the use cases of `identity` are given.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::identity::IdentityPolicy;
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Services};

use crate::user_pool::{Cognito, UserPool};

/// The need of use cases that talk to the user pool.
pub const USER_POOL: Need = Need::Port("user-pool");

/// Database, bus, user pool, policy.
pub struct Identity {
    /// Clock, database, bus.
    pub base: Base,
    /// Where passwords are.
    pub pool: Arc<dyn UserPool>,
    /// The numbers.
    pub policy: IdentityPolicy,
}

#[async_trait]
impl Services for Identity {
    fn from_env(env: Arc<Env>) -> Self {
        Self {
            pool: Arc::new(Cognito::new(Arc::clone(&env))),
            base: Base::from_env(env),
            policy: IdentityPolicy::default(),
        }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
        if needs.contains(&USER_POOL) {
            self.pool.warm().await;
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }
}

impl HasBase for Identity {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}
