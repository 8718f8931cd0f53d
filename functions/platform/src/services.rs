//! What the use cases of `platform` are given.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::{Kit, Need, Services};

use crate::event_store::{DynamoDb, EventStore};
use crate::health_checks::{HealthChecks, LambdaChecks};
use crate::parameters::{Parameters, Ssm};

/// The need of the use case that keeps events.
pub const EVENT_STORE: Need = Need::Port("event-store");
/// The need of the use case that asks contexts how they are.
pub const HEALTH_CHECKS: Need = Need::Port("health-checks");
/// The need of the use case that reads and makes parameters.
pub const PARAMETERS: Need = Need::Port("parameters");

/// A context's check tries its database for five seconds before it says that it is down; `get-health` itself
/// may take ten.
const HEALTH_CHECK_MAX: Duration = Duration::from_secs(8);

/// Clock, environment, ports.
pub struct Platform {
    /// The common part.
    pub kit: Kit,
    /// The environment.
    pub env: Arc<Env>,
    /// Where events are kept.
    pub events: Arc<dyn EventStore>,
    /// How contexts are asked for their health.
    pub checks: Arc<dyn HealthChecks>,
    /// Longest time for one of these checks.
    pub check_max: Duration,
    /// Where secrets are.
    pub parameters: Arc<dyn Parameters>,
}

#[async_trait]
impl Services for Platform {
    fn from_env(env: Arc<Env>) -> Self {
        Self {
            kit: Kit { clock: Clock::System },
            events: Arc::new(DynamoDb::new(Arc::clone(&env))),
            checks: Arc::new(LambdaChecks::new(Arc::clone(&env))),
            check_max: HEALTH_CHECK_MAX,
            parameters: Arc::new(Ssm::new(Arc::clone(&env))),
            env,
        }
    }

    fn kit(&self) -> &Kit {
        &self.kit
    }

    async fn warm(&self, needs: &[Need]) {
        for need in needs {
            match *need {
                EVENT_STORE => self.events.warm().await,
                HEALTH_CHECKS => self.checks.warm().await,
                PARAMETERS => self.parameters.warm().await,
                _ => {}
            }
        }
    }
}
