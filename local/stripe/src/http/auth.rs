//! Who asks: a key, as a bearer token or as the user name of basic authentication.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::config::Config;
use crate::error::Failure;

/// Which key a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The secret key: may do everything.
    Secret,
    /// The publishable key: may confirm and read a payment intent whose client secret it knows.
    Publishable,
}

const NO_KEY: &str = "You did not provide an API key. You need to provide your API key in the Authorization header, \
                      using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See \
                      https://stripe.com/docs/api#authentication for details, or we can help at \
                      https://support.stripe.com/.";

/// The caller of a request, whose key is in its header or, as Stripe.js sends it, among its parameters.
///
/// # Errors
/// There is no key, or it is neither of ours.
pub fn caller(config: &Config, headers: &HeaderMap, param: Option<String>) -> Result<Caller, Failure> {
    let key = from_header(headers).or(param).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Failure::Unauthenticated(NO_KEY.to_owned()))?;
    let is = |wanted: &str| bool::from(key.as_bytes().ct_eq(wanted.as_bytes()));
    if is(&config.secret_key) {
        return Ok(Caller::Secret);
    }
    if is(&config.publishable_key) {
        return Ok(Caller::Publishable);
    }
    Err(Failure::Unauthenticated(format!("Invalid API Key provided: {}", masked(&key))))
}

fn from_header(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let user = decoded.split(':').next()?;
    Some(user.to_owned())
}

/// As Stripe shows a key that isn't valid: its beginning and its last four characters.
fn masked(key: &str) -> String {
    let characters: Vec<_> = key.chars().collect();
    if characters.len() <= 12 {
        return "*".repeat(characters.len());
    }
    let shown = |range: &[char]| range.iter().collect::<String>();
    let (start, end) = (shown(&characters[..8]), shown(&characters[characters.len() - 4..]));
    format!("{start}{}{end}", "*".repeat(characters.len() - 12))
}
