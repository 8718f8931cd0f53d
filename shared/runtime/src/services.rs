//! What a use case is given: the services of its context, and the frame of the present call.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::event::{Envelope, Frame, NewEvent};
use lectern_domain::id::uuid_v7;
use uuid::Uuid;

use crate::clock::{Clock, random_bytes};
use crate::config::Env;
use crate::rate_limit::RateLimiter;
use crate::revocation::Revocations;

/// What the services of every context hold.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Where "now" comes from.
    pub clock: Clock,
}

/// Something that a use case needs to have connected before its first call (in Init, where the processor is
/// not throttled and nobody waits yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The context's database.
    Database,
    /// The event bus.
    Bus,
    /// A port of the context's own, by name.
    Port(&'static str),
}

/// The services of a context: its database, its ports to the outside.
#[async_trait]
pub trait Services: Send + Sync + Sized + 'static {
    /// Made from the environment, without connecting anything.
    fn from_env(env: Arc<Env>) -> Self;
    /// The common part.
    fn kit(&self) -> &Kit;
    /// Connects what a use case needs. Failing is no failure yet: the first call will try again and answer
    /// accordingly.
    async fn warm(&self, needs: &[Need]);
    /// Counts calls for the routes with a limit; `None` where the context has none.
    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        None
    }
    /// Asked about the token of every call of a person with a role; `None` where the context has no such routes.
    fn revocations(&self) -> Option<&dyn Revocations> {
        None
    }
}

/// One call of a use case. Derefs to the services.
pub struct Cx<S> {
    services: Arc<S>,
    now: Timestamp,
    frame: Frame,
}

impl<S> Clone for Cx<S> {
    fn clone(&self) -> Self {
        Self { services: Arc::clone(&self.services), now: self.now, frame: self.frame.clone() }
    }
}

impl<S: Services> Cx<S> {
    /// A call at this moment.
    pub fn new(services: Arc<S>, actor: String, correlation_id: String, causation_id: String) -> Self {
        let now = services.kit().clock.now();
        Self { services, now, frame: Frame { at: now, actor, correlation_id, causation_id } }
    }

    /// The moment of the call; the same throughout it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A fresh id.
    pub fn fresh_id(&self) -> Uuid {
        uuid_v7(self.now, random_bytes())
    }

    /// `N` fresh random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        random_bytes()
    }

    /// Puts the frame of this call around what the domain says has happened.
    pub fn seal(&self, events: Vec<NewEvent>) -> Vec<Envelope> {
        events.into_iter().map(|event| self.frame.seal(event, random_bytes())).collect()
    }

    /// The correlation id of the call.
    pub fn correlation_id(&self) -> &str {
        &self.frame.correlation_id
    }

    /// The services, to keep beyond the call.
    pub fn services(&self) -> &Arc<S> {
        &self.services
    }
}

impl<S> Deref for Cx<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.services
    }
}
