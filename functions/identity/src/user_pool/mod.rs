//! The port to the user pool; [`Cognito`] is behind it.

mod cognito;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_domain::email::Email;
use lectern_domain::id::{SessionId, UserId};
use lectern_domain::identity::{Appointment, Registration};
use lectern_runtime::{Problem, problem};
use serde::Deserialize;

pub use cognito::Cognito;

/// Why the pool didn't do what it was asked. Which of them a caller may know is the use case's to decide: an
/// answer must not tell whether an email is known.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// There is an account with this email already.
    #[error("the email is taken")]
    EmailTaken,
    /// The password isn't good enough; the reason in the pool's words.
    #[error("the password is refused: {0}")]
    PasswordRefused(String),
    /// Email and password, token or code aren't right, or not any more.
    #[error("refused: {0}")]
    Refused(String),
    /// One of our own triggers refused.
    #[error("a trigger refused: {0}")]
    TriggerRefused(String),
    /// It was done, but the address doesn't take the letter with the code.
    #[error("the code could not be delivered: {0}")]
    Undelivered(String),
    /// Too many requests, whoever they are for.
    #[error("too many requests")]
    TooMany,
    /// Too many tries with this one account. Where nobody has signed in it must look like a refusal: accounts
    /// that aren't there can't be tried too often.
    #[error("too many tries with this account")]
    Exhausted,
    /// The pool can't be reached.
    #[error("the user pool is unavailable: {0}")]
    Unavailable(String),
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::TooMany | PoolError::Exhausted => Self::new(&problem::RATE_LIMITED).retry_after(30),
            other => Self::unavailable(other),
        }
    }
}

/// A person's tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// For our API.
    pub access: String,
    /// For the client to read.
    pub id: String,
    /// For getting new ones; a refresh gives none.
    pub refresh: Option<String>,
    /// Life of the access token, in seconds.
    pub expires_in_seconds: i32,
}

/// What an access token says of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// Whose (`user_id`, from our trigger).
    pub user: UserId,
    /// The sign-in that it goes back to (`origin_jti`).
    pub session: SessionId,
    /// The user's access version at that time (from our trigger).
    pub access_version: i64,
}

impl Tokens {
    /// Reads the access token. Its signature isn't looked at: it came from the user pool just now, over TLS.
    pub fn claims(&self) -> Result<TokenClaims, PoolError> {
        #[derive(Deserialize)]
        struct Claims {
            user_id: UserId,
            origin_jti: SessionId,
            access_version: String,
        }
        let unreadable = || PoolError::Unavailable("the pool's access token can't be read".into());
        let payload = self.access.split('.').nth(1).ok_or_else(unreadable)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| unreadable())?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| unreadable())?;
        let access_version = claims.access_version.parse().map_err(|_| unreadable())?;
        Ok(TokenClaims { user: claims.user_id, session: claims.origin_jti, access_version })
    }
}

/// The scope that an access token must have for changes of its own account at the user pool.
const OWN_ACCOUNT_SCOPE: &str = "aws.cognito.signin.user.admin";

/// Whether the user pool takes an access token for changes of its own account: those of the password API are
/// good for it, those of the hosted page are not. The gateway has checked the signature.
pub fn is_for_own_account(access_token: &str) -> bool {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        scope: String,
    }
    let payload = access_token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let claims = payload.and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
    claims.is_some_and(|claims| claims.scope.split(' ').any(|scope| scope == OWN_ACCOUNT_SCOPE))
}

/// Where passwords are kept, and tokens come from.
#[async_trait]
pub trait UserPool: Send + Sync {
    /// Begins an account and emails a code.
    async fn sign_up(&self, registration: &Registration, password: &str) -> Result<(), PoolError>;
    /// Gives the emailed code back.
    async fn confirm_sign_up(&self, email: &Email, code: &str) -> Result<(), PoolError>;
    /// Email and password for tokens.
    async fn sign_in(&self, email: &Email, password: &str) -> Result<Tokens, PoolError>;
    /// A refresh token for new tokens.
    async fn refresh(&self, refresh_token: &str) -> Result<Tokens, PoolError>;
    /// Sends the code of a sign-up again.
    async fn resend_code(&self, email: &Email) -> Result<(), PoolError>;
    /// Sends a code for a new password.
    async fn forgot_password(&self, email: &Email) -> Result<(), PoolError>;
    /// Sets a new password with the emailed code.
    async fn reset_password(&self, email: &Email, code: &str, password: &str) -> Result<(), PoolError>;
    /// Sets a new password with the old one. `access_token` says whose.
    async fn change_password(&self, access_token: &str, old: &str, new: &str) -> Result<(), PoolError>;
    /// Takes a refresh token back, and all access tokens that came of it.
    async fn revoke(&self, refresh_token: &str) -> Result<(), PoolError>;
    /// Makes sure that there is a confirmed account with this password; gives its `sub`.
    async fn appoint(&self, appointment: &Appointment, password: &str) -> Result<String, PoolError>;
    /// Lets an account sign in, or not. `username` is the pool's name for it: its `sub` or its email. An
    /// account that isn't there is no error.
    async fn set_enabled(&self, username: &str, enabled: bool) -> Result<(), PoolError>;
    /// Takes every refresh token of an account back. One that isn't there is no error.
    async fn sign_out(&self, username: &str) -> Result<(), PoolError>;
    /// Deletes an account. One that isn't there is no error.
    async fn delete(&self, username: &str) -> Result<(), PoolError>;
    /// Connects.
    async fn warm(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(payload: &str) -> Tokens {
        let access = format!("header.{}.signature", URL_SAFE_NO_PAD.encode(payload));
        Tokens { access, id: String::new(), refresh: None, expires_in_seconds: 900 }
    }

    #[test]
    fn an_access_token_says_whose_it_is_and_of_which_sign_in() {
        let id = "0193b5a0-7c00-7000-8000-000000000003";
        let payload =
            format!(r#"{{"user_id":"{id}","origin_jti":"{id}","access_version":"4","role":"student"}}"#);
        let claims = tokens(&payload).claims().unwrap();
        assert_eq!((claims.user.to_string(), claims.session.to_string()), (id.to_owned(), id.to_owned()));
        assert_eq!(claims.access_version, 4);
    }

    #[test]
    fn a_token_is_good_for_its_own_account_by_its_scope_alone() {
        let good = |scope: &str| is_for_own_account(&tokens(&format!(r#"{{"scope":"{scope}"}}"#)).access);
        assert!(good("openid aws.cognito.signin.user.admin"));
        assert!(!good("openid email profile"));
        assert!(!good("aws.cognito.signin.user.administrator"));
        assert!(!is_for_own_account(&tokens("{}").access));
        assert!(!is_for_own_account("no token"));
    }

    #[test]
    fn a_token_without_our_claims_is_the_pools_mistake() {
        for payload in ["", "{}", r#"{"user_id":"x"}"#] {
            assert!(matches!(tokens(payload).claims(), Err(PoolError::Unavailable(_))));
        }
    }
}
