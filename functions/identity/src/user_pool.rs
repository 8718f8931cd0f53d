//! The port to the user pool, and Cognito behind it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, MessageActionType,
};
use lectern_domain::email::Email;
use lectern_domain::identity::{Appointment, Registration};
use lectern_runtime::config::{Env, describe};
use lectern_runtime::{Problem, problem};
use tokio::sync::OnceCell;

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
    /// Too many tries.
    #[error("too many requests")]
    TooMany,
    /// The pool can't be reached.
    #[error("the user pool is unavailable: {0}")]
    Unavailable(String),
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::TooMany => Self::new(&problem::RATE_LIMITED).retry_after(30),
            other => Self::unavailable(other),
        }
    }
}

/// A person's tokens.
#[derive(Clone)]
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
    /// Makes sure that there is a confirmed account with this password; gives its `sub`.
    async fn appoint(&self, appointment: &Appointment, password: &str) -> Result<String, PoolError>;
    /// Connects.
    async fn warm(&self) {}
}

/// Cognito: `USER_POOL_ID` and `USER_POOL_CLIENT_ID` (the client for first-party password sign-in).
pub struct Cognito {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl Cognito {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }

    fn setting(&self, name: &str) -> Result<&str, PoolError> {
        self.env.text(name).map_err(|e| PoolError::Unavailable(e.to_string()))
    }

    fn client_id(&self) -> Result<&str, PoolError> {
        self.setting("USER_POOL_CLIENT_ID")
    }

    async fn authenticate(
        &self,
        flow: AuthFlowType,
        parameters: &[(&str, &str)],
    ) -> Result<Tokens, PoolError> {
        let mut call = self.client().await.initiate_auth().client_id(self.client_id()?).auth_flow(flow);
        for (name, value) in parameters {
            call = call.auth_parameters(*name, *value);
        }
        let answer = call.send().await.map_err(|e| pool_error(&e))?;
        let result = answer.authentication_result;
        result
            .and_then(tokens)
            .ok_or_else(|| PoolError::Refused("the pool asks for more than a password".into()))
    }
}

fn tokens(result: AuthenticationResultType) -> Option<Tokens> {
    Some(Tokens {
        access: result.access_token?,
        id: result.id_token?,
        refresh: result.refresh_token,
        expires_in_seconds: result.expires_in,
    })
}

fn attribute(name: &str, value: impl ToString) -> Result<AttributeType, PoolError> {
    let attribute = AttributeType::builder().name(name).value(value.to_string()).build();
    attribute.map_err(|e| PoolError::Unavailable(e.to_string()))
}

#[async_trait]
impl UserPool for Cognito {
    async fn sign_up(&self, registration: &Registration, password: &str) -> Result<(), PoolError> {
        let attributes = vec![
            attribute("email", &registration.email)?,
            attribute("given_name", &registration.first_name)?,
            attribute("family_name", &registration.last_name)?,
            attribute("birthdate", registration.date_of_birth)?,
            attribute("zoneinfo", &registration.time_zone)?,
            attribute("locale", &registration.locale)?,
            attribute("custom:role", registration.role)?,
        ];
        let call = self.client().await.sign_up().client_id(self.client_id()?);
        let call = call.username(registration.email.as_str()).password(password);
        call.set_user_attributes(Some(attributes)).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn confirm_sign_up(&self, email: &Email, code: &str) -> Result<(), PoolError> {
        let call = self.client().await.confirm_sign_up().client_id(self.client_id()?);
        call.username(email.as_str()).confirmation_code(code).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn sign_in(&self, email: &Email, password: &str) -> Result<Tokens, PoolError> {
        let parameters = [("USERNAME", email.as_str()), ("PASSWORD", password)];
        self.authenticate(AuthFlowType::UserPasswordAuth, &parameters).await
    }

    async fn refresh(&self, refresh_token: &str) -> Result<Tokens, PoolError> {
        self.authenticate(AuthFlowType::RefreshTokenAuth, &[("REFRESH_TOKEN", refresh_token)]).await
    }

    async fn appoint(&self, appointment: &Appointment, password: &str) -> Result<String, PoolError> {
        let (client, pool) = (self.client().await, self.setting("USER_POOL_ID")?);
        let email = appointment.email.as_str();
        let attributes = vec![
            attribute("email", email)?,
            attribute("email_verified", true)?,
            attribute("given_name", &appointment.first_name)?,
            attribute("family_name", &appointment.last_name)?,
        ];
        let created = client
            .admin_create_user()
            .user_pool_id(pool)
            .username(email)
            .message_action(MessageActionType::Suppress)
            .set_user_attributes(Some(attributes))
            .send()
            .await;
        match created.map_err(|e| pool_error(&e)) {
            Ok(_) | Err(PoolError::EmailTaken) => {}
            Err(error) => return Err(error),
        }
        let set = client.admin_set_user_password().user_pool_id(pool).username(email).password(password);
        set.permanent(true).send().await.map_err(|e| pool_error(&e))?;
        let user = client.admin_get_user().user_pool_id(pool).username(email).send().await;
        let user = user.map_err(|e| pool_error(&e))?;
        let sub = user.user_attributes().iter().find(|a| a.name() == "sub").and_then(|a| a.value());
        sub.map(str::to_owned).ok_or_else(|| PoolError::Unavailable("the account has no sub".into()))
    }

    async fn warm(&self) {
        self.client().await;
    }
}

/// The pool's errors by name; the names are in Cognito's API reference.
fn pool_error<E, R>(error: &SdkError<E, R>) -> PoolError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let message = || error.message().unwrap_or_default().to_owned();
    match error.code() {
        Some("UsernameExistsException" | "AliasExistsException") => PoolError::EmailTaken,
        Some("InvalidPasswordException") => PoolError::PasswordRefused(message()),
        Some("UserLambdaValidationException") => PoolError::TriggerRefused(message()),
        Some("TooManyRequestsException" | "LimitExceededException" | "TooManyFailedAttemptsException") => {
            PoolError::TooMany
        }
        Some(
            "NotAuthorizedException"
            | "UserNotFoundException"
            | "UserNotConfirmedException"
            | "CodeMismatchException"
            | "ExpiredCodeException"
            | "PasswordResetRequiredException"
            | "InvalidParameterException",
        ) => PoolError::Refused(message()),
        _ => PoolError::Unavailable(describe(error)),
    }
}
