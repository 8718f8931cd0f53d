//! The port that encrypts tax numbers, so that they lie in the database as nobody can read them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use lectern_domain::id::UserId;
use lectern_domain::payments::tax::TaxId;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use tokio::sync::OnceCell;

/// What a ciphertext is bound to: of another tutor, or for another use, it can't be decrypted.
const TUTOR: &str = "tutorId";
const USE: (&str, &str) = ("use", "tax-id");

/// Where tax numbers are encrypted and decrypted.
#[async_trait]
pub trait Vault: Send + Sync {
    /// A tutor's number, encrypted.
    async fn encrypt(&self, tutor: UserId, number: &TaxId) -> Result<Vec<u8>, Fault>;
    /// A tutor's number, as [`TaxId::secret`] gave it. A fault when it is another's.
    async fn decrypt(&self, tutor: UserId, encrypted: &[u8]) -> Result<String, Fault>;
    /// Connects.
    async fn warm(&self) {}
}

/// KMS: `TAX_ID_KEY` is the key's ARN. The number is encrypted by KMS itself, whose limit of 4096 bytes is far off, so
/// no key ever comes to us.
pub struct Kms {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl Kms {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }

    fn key(&self) -> Result<&str, Fault> {
        self.env.text("TAX_ID_KEY").map_err(Fault::transient)
    }
}

#[async_trait]
impl Vault for Kms {
    async fn encrypt(&self, tutor: UserId, number: &TaxId) -> Result<Vec<u8>, Fault> {
        let call = self.client().await.encrypt().key_id(self.key()?);
        let call = call.encryption_context(TUTOR, tutor.to_string()).encryption_context(USE.0, USE.1);
        let answer = call.plaintext(Blob::new(number.secret().as_bytes())).send().await;
        let answer = answer.map_err(|e| Fault::transient(format!("KMS: {}", describe(&e))))?;
        let encrypted = answer.ciphertext_blob.ok_or_else(|| Fault::transient("KMS gave no ciphertext"))?;
        Ok(encrypted.into_inner())
    }

    async fn decrypt(&self, tutor: UserId, encrypted: &[u8]) -> Result<String, Fault> {
        let call = self.client().await.decrypt().key_id(self.key()?);
        let call = call.encryption_context(TUTOR, tutor.to_string()).encryption_context(USE.0, USE.1);
        let answer = call.ciphertext_blob(Blob::new(encrypted)).send().await;
        let answer = answer.map_err(|e| Fault::transient(format!("KMS: {}", describe(&e))))?;
        let number = answer.plaintext.ok_or_else(|| Fault::transient("KMS gave no plaintext"))?;
        // What it is instead is not told: it may be a part of the number.
        String::from_utf8(number.into_inner()).map_err(|_| Fault::bad_input("the number is no text"))
    }

    async fn warm(&self) {
        self.client().await;
    }
}
