//! The user pool as Cognito keeps it.

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
use tokio::sync::OnceCell;

use super::{PoolError, Tokens, UserPool};

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
        let mut attributes = vec![
            attribute("email", &registration.email)?,
            attribute("given_name", &registration.first_name)?,
            attribute("birthdate", registration.date_of_birth)?,
            attribute("custom:role", registration.role)?,
        ];
        let more = [
            ("family_name", registration.last_name.as_ref().map(ToString::to_string)),
            ("zoneinfo", registration.time_zone.as_ref().map(ToString::to_string)),
            ("locale", registration.locale.as_ref().map(ToString::to_string)),
            ("custom:parent_email", registration.parent_email.as_ref().map(ToString::to_string)),
        ];
        for (name, value) in more {
            attributes.extend(value.map(|value| attribute(name, value)).transpose()?);
        }
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

    async fn resend_code(&self, email: &Email) -> Result<(), PoolError> {
        let call = self.client().await.resend_confirmation_code().client_id(self.client_id()?);
        call.username(email.as_str()).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn forgot_password(&self, email: &Email) -> Result<(), PoolError> {
        let call = self.client().await.forgot_password().client_id(self.client_id()?);
        call.username(email.as_str()).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn reset_password(&self, email: &Email, code: &str, password: &str) -> Result<(), PoolError> {
        let call = self.client().await.confirm_forgot_password().client_id(self.client_id()?);
        let call = call.username(email.as_str()).confirmation_code(code).password(password);
        call.send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn change_password(&self, access_token: &str, old: &str, new: &str) -> Result<(), PoolError> {
        let call = self.client().await.change_password().access_token(access_token);
        call.previous_password(old).proposed_password(new).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
    }

    async fn revoke(&self, refresh_token: &str) -> Result<(), PoolError> {
        let call = self.client().await.revoke_token().client_id(self.client_id()?);
        call.token(refresh_token).send().await.map_err(|e| pool_error(&e))?;
        Ok(())
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
            .set_user_attributes(Some(attributes.clone()))
            .send()
            .await;
        match created.map_err(|e| pool_error(&e)) {
            Ok(_) => {}
            // Of an earlier try, or of a sign-up that nobody confirmed: whose email isn't verified gets no code.
            Err(PoolError::EmailTaken) => {
                let update = client.admin_update_user_attributes().user_pool_id(pool).username(email);
                let attributes = attributes.into_iter().filter(|a| a.name() != "email").collect();
                update.set_user_attributes(Some(attributes)).send().await.map_err(|e| pool_error(&e))?;
            }
            Err(error) => return Err(error),
        }
        let set = client.admin_set_user_password().user_pool_id(pool).username(email).password(password);
        set.permanent(true).send().await.map_err(|e| pool_error(&e))?;
        let user = client.admin_get_user().user_pool_id(pool).username(email).send().await;
        let user = user.map_err(|e| pool_error(&e))?;
        let sub = user.user_attributes().iter().find(|a| a.name() == "sub").and_then(|a| a.value());
        sub.map(str::to_owned).ok_or_else(|| PoolError::Unavailable("the account has no sub".into()))
    }

    async fn set_enabled(&self, username: &str, enabled: bool) -> Result<(), PoolError> {
        let (client, pool) = (self.client().await, self.setting("USER_POOL_ID")?);
        if enabled {
            gone_is_fine(client.admin_enable_user().user_pool_id(pool).username(username).send().await)
        } else {
            gone_is_fine(client.admin_disable_user().user_pool_id(pool).username(username).send().await)
        }
    }

    async fn sign_out(&self, username: &str) -> Result<(), PoolError> {
        let (client, pool) = (self.client().await, self.setting("USER_POOL_ID")?);
        gone_is_fine(client.admin_user_global_sign_out().user_pool_id(pool).username(username).send().await)
    }

    async fn delete(&self, username: &str) -> Result<(), PoolError> {
        let (client, pool) = (self.client().await, self.setting("USER_POOL_ID")?);
        gone_is_fine(client.admin_delete_user().user_pool_id(pool).username(username).send().await)
    }

    async fn warm(&self) {
        self.client().await;
    }
}

fn gone_is_fine<T, E, R>(outcome: Result<T, SdkError<E, R>>) -> Result<(), PoolError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match outcome {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("UserNotFoundException") => Ok(()),
        Err(error) => Err(pool_error(&error)),
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
        Some("CodeDeliveryFailureException") => PoolError::Undelivered(message()),
        Some("TooManyRequestsException") => PoolError::TooMany,
        Some("LimitExceededException" | "TooManyFailedAttemptsException") => PoolError::Exhausted,
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
