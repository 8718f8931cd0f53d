//! Idempotency keys: which answer was given to what.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::error::Failure;

const KEY_CHARACTERS_MAX: usize = 255;

/// Keys are forgotten after a day, at the next start.
pub const KEPT_FOR_SECONDS: i64 = 24 * 60 * 60;

/// The answer that a key replays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remembered {
    /// The key.
    pub key: String,
    /// `POST /v1/refunds`.
    pub endpoint: String,
    /// The parameters, sorted.
    pub params: String,
    /// The request that was answered.
    pub request_id: String,
    /// When, in seconds since 1970.
    pub created: i64,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: String,
}

/// What to do with a request that carries a key.
pub enum Begin {
    /// The first one: do the work.
    Work,
    /// A repetition: give this answer again.
    Replay(Box<Remembered>),
}

/// All keys.
#[derive(Default)]
pub struct Keys {
    answered: HashMap<String, Remembered>,
    in_progress: HashSet<String>,
}

impl Keys {
    /// Compares a request with what its key stands for, and marks the key as in progress if it is new.
    ///
    /// # Errors
    /// The key stands for another request, or that request is still in progress.
    pub fn begin(&mut self, key: &str, endpoint: &str, params: &str) -> Result<Begin, Failure> {
        if key.chars().count() > KEY_CHARACTERS_MAX {
            let message = format!(
                "Idempotency keys can be at most {KEY_CHARACTERS_MAX} characters long, but yours has {}.",
                key.chars().count()
            );
            return Err(Failure::Malformed(message));
        }
        let Some(first) = self.answered.get(key) else {
            if self.in_progress.insert(key.to_owned()) {
                return Ok(Begin::Work);
            }
            return Err(Failure::IdempotencyInProgress(key.to_owned()));
        };
        if first.endpoint != endpoint {
            return Err(Failure::IdempotencyMismatch(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                 ('{endpoint}' vs '{}'). Try using a key other than '{key}' if you meant to execute a different \
                 request.",
                first.endpoint
            )));
        }
        if first.params != params {
            return Err(Failure::IdempotencyMismatch(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            )));
        }
        Ok(Begin::Replay(Box::new(first.clone())))
    }

    /// The request of this key is no longer in progress.
    pub fn end(&mut self, key: &str) {
        self.in_progress.remove(key);
    }

    /// From now on the key replays this answer.
    pub fn remember(&mut self, answer: Remembered) {
        self.answered.insert(answer.key.clone(), answer);
    }

    /// All answers that are younger than a day.
    pub fn recent(&self, now: i64) -> impl Iterator<Item = &Remembered> {
        self.answered.values().filter(move |answer| now - answer.created < KEPT_FOR_SECONDS)
    }
}
