//! In the place of KMS: hides a number from a search, and knows whose it is.

use async_trait::async_trait;
use lectern_domain::id::UserId;
use lectern_domain::payments::tax::TaxId;
use lectern_payments::tax_document::Filer;
use lectern_payments::vault::Vault;
use lectern_runtime::Fault;

/// Turns every bit, and writes the owner in front.
pub struct PaperVault;

fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

#[async_trait]
impl Vault for PaperVault {
    async fn encrypt(&self, tutor: UserId, number: &TaxId) -> Result<Vec<u8>, Fault> {
        Ok([tutor.0.as_bytes().to_vec(), turned(number.secret().as_bytes())].concat())
    }

    async fn decrypt(&self, tutor: UserId, encrypted: &[u8]) -> Result<String, Fault> {
        let number = encrypted.strip_prefix(tutor.0.as_bytes().as_slice());
        let number = number.ok_or_else(|| Fault::transient("it is another tutor's"))?;
        Ok(String::from_utf8(turned(number)).unwrap())
    }
}

/// A vault that nobody can reach.
pub struct ShutVault;

#[async_trait]
impl Vault for ShutVault {
    async fn encrypt(&self, _tutor: UserId, _number: &TaxId) -> Result<Vec<u8>, Fault> {
        Err(Fault::transient("the vault is shut"))
    }

    async fn decrypt(&self, _tutor: UserId, _encrypted: &[u8]) -> Result<String, Fault> {
        Err(Fault::transient("the vault is shut"))
    }
}

/// Whoever files in tests.
pub fn filer() -> Filer {
    Filer {
        name: "Lectern Inc.".to_owned(),
        address: "1 Chalk St, Springfield, IL 62701".to_owned(),
        tin: "12-3456789".to_owned(),
        phone: "+1 217 555 0100".to_owned(),
    }
}
