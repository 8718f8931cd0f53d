//! What a test stands on.

use std::sync::Arc;

use lectern_domain::identity::IdentityPolicy;
use lectern_identity::Identity;
use lectern_postgres::Base;
use lectern_postgres::testing::TestDatabase;
use lectern_runtime::Kit;
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::testing::RecordingBus;
use serde_json::{Value, json};

use super::pool::ToldPool;

pub struct World {
    pub services: Arc<Identity>,
    pub bus: Arc<RecordingBus>,
    pub pool: Arc<ToldPool>,
    pub database: TestDatabase,
}

pub async fn world() -> World {
    let database = TestDatabase::new(lectern_identity::CONTEXT, &lectern_identity::migrations()).await;
    world_on(database).await
}

pub async fn world_on(database: TestDatabase) -> World {
    let (bus, pool) = (RecordingBus::new(), Arc::new(ToldPool::default()));
    let base = Base {
        kit: Kit { clock: Clock::at("2026-11-21T12:00:00Z".parse().unwrap()) },
        env: Arc::new(Env::of(&[])),
        db: database.connect(),
        bus: bus.clone(),
    };
    let services = Arc::new(Identity { base, pool: pool.clone(), policy: IdentityPolicy::default() });
    World { services, bus, pool, database }
}

/// What the user pool sends to its triggers.
pub fn pool_event(trigger: &str, changes: Value) -> Value {
    let mut attributes = json!({
        "sub": "sub-1", "email": "ada@example.org", "given_name": "Ada", "family_name": "Lovelace",
        "birthdate": "2000-12-10", "zoneinfo": "Europe/London", "locale": "en-GB", "custom:role": "tutor",
    });
    for (name, value) in changes.as_object().unwrap() {
        attributes[name] = value.clone();
    }
    json!({ "triggerSource": trigger, "userPoolId": "pool", "userName": "sub-1",
        "request": { "userAttributes": attributes }, "response": {} })
}
