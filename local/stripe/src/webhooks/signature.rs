//! Stripe's signature: `t=<seconds>,v1=<hex of HMAC-SHA256(secret, "<seconds>.<body>")>`.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The value of `Stripe-Signature`.
#[must_use]
pub fn header(secret: &str, at: i64, body: &str) -> String {
    // HMAC takes keys of any length: the error can't happen, and an empty signature would verify nowhere.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}
