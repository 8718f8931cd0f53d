//! Whether a webhook comes from Stripe (docs.stripe.com/webhooks, "Verify manually").

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How far a signature's time may be from ours (product.md, Payments).
const TOLERANCE_SECONDS: u64 = 300;

/// Why a webhook is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is missing or can't be read.
    #[error("the Stripe-Signature header is missing or can't be read")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature's time is more than {TOLERANCE_SECONDS} seconds away")]
    TooOld,
    /// No signature fits any of our secrets.
    #[error("the signature does not fit")]
    Wrong,
}

/// Checks `header` (`t=…,v1=…[,v1=…]`) against the body as it came. `secrets` are comma-separated: while one is
/// replaced by another both are good.
pub fn verify(
    header: Option<&str>,
    body: &[u8],
    secrets: &str,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let header = header.ok_or(SignatureError::Malformed)?;
    let mut signed_at = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", seconds)) => signed_at = Some(seconds),
            Some(("v1", signature)) => {
                signatures.extend(hex::decode(signature).ok().filter(|s| s.len() == 32))
            }
            // v0 is of test mode only, and others may come.
            _ => {}
        }
    }
    let signed_at = signed_at.ok_or(SignatureError::Malformed)?;
    let seconds: i64 = signed_at.parse().map_err(|_| SignatureError::Malformed)?;
    // Every pair is compared, in constant time: how long it takes says nothing about how near a guess was.
    let mut fits = subtle::Choice::from(0);
    for secret in secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty()) {
        let wanted = hmac(secret, signed_at, body);
        for signature in &signatures {
            fits |= wanted.ct_eq(signature);
        }
    }
    if !bool::from(fits) {
        return Err(SignatureError::Wrong);
    }
    if now.as_second().abs_diff(seconds) > TOLERANCE_SECONDS {
        return Err(SignatureError::TooOld);
    }
    Ok(())
}

fn hmac(secret: &str, signed_at: &str, body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length: the error can't happen, and nothing of this length fits.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Vec::new() };
    mac.update(signed_at.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{\"id\":\"evt_1\"}";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn signature(secret: &str, seconds: i64) -> String {
        hex::encode(hmac(secret, &seconds.to_string(), BODY))
    }

    #[test]
    fn a_signature_of_stripe_is_taken() {
        // openssl dgst -sha256 -hmac whsec_test over `1700000000.{"id":"evt_1"}`.
        let known = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
        let header = format!("t=1700000000,v1={known},v0=ignored");
        assert_eq!(verify(Some(&header), BODY, "whsec_test", at(1_700_000_100)), Ok(()));
    }

    #[test]
    fn either_of_two_secrets_and_any_of_several_signatures_will_do() {
        let header = format!("t=1000,v1={},v1={}", signature("other", 1000), signature("old", 1000));
        assert_eq!(verify(Some(&header), BODY, "new, old", at(1000)), Ok(()));
        assert_eq!(verify(Some(&header), BODY, "new", at(1000)), Err(SignatureError::Wrong));
    }

    #[test]
    fn five_minutes_are_tolerated_and_no_more() {
        let header = format!("t=1000,v1={}", signature("s", 1000));
        assert_eq!(verify(Some(&header), BODY, "s", at(1300)), Ok(()));
        assert_eq!(verify(Some(&header), BODY, "s", at(1301)), Err(SignatureError::TooOld));
        assert_eq!(verify(Some(&header), BODY, "s", at(699)), Err(SignatureError::TooOld));
    }

    #[test]
    fn a_time_that_was_not_signed_is_wrong() {
        let header = format!("t=1001,v1={}", signature("s", 1000));
        assert_eq!(verify(Some(&header), BODY, "s", at(1001)), Err(SignatureError::Wrong));
    }

    #[test]
    fn nonsense_is_malformed_or_wrong_and_never_taken() {
        for header in [None, Some(""), Some("v1=00"), Some("t=x,v1=00"), Some("t=,v1=")] {
            assert_eq!(verify(header, BODY, "s", at(1000)), Err(SignatureError::Malformed), "{header:?}");
        }
        for header in ["t=1000", "t=1000,v1=", "t=1000,v1=zz", "t=1000,v1=00"] {
            assert_eq!(verify(Some(header), BODY, "s", at(1000)), Err(SignatureError::Wrong), "{header}");
        }
        let header = format!("t=1000,v1={}", signature("", 1000));
        assert_eq!(verify(Some(&header), BODY, "", at(1000)), Err(SignatureError::Wrong));
    }
}
