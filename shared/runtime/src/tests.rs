//! Routes as a client sees them.

mod callers;
mod files;
mod limits;
mod pages;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::UserId;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Env;
use crate::rate_limit::{RateLimit, RateLimiter, Verdict};
use crate::{AccessToken, Kit, Need, Problem, Revocations, Services};

/// What the routes of these tests are given: counters and revocations that only remember.
struct Told {
    kit: Kit,
    /// Calls by key.
    calls: Mutex<HashMap<String, u32>>,
    /// Tokens that were asked about.
    asked: Mutex<Vec<AccessToken>>,
    /// Sessions that have ended; `None` while the list can't be read.
    ended: Mutex<Option<Vec<Uuid>>>,
}

#[async_trait]
impl Services for Told {
    fn from_env(_env: Arc<Env>) -> Self {
        Self {
            kit: Kit { clock: Clock::at("2027-01-31T17:00:00Z".parse().unwrap()) },
            calls: Mutex::default(),
            asked: Mutex::default(),
            ended: Mutex::new(Some(Vec::new())),
        }
    }
    fn kit(&self) -> &Kit {
        &self.kit
    }
    async fn warm(&self, _needs: &[Need]) {}
    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(self)
    }
    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(self)
    }
}

#[async_trait]
impl RateLimiter for Told {
    async fn take(&self, key: &str, limit: RateLimit) -> Verdict {
        let mut calls = self.calls.lock().unwrap();
        let made = calls.entry(key.to_owned()).or_default();
        if *made == limit.burst {
            return Verdict { allowed: false, remaining: 0, retry_after_seconds: 7 };
        }
        *made += 1;
        Verdict { allowed: true, remaining: limit.burst - *made, retry_after_seconds: 0 }
    }
}

#[async_trait]
impl Revocations for Told {
    async fn is_revoked(&self, token: &AccessToken, now: Timestamp) -> Result<bool, Problem> {
        assert_eq!(now, self.kit.clock.now());
        self.asked.lock().unwrap().push(*token);
        let ended = self.ended.lock().unwrap();
        let ended = ended.as_ref().ok_or_else(|| Problem::unavailable("the list is away"))?;
        Ok(token.session.is_some_and(|session| ended.contains(&session)))
    }
}

fn told() -> Arc<Told> {
    Arc::new(Told::from_env(Arc::new(Env::of(&[]))))
}

fn user() -> UserId {
    UserId(Uuid::from_u128(3))
}
