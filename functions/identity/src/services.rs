//! What the use cases of `identity` are given.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_domain::identity::IdentityPolicy;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::internal::InternalApi;
use lectern_runtime::objects::{Objects, S3};
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

use crate::access::{AccessTopic, SnsTopic};
use crate::contexts::Contexts;
use crate::exports;
use crate::mail::{Mailer, Ses};
use crate::user_pool::{Cognito, UserPool};

/// The need of use cases that talk to the user pool.
pub const USER_POOL: Need = Need::Port("user-pool");

/// The need of use cases that end somebody's access.
pub const ACCESS_TOPIC: Need = Need::Port("access-topic");

/// The need of use cases that post letters.
pub const MAIL: Need = Need::Port("mail");

/// The floor of answers when the environment doesn't say: with room to spare for a cold start of everything
/// that an answer waits for.
const ANSWER_FLOOR_MS: u64 = 1_000;

/// The need of use cases that keep or give out exports.
pub const EXPORTS: Need = Need::Port("exports");

/// The need of the use case that asks the other contexts what they hold on somebody.
pub const CONTEXTS: Need = Need::Port("contexts");

/// Database, bus, user pool, post, topic of revoked access, exports, other contexts, policy.
pub struct Identity {
    /// Clock, database, bus.
    pub base: Base,
    /// Where passwords are.
    pub pool: Arc<dyn UserPool>,
    /// Where revoked access is announced.
    pub access: Arc<dyn AccessTopic>,
    /// Where letters are posted.
    pub mail: Arc<dyn Mailer>,
    /// Where exports are kept.
    pub exports: Arc<dyn Objects>,
    /// What the other contexts hold on people.
    pub contexts: Arc<dyn Contexts>,
    /// The numbers.
    pub policy: IdentityPolicy,
    /// Answers that must not tell by their time whether an email is known leave at its whole multiples
    /// ([`crate::steady`]). From `AUTH_ANSWER_FLOOR_MS`, in milliseconds.
    pub answer_floor: Duration,
}

fn answer_floor(env: &Env) -> Duration {
    let floor = env.number("AUTH_ANSWER_FLOOR_MS", ANSWER_FLOOR_MS).unwrap_or_else(|error| {
        tracing::error!(%error, "the default is used");
        ANSWER_FLOOR_MS
    });
    Duration::from_millis(floor)
}

#[async_trait]
impl Services for Identity {
    fn from_env(env: Arc<Env>) -> Self {
        Self {
            pool: Arc::new(Cognito::new(Arc::clone(&env))),
            access: Arc::new(SnsTopic::new(Arc::clone(&env))),
            mail: Arc::new(Ses::new(Arc::clone(&env))),
            answer_floor: answer_floor(&env),
            exports: Arc::new(S3::new(Arc::clone(&env), exports::BUCKET)),
            contexts: Arc::new(InternalApi::new(Arc::clone(&env))),
            // Here a suspension holds from the moment it is made (product.md, Identity), so the check always
            // looks.
            base: Base { revocation_cache: RevocationCache::none(), ..Base::from_env(env) },
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
        if needs.contains(&ACCESS_TOPIC) {
            self.access.warm().await;
        }
        if needs.contains(&MAIL) {
            self.mail.warm().await;
        }
        if needs.contains(&EXPORTS) {
            self.exports.warm().await;
        }
        if needs.contains(&CONTEXTS) {
            self.contexts.warm().await;
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Identity {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}
