//! Whether a request is sent again, and when (docs.stripe.com/error-low-level, docs.stripe.com/rate-limits).

use std::time::Duration;

use lectern_runtime::clock::random_bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A function answers within 30 s: what Stripe wants to be left alone for longer is left to a later step or sweep.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// What an answer means for the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It says what became of it.
    Final,
    /// It doesn't, and the same request with the same key may, after at least that time.
    Again(Option<Duration>),
    /// It doesn't, and to ask again now brings nothing.
    Unclear,
}

/// Judges an answer by its status and by what Stripe says of it: `Stripe-Should-Retry` wins over the status.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap) -> Verdict {
    let is_stored = headers.contains_key("idempotent-replayed");
    let wish = headers.get("stripe-should-retry").and_then(|value| value.to_str().ok());
    // Another request with this key is being worked on, or too many are, or Stripe failed.
    let is_unclear =
        matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) || status.is_server_error();
    match wish {
        _ if status.is_success() => Verdict::Final,
        // The stored answer to a key never changes.
        _ if is_stored && is_unclear => Verdict::Unclear,
        Some("true") if !is_stored => Verdict::Again(wanted_wait(headers)),
        Some("false") if is_unclear => Verdict::Unclear,
        _ if is_unclear => Verdict::Again(wanted_wait(headers)),
        _ => Verdict::Final,
    }
}

/// `Retry-After`, which Stripe gives in seconds.
fn wanted_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// How long to wait before try `tries` + 1: half of the doubling pause and a random part of the other half, so that
/// those who failed together don't come back together; no less than Stripe wants. None if that is too long.
pub(super) fn pause(first: Duration, tries: u32, wanted: Option<Duration>) -> Option<Duration> {
    let full = first * 2_u32.saturating_pow(tries - 1);
    let [random] = random_bytes::<1>();
    let ours = full / 2 + full * u32::from(random) / 512;
    match wanted {
        Some(wanted) if wanted > WAIT_MAX => None,
        Some(wanted) => Some(ours.max(wanted)),
        None => Some(ours),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn judged(status: u16, headers: &[(&'static str, &'static str)]) -> Verdict {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        judge(StatusCode::from_u16(status).unwrap(), &headers.iter().map(pair).collect())
    }

    #[test]
    fn what_says_what_became_of_it_is_final() {
        for status in [200, 400, 401, 402, 403, 404] {
            assert_eq!(judged(status, &[]), Verdict::Final, "{status}");
        }
        assert_eq!(judged(200, &[("stripe-should-retry", "true")]), Verdict::Final);
        assert_eq!(judged(402, &[("stripe-should-retry", "false")]), Verdict::Final);
        assert_eq!(
            judged(402, &[("idempotent-replayed", "true"), ("stripe-should-retry", "true")]),
            Verdict::Final
        );
    }

    #[test]
    fn a_lock_a_limit_and_an_outage_are_asked_again_when_stripe_wants() {
        for status in [409, 429, 500, 503] {
            assert_eq!(judged(status, &[]), Verdict::Again(None), "{status}");
            let after = [("retry-after", "3")];
            assert_eq!(judged(status, &after), Verdict::Again(Some(Duration::from_secs(3))), "{status}");
            assert_eq!(judged(status, &[("stripe-should-retry", "false")]), Verdict::Unclear, "{status}");
            assert_eq!(judged(status, &[("idempotent-replayed", "true")]), Verdict::Unclear, "{status}");
        }
        assert_eq!(judged(400, &[("stripe-should-retry", "true")]), Verdict::Again(None));
        assert_eq!(judged(500, &[("retry-after", "soon")]), Verdict::Again(None));
    }

    #[test]
    fn a_pause_doubles_is_drawn_by_lot_and_is_no_shorter_than_stripe_wants() {
        let first = Duration::from_millis(100);
        for tries in 1..=5 {
            let full = first * 2_u32.pow(tries - 1);
            let drawn = pause(first, tries, None).unwrap();
            assert!(full / 2 <= drawn && drawn <= full, "{drawn:?} of {full:?}");
        }
        assert_eq!(pause(first, 1, Some(Duration::from_secs(2))), Some(Duration::from_secs(2)));
        assert_eq!(pause(first, 1, Some(Duration::from_secs(60))), None);
    }
}
