//! A user pool that is told what to answer, and remembers what it was asked.

use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_domain::email::Email;
use lectern_domain::event::Envelope;
use lectern_domain::id::{SessionId, UserId};
use lectern_domain::identity::{Appointment, Registration};
use lectern_identity::access::AccessTopic;
use lectern_identity::mail::{Letter, Mailer};
use lectern_identity::user_pool::{PoolError, Tokens, UserPool};
use lectern_runtime::Fault;
use serde_json::json;

/// Fails one call after another with what it is told, then answers.
#[derive(Default)]
pub struct ToldPool {
    /// What the next call fails with, if anything.
    pub fail: Mutex<Option<PoolError>>,
    /// Every call fails.
    pub down: Mutex<bool>,
    pub asked: Mutex<Vec<String>>,
    /// What calls fail with, once each, by the beginning of what is asked.
    pub fail_at: Mutex<Vec<(&'static str, PoolError)>>,
    /// Whose tokens a sign-in or a refresh gives: user, session, access version.
    pub tokens_of: Mutex<Option<(UserId, SessionId, i64)>>,
}

impl ToldPool {
    pub fn fails_with(&self, error: PoolError) {
        *self.fail.lock().unwrap() = Some(error);
    }

    /// The next call that begins like this fails.
    pub fn fails_at(&self, call: &'static str, error: PoolError) {
        self.fail_at.lock().unwrap().push((call, error));
    }

    /// Takes the pool down, or up again.
    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    /// From now on a sign-in gives tokens of this user and session.
    pub fn gives_tokens_of(&self, user: UserId, session: SessionId, access_version: i64) {
        *self.tokens_of.lock().unwrap() = Some((user, session, access_version));
    }

    /// What it was asked so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn tokens(&self) -> Tokens {
        let nil = uuid::Uuid::nil();
        let told = *self.tokens_of.lock().unwrap();
        let (user, session, version) = told.unwrap_or((UserId(nil), SessionId(nil), 1));
        let claims = json!({ "user_id": user, "origin_jti": session, "access_version": version.to_string() });
        Tokens {
            access: format!("header.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string())),
            id: "id".into(),
            refresh: Some("refresh".into()),
            expires_in_seconds: 900,
        }
    }

    fn answer<T>(&self, asked: String, value: T) -> Result<T, PoolError> {
        self.asked.lock().unwrap().push(asked.clone());
        if *self.down.lock().unwrap() {
            return Err(PoolError::Unavailable("the pool is down".into()));
        }
        let mut fail_at = self.fail_at.lock().unwrap();
        let failing = fail_at.iter().position(|(call, _)| asked.starts_with(call));
        if let Some(error) = failing.map(|at| fail_at.remove(at).1) {
            return Err(error);
        }
        match self.fail.lock().unwrap().take() {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }
}

#[async_trait]
impl UserPool for ToldPool {
    async fn sign_up(&self, registration: &Registration, _password: &str) -> Result<(), PoolError> {
        self.answer(format!("sign_up {} as {}", registration.email, registration.role), ())
    }
    async fn confirm_sign_up(&self, email: &Email, code: &str) -> Result<(), PoolError> {
        self.answer(format!("confirm {email} {code}"), ())
    }
    async fn sign_in(&self, email: &Email, _password: &str) -> Result<Tokens, PoolError> {
        self.answer(format!("sign_in {email}"), self.tokens())
    }
    async fn refresh(&self, _token: &str) -> Result<Tokens, PoolError> {
        self.answer("refresh".into(), Tokens { refresh: None, ..self.tokens() })
    }
    async fn resend_code(&self, email: &Email) -> Result<(), PoolError> {
        self.answer(format!("resend_code {email}"), ())
    }
    async fn forgot_password(&self, email: &Email) -> Result<(), PoolError> {
        self.answer(format!("forgot_password {email}"), ())
    }
    async fn reset_password(&self, email: &Email, code: &str, _password: &str) -> Result<(), PoolError> {
        self.answer(format!("reset_password {email} {code}"), ())
    }
    async fn change_password(&self, token: &str, _old: &str, _new: &str) -> Result<(), PoolError> {
        self.answer(format!("change_password {token}"), ())
    }
    async fn revoke(&self, token: &str) -> Result<(), PoolError> {
        self.answer(format!("revoke {token}"), ())
    }
    async fn set_enabled(&self, username: &str, enabled: bool) -> Result<(), PoolError> {
        self.answer(format!("{} {username}", if enabled { "enable" } else { "disable" }), ())
    }
    async fn sign_out(&self, username: &str) -> Result<(), PoolError> {
        self.answer(format!("sign_out {username}"), ())
    }
    async fn delete(&self, username: &str) -> Result<(), PoolError> {
        self.answer(format!("delete {username}"), ())
    }
    async fn appoint(&self, appointment: &Appointment, _password: &str) -> Result<String, PoolError> {
        self.answer(format!("appoint {}", appointment.email), format!("sub-{}", appointment.email))
    }
}

/// A topic that remembers.
#[derive(Default)]
pub struct ToldTopic {
    pub announced: Mutex<Vec<Envelope>>,
    pub down: Mutex<bool>,
}

#[async_trait]
impl AccessTopic for ToldTopic {
    async fn announce(&self, event: &Envelope) -> Result<(), Fault> {
        if *self.down.lock().unwrap() {
            return Err(Fault::transient("the topic is down"));
        }
        self.announced.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// A post that remembers.
#[derive(Default)]
pub struct ToldPost {
    pub posted: Mutex<Vec<(Email, Letter)>>,
    pub down: Mutex<bool>,
}

impl ToldPost {
    /// What was posted so far, in order.
    pub fn posted(&self) -> Vec<(Email, Letter)> {
        self.posted.lock().unwrap().clone()
    }

    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }
}

#[async_trait]
impl Mailer for ToldPost {
    async fn post(&self, to: &Email, letter: &Letter) -> Result<(), Fault> {
        if *self.down.lock().unwrap() {
            return Err(Fault::transient("the post is down"));
        }
        self.posted.lock().unwrap().push((to.clone(), letter.clone()));
        Ok(())
    }
}
