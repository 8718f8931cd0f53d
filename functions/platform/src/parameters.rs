//! The port to secrets, and SSM behind it.
//!
//! Not `Env::parameter`: that one remembers what it has read, and what is missing is a failure to it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use tokio::sync::OnceCell;

/// A parameter can't be read or written, or not now. Never holds a value.
#[derive(Debug, thiserror::Error)]
#[error("parameter {name}: {why}")]
pub struct ParameterError {
    /// The parameter.
    pub name: String,
    /// Why not.
    pub why: String,
}

impl From<ParameterError> for Fault {
    fn from(error: ParameterError) -> Self {
        Self::transient(error)
    }
}

/// Secrets by their names.
#[async_trait]
pub trait Parameters: Send + Sync {
    /// The value, decrypted; `None` when there is no such parameter.
    async fn get(&self, name: &str) -> Result<Option<String>, ParameterError>;
    /// Makes a secret. `false` when there is one of this name already: it stays as it is.
    async fn make(&self, name: &str, value: &str) -> Result<bool, ParameterError>;
    /// Gives a secret that is there another value.
    async fn replace(&self, name: &str, value: &str) -> Result<(), ParameterError>;
    /// Connects.
    async fn warm(&self) {}
}

/// SSM; secrets are SecureStrings under the account's own key.
pub struct Ssm {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl Ssm {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    /// With a client of its own.
    pub fn with_client(env: Arc<Env>, client: Client) -> Self {
        Self { env, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }
}

#[async_trait]
impl Parameters for Ssm {
    async fn get(&self, name: &str) -> Result<Option<String>, ParameterError> {
        match self.client().await.get_parameter().name(name).with_decryption(true).send().await {
            Ok(answer) => Ok(answer.parameter.and_then(|p| p.value)),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_parameter_not_found()) => Ok(None),
            Err(error) => Err(ParameterError { name: name.to_owned(), why: describe(&error) }),
        }
    }

    async fn make(&self, name: &str, value: &str) -> Result<bool, ParameterError> {
        let put = self.client().await.put_parameter().name(name).value(value);
        match put.r#type(ParameterType::SecureString).overwrite(false).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_parameter_already_exists()) => {
                Ok(false)
            }
            Err(error) => Err(ParameterError { name: name.to_owned(), why: describe(&error) }),
        }
    }

    async fn replace(&self, name: &str, value: &str) -> Result<(), ParameterError> {
        let put = self.client().await.put_parameter().name(name).value(value);
        match put.r#type(ParameterType::SecureString).overwrite(true).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(ParameterError { name: name.to_owned(), why: describe(&error) }),
        }
    }

    async fn warm(&self) {
        self.client().await;
    }
}
