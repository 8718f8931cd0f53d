//! What a test holds in its hands.

use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::aws::Aws;
use super::copy::Copy;
use super::http::Api;
use super::stripe::Stripe;
use super::wait::{SOON, until};

/// All tests share one copy of the platform: those that break a part of it have it alone.
static COPY_IN_USE: RwLock<()> = RwLock::const_new(());

#[expect(dead_code, reason = "held, not read")]
enum Use {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// The platform, from outside and from an operator's desk.
pub struct World {
    pub api: Api,
    pub aws: Aws,
    pub stripe: Stripe,
    _in_use: Use,
}

impl World {
    /// Beside other tests.
    pub async fn shared() -> Self {
        Self::new(Use::Shared(COPY_IN_USE.read().await))
    }

    /// With nobody else there, to break something.
    pub async fn alone() -> Self {
        let world = Self::new(Use::Alone(COPY_IN_USE.write().await));
        // What a failed test before this one may have left broken.
        world.stripe.mend().await;
        world
    }

    fn new(in_use: Use) -> Self {
        let _found = Copy::get();
        Self { api: Api::new(), aws: Aws::new(), stripe: Stripe::new(), _in_use: in_use }
    }

    /// That the books are right: every entry, against the payments and against Stripe. Waits for what other tests
    /// have under way.
    pub async fn assert_ledger_is_right(&self) {
        let mut differences = json!(null);
        let limit = SOON * 2;
        let started = std::time::Instant::now();
        while started.elapsed() < limit {
            let verified = self.aws.try_invoke("verify-ledger", &json!({})).await;
            match verified {
                Ok(verified) if verified["ok"] == true => return,
                Ok(verified) => differences = verified["differences"].clone(),
                Err(error) => differences = error,
            }
            self.settle().await;
        }
        panic!("the ledger is wrong: {differences:#}");
    }

    /// What the schedules do once a minute, now: relays and sweeps. One that fails is the next run's to mend.
    pub async fn settle(&self) {
        for context in ["identity", "tutoring", "booking", "payments"] {
            let _next_time = self.aws.try_invoke(&format!("relay-{context}-outbox"), &json!({})).await;
        }
        for sweep in ["sweep-sagas", "settle-payables", "settle-payouts", "expire-past-due-subscriptions"] {
            let _next_time = self.aws.try_invoke(sweep, &json!({})).await;
        }
    }

    /// That an aggregate's events come into the event store, in this order.
    pub async fn assert_events(&self, aggregate: &str, id: &str, kinds: &[&str]) {
        until(&format!("the events {kinds:?} of {aggregate} {id} are stored"), SOON, async || {
            let events = self.aws.events(aggregate, id).await;
            events.iter().for_each(lectern_runtime::testing::assert_valid_event);
            let found: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
            (found == kinds).then_some(())
        })
        .await;
    }
}
