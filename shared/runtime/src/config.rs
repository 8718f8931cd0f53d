//! Configuration: the environment for what is no secret, SSM parameters for what is, both read once.

use std::collections::HashMap;

use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::{Mutex, OnceCell};

use crate::fault::Fault;

/// The environment of a function.
#[derive(Debug, Default)]
pub struct Env {
    values: HashMap<String, String>,
    aws: OnceCell<SdkConfig>,
    parameters: Mutex<HashMap<String, String>>,
}

/// A setting that is missing or can't be read; a mistake in a template.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} is missing or wrong: {why}")]
pub struct ConfigError {
    /// The variable.
    pub name: String,
    /// What is expected of it.
    pub why: String,
}

impl Env {
    /// The process's own.
    pub fn from_process() -> Self {
        Self { values: std::env::vars().collect(), ..Self::default() }
    }

    /// Given by a test.
    pub fn of(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { values, ..Self::default() }
    }

    /// With credentials and region that a test gives.
    #[cfg(test)]
    pub(crate) fn with_aws(self, config: SdkConfig) -> Self {
        Self { aws: OnceCell::new_with(Some(config)), ..self }
    }

    /// A variable that must be there.
    pub fn text(&self, name: &str) -> Result<&str, ConfigError> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
            .ok_or_else(|| ConfigError { name: name.to_owned(), why: "it must be set".to_owned() })
    }

    /// A number; `default` when the variable isn't there.
    pub fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, ConfigError> {
        match self.values.get(name).filter(|v| !v.is_empty()) {
            Some(text) => text.parse().map_err(|_| ConfigError {
                name: name.to_owned(),
                why: "it must be a whole number in its range".to_owned(),
            }),
            None => Ok(default),
        }
    }

    /// Credentials, region and HTTP client, loaded on first use and shared by all clients.
    pub async fn aws(&self) -> &SdkConfig {
        self.aws.get_or_init(|| aws_config::load_defaults(BehaviorVersion::latest())).await
    }

    /// The value of the SSM parameter whose name stands in the variable `variable`; decrypted, and kept for
    /// the life of the process (rotation: docs/operations.md).
    pub async fn parameter(&self, variable: &str) -> Result<String, Fault> {
        let name = self.text(variable).map_err(Fault::transient)?.to_owned();
        let mut known = self.parameters.lock().await;
        if let Some(value) = known.get(&name) {
            return Ok(value.clone());
        }
        let answer = aws_sdk_ssm::Client::new(self.aws().await)
            .get_parameter()
            .name(&name)
            .with_decryption(true)
            .send()
            .await
            .map_err(|e| Fault::transient(format!("parameter {name}: {}", describe(&e))))?;
        let value = answer
            .parameter
            .and_then(|p| p.value)
            .ok_or_else(|| Fault::transient(format!("parameter {name} has no value")))?;
        known.insert(name, value.clone());
        Ok(value)
    }

    /// Forgets a parameter, so that its next use reads it again: after a secret was refused.
    pub async fn forget_parameter(&self, variable: &str) {
        if let Ok(name) = self.text(variable) {
            self.parameters.lock().await.remove(name);
        }
    }
}

/// An error of an AWS client with all its causes, in one line.
pub fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let part = inner.to_string();
        if !text.ends_with(&part) {
            text = format!("{text}: {part}");
        }
        cause = inner.source();
    }
    text
}
