//! What the use cases of `payments` are given.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::money::BasisPoints;
use lectern_domain::payments::{Commission, PaymentsPolicy, Purpose};
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

use crate::stripe::{ClientConfig, Secret, Stripe, StripeApi};

/// The need of use cases that talk to Stripe.
pub const STRIPE: Need = Need::Port("stripe");
/// The need of the use case that hears from Stripe.
pub const WEBHOOK_SECRET: Need = Need::Port("stripe-webhook-secret");

/// Database, bus, Stripe, policy.
pub struct Payments {
    /// Clock, database, bus.
    pub base: Base,
    /// Where the money is.
    pub stripe: Arc<dyn Stripe>,
    /// What Stripe signs its webhooks with; several, comma-separated, while one replaces another.
    pub webhook_secret: Secret,
    /// The numbers.
    pub policy: PaymentsPolicy,
}

/// The policy of this stage: `COMMISSION_PERCENT` overrides the share of a lesson.
fn policy(env: &Env) -> PaymentsPolicy {
    let default = PaymentsPolicy::default();
    let percent = match env.number::<u8>("COMMISSION_PERCENT", 20).map(BasisPoints::percent) {
        Ok(Ok(percent)) => percent,
        _ => {
            tracing::error!("COMMISSION_PERCENT is not a whole number from 0 to 100; the default is used");
            return default;
        }
    };
    PaymentsPolicy { commission: vec![(Purpose::Lesson, Commission::new(percent))] }
}

#[async_trait]
impl Services for Payments {
    fn from_env(env: Arc<Env>) -> Self {
        Self {
            stripe: Arc::new(StripeApi::new(ClientConfig::from_env(Arc::clone(&env)))),
            webhook_secret: Secret::Parameter(Arc::clone(&env), "STRIPE_WEBHOOK_SECRET_PARAMETER"),
            policy: policy(&env),
            base: Base::from_env(env),
        }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
        if needs.contains(&STRIPE) {
            self.stripe.warm().await;
        }
        if needs.contains(&WEBHOOK_SECRET)
            && let Err(fault) = self.webhook_secret.read().await
        {
            tracing::warn!(cause = fault.message, "webhook secret not read in init");
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Payments {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}
