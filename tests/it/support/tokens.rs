//! Tokens that are not as they should be, each in one respect: signed with the user pool's own key, which the emulator
//! keeps among its data, so that nothing but that respect is wrong.

use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::copy::Copy;

/// A token taken apart.
#[derive(Clone)]
pub struct Token {
    pub header: Value,
    pub claims: Value,
}

impl Token {
    pub fn of(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
        Self { header: json(), claims: json() }
    }

    /// With another value of a claim.
    pub fn with(&self, claim: &str, value: Value) -> Self {
        let mut token = self.clone();
        token.claims[claim] = value;
        token
    }

    fn to_be_signed(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    /// Signed with the pool's key.
    pub fn signed(&self) -> String {
        self.signed_by(&pool_key())
    }

    fn signed_by(&self, key: &RsaKeyPair) -> String {
        let text = self.to_be_signed();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signed by somebody else, under the name of the pool's key.
    pub fn forged(&self) -> String {
        let key = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        self.signed_by(&key)
    }

    /// The oldest trick: a token that says that it needs no signature.
    pub fn unsigned(&self) -> String {
        let mut token = self.clone();
        token.header["alg"] = json!("none");
        format!("{}.", token.to_be_signed())
    }
}

fn pool_key() -> RsaKeyPair {
    let keys: PathBuf = Copy::get().state.join("emulator").join("cognito-pool-keys");
    let pool = Copy::get().user_pool();
    let pem = std::fs::read_to_string(keys.join(format!("{pool}-access.pem"))).unwrap();
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(text).unwrap();
    RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).unwrap()
}
