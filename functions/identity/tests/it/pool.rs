//! A user pool that is told what to answer, and remembers what it was asked.

use std::sync::Mutex;

use async_trait::async_trait;
use lectern_domain::email::Email;
use lectern_domain::identity::{Appointment, Registration};
use lectern_identity::user_pool::{PoolError, Tokens, UserPool};

#[derive(Default)]
pub struct ToldPool {
    /// What the next call fails with, if anything.
    pub fail: Mutex<Option<PoolError>>,
    pub asked: Mutex<Vec<String>>,
}

impl ToldPool {
    pub fn fails_with(&self, error: PoolError) {
        *self.fail.lock().unwrap() = Some(error);
    }

    fn answer<T>(&self, asked: String, value: T) -> Result<T, PoolError> {
        self.asked.lock().unwrap().push(asked);
        match self.fail.lock().unwrap().take() {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }
}

fn tokens() -> Tokens {
    Tokens {
        access: "access".into(),
        id: "id".into(),
        refresh: Some("refresh".into()),
        expires_in_seconds: 900,
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
        self.answer(format!("sign_in {email}"), tokens())
    }
    async fn refresh(&self, _token: &str) -> Result<Tokens, PoolError> {
        self.answer("refresh".into(), Tokens { refresh: None, ..tokens() })
    }
    async fn appoint(&self, appointment: &Appointment, _password: &str) -> Result<String, PoolError> {
        self.answer(format!("appoint {}", appointment.email), format!("sub-{}", appointment.email))
    }
}
