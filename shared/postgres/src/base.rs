//! What the services of every context with a database hold.

use std::sync::Arc;

use lectern_domain::event::Envelope;
use lectern_runtime::bus::{EventBridge, EventBus};
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::{Kit, Need, Services};

use crate::database::Database;
use crate::outbox;
use crate::revocations::RevocationCache;

/// Clock, environment, database, bus.
pub struct Base {
    /// The part that has no database.
    pub kit: Kit,
    /// The environment.
    pub env: Arc<Env>,
    /// The context's database.
    pub db: Database,
    /// The event bus.
    pub bus: Arc<dyn EventBus>,
    /// Access tokens that were good a moment ago.
    pub revocation_cache: RevocationCache,
}

impl Base {
    /// From the environment, nothing connected.
    pub fn from_env(env: Arc<Env>) -> Self {
        Self {
            kit: Kit { clock: Clock::System },
            db: Database::from_env(Arc::clone(&env)),
            bus: Arc::new(EventBridge::new(Arc::clone(&env))),
            revocation_cache: RevocationCache::from_env(&env),
            env,
        }
    }

    /// Statements sent so far by the use cases themselves; tests compare it with what one may cost. The
    /// revocation check comes on top, at most one statement a call ([`RevocationCache::checks`]).
    pub fn round_trips(&self) -> u64 {
        self.db.round_trips().saturating_sub(self.revocation_cache.checks())
    }

    /// Connects the common needs.
    pub async fn warm(&self, needs: &[Need]) {
        for need in needs {
            match need {
                Need::Database => {
                    if let Err(error) = self.db.warm().await {
                        tracing::warn!(cause = %error, "database not connected in init");
                    }
                }
                Need::Bus => self.bus.warm().await,
                Need::Port(_) => {}
            }
        }
    }

    /// Publishes events whose rows are already in the outbox, and marks them. Never fails: what doesn't
    /// arrive is the relay's.
    pub async fn publish(&self, events: &[Envelope]) {
        if events.is_empty() {
            return;
        }
        let arrived = self.bus.publish(events).await;
        if let Err(error) = outbox::mark_published(&self.db, &arrived).await {
            tracing::warn!(cause = %error, "published events not marked; the relay will send them again");
        }
    }
}

/// Services with a [`Base`].
pub trait HasBase: Services {
    /// The context's name.
    const CONTEXT: &'static str;
    /// The base.
    fn base(&self) -> &Base;
}
