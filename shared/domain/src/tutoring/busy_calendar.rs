//! A tutor's calendar elsewhere, out of which busy time is taken over.
//!
//! Here is what is decided about it: which URL is taken, which address may be connected to, when it is read
//! again, and what its tutor is told. Reading and expanding it is I/O and a library's, and belongs to the
//! context.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use url::{Host, Url};

use super::policy::{BUSY_CALENDAR_REFRESH_MINUTES, BUSY_CALENDAR_RETRY_MINUTES_MAX};
use crate::field::Invalid;

/// Longest URL that is taken.
const URL_LENGTH_MAX: usize = 2_048;

/// Where the calendar is. Whoever has the URL has the calendar, so it is a secret: `Debug` shows it masked,
/// and it has neither `Display` nor `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarUrl(Url);

impl CalendarUrl {
    /// Reads a URL: HTTPS, without user and password, and if its host is an address, a public one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > URL_LENGTH_MAX {
            return Err(Invalid::new(format!("must have at most {URL_LENGTH_MAX} characters")));
        }
        Url::parse(text.trim())
            .map_err(|_| Invalid::new("must be a URL that begins with https://"))
            .and_then(Self::of)
    }

    /// Where a redirect from here leads; checked like any other.
    pub fn join(&self, location: &str) -> Result<Self, Invalid> {
        self.0.join(location).map_err(|_| Invalid::new("must be a URL")).and_then(Self::of)
    }

    fn of(mut url: Url) -> Result<Self, Invalid> {
        if url.scheme() != "https" || url.host().is_none() {
            return Err(Invalid::new("must be a URL that begins with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::new("must not hold a user name or password"));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// All of it, for the connection and the database.
    pub fn secret(&self) -> &str {
        self.0.as_str()
    }

    /// The host when it is an address: that needs no look-up, so it must be checked by itself.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }

    /// What may be shown of it: the host.
    pub fn masked(&self) -> String {
        format!("https://{}/…", self.0.host_str().unwrap_or_default())
    }
}

impl std::fmt::Debug for CalendarUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl deserr::Deserr<crate::field::FieldErrors> for CalendarUrl {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, crate::field::FieldErrors> {
        let text = String::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|e: Invalid| crate::field::FieldErrors::at(location, e.0))
    }
}

impl JsonSchema for CalendarUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CalendarUrl".into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "uri", "pattern": "^https://", "maxLength": URL_LENGTH_MAX,
            "description": "An iCalendar URL; a secret, never shown again in full",
        })
    }
}

/// Whether an address is somewhere in the public Internet: what isn't may be a machine of ours, or of the
/// network that we run in (RFC 6890, RFC 6598; the metadata services of clouds are link-local or ULA).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // Everything that is not for the Internet at large, in the order of the addresses.
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only what is given out as global unicast (2000::/3), without what is set apart in it: protocol
    // assignments with Teredo, documentation, and 6to4, which would carry any IPv4 address.
    let global = a & 0xe000 == 0x2000;
    let set_apart =
        (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    global && !set_apart
}

crate::words! {
    /// Why a calendar could not be read.
    pub enum CalendarError {
        /// No name, no connection, or no TLS.
        Unreachable = "unreachable",
        /// The host is not in the public Internet.
        NotPublic = "not_public",
        /// It leads on and on, or to somewhere that isn't taken.
        BadRedirect = "bad_redirect",
        /// The server wants no one to read it, or has it no longer.
        Refused = "refused",
        /// The server has a failure of its own.
        ServerFailed = "server_failed",
        /// No whole answer in time.
        TooSlow = "too_slow",
        /// More bytes than are taken.
        TooLarge = "too_large",
        /// What came is not iCalendar.
        NotACalendar = "not_a_calendar",
        /// It repeats more often than is taken.
        TooManyEvents = "too_many_events",
    }
}

impl CalendarError {
    /// In words for the tutor.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Unreachable => "The calendar's server can't be reached.",
            Self::NotPublic => "The calendar's server is not in the public Internet.",
            Self::BadRedirect => "The URL leads on too often, or to a place that isn't HTTPS.",
            Self::Refused => "The calendar's server refuses: the URL may have been withdrawn or is wrong.",
            Self::ServerFailed => "The calendar's server has a failure of its own.",
            Self::TooSlow => "The calendar's server didn't answer in time.",
            Self::TooLarge => "The calendar is larger than 1 MiB.",
            Self::NotACalendar => "What is at the URL is not an iCalendar file.",
            Self::TooManyEvents => "The calendar has more events than can be taken over.",
        }
    }
}

crate::words! {
    /// How good the copy of a calendar is.
    pub enum CopyStatus {
        /// The latest try succeeded.
        Current = "current",
        /// The latest try failed; the last good copy counts.
        Outdated = "outdated",
        /// No try has succeeded yet: nothing of it counts.
        Missing = "missing",
    }
}

/// A tutor's calendar elsewhere, without the busy times in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyCalendar {
    /// Where it is.
    pub url: CalendarUrl,
    /// When the copy was made that counts.
    pub copied_at: Option<Timestamp>,
    /// When it was tried last.
    pub tried_at: Timestamp,
    /// Why the latest try failed, if it did.
    pub error: Option<CalendarError>,
    /// Tries that have failed since the last good one.
    pub failures: u32,
    /// When it is to be tried next.
    pub due_at: Timestamp,
}

impl BusyCalendar {
    /// After a try at `now`. `before` is what was known of this tutor's calendar; a copy out of another URL
    /// is none.
    pub fn tried(
        url: CalendarUrl,
        before: Option<&Self>,
        outcome: Result<(), CalendarError>,
        now: Timestamp,
    ) -> Self {
        let before = before.filter(|known| known.url == url);
        let error = outcome.err();
        let failures = error.map_or(0, |_| before.map_or(0, |known| known.failures).saturating_add(1));
        let copied_at = if error.is_none() { Some(now) } else { before.and_then(|known| known.copied_at) };
        let due_at = now.checked_add(pause(failures)).unwrap_or(Timestamp::MAX);
        Self { url, copied_at, tried_at: now, error, failures, due_at }
    }

    /// How good the copy is.
    pub fn status(&self) -> CopyStatus {
        match (self.copied_at, self.error) {
            (None, _) => CopyStatus::Missing,
            (Some(_), Some(_)) => CopyStatus::Outdated,
            (Some(_), None) => CopyStatus::Current,
        }
    }
}

/// Until the next try: a quarter of an hour, twice as long after each failure in a row, six hours at most.
fn pause(failures: u32) -> SignedDuration {
    let doubled = BUSY_CALENDAR_REFRESH_MINUTES.saturating_mul(1 << failures.saturating_sub(1).min(10));
    SignedDuration::from_mins(doubled.min(BUSY_CALENDAR_RETRY_MINUTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_https_and_holds_no_credentials() {
        let url = CalendarUrl::parse("https://calendar.example/private-abc/basic.ics#top").unwrap();
        assert_eq!(url.secret(), "https://calendar.example/private-abc/basic.ics");
        let long = format!("https://calendar.example/{}", "x".repeat(2_048));
        let bad = [
            "http://calendar.example/",
            "ftp://calendar.example/",
            "webcal://calendar.example/",
            "calendar.example",
            "https://",
            "https://ada@calendar.example/",
            "https://ada:pw@calendar.example/",
            "file:///etc/passwd",
            &long,
        ];
        for text in bad {
            assert!(CalendarUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_is_never_shown_in_full() {
        let url = CalendarUrl::parse("https://calendar.example:8443/private-abc?key=def").unwrap();
        assert_eq!(format!("{url:?}"), "https://calendar.example/…");
        assert_eq!(url.masked(), "https://calendar.example/…");
    }

    #[test]
    fn a_redirect_is_checked_like_a_url() {
        let url = CalendarUrl::parse("https://calendar.example/a/b").unwrap();
        assert_eq!(url.join("c").unwrap().secret(), "https://calendar.example/a/c");
        assert_eq!(url.join("//other.example/c").unwrap().secret(), "https://other.example/c");
        assert!(url.join("http://calendar.example/").is_err());
        assert!(url.join("https://me@calendar.example/").is_err());
    }

    #[test]
    fn addresses_in_any_disguise_are_seen() {
        let address = |text: &str| CalendarUrl::parse(text).unwrap().address().map(|a| a.to_string());
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://0177.0.0.1/",
        ] {
            assert_eq!(address(text).as_deref(), Some("127.0.0.1"), "{text}");
        }
        assert_eq!(address("https://[::ffff:10.0.0.1]/").as_deref(), Some("::ffff:10.0.0.1"));
        assert_eq!(address("https://calendar.example/"), None);
    }

    #[test]
    fn only_the_public_internet_is_public() {
        let private = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.1.2.3",
            "64:ff9b::7f00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ];
        for text in private {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_failure_keeps_the_last_good_copy_and_waits_longer_each_time() {
        let url = CalendarUrl::parse("https://calendar.example/a").unwrap();
        let good = BusyCalendar::tried(url.clone(), None, Ok(()), at(0));
        assert_eq!((good.status(), good.copied_at, good.due_at), (CopyStatus::Current, Some(at(0)), at(15)));
        let mut known = good;
        for (n, wait) in [15, 30, 60, 120, 240, 360, 360, 360].into_iter().enumerate() {
            let now = known.due_at;
            known = BusyCalendar::tried(url.clone(), Some(&known), Err(CalendarError::TooSlow), now);
            assert_eq!((known.status(), known.copied_at), (CopyStatus::Outdated, Some(at(0))));
            assert_eq!(
                (known.failures, known.due_at.duration_since(now)),
                (n as u32 + 1, SignedDuration::from_mins(wait))
            );
        }
        known.failures = u32::MAX;
        known = BusyCalendar::tried(url.clone(), Some(&known), Err(CalendarError::TooSlow), at(0));
        assert_eq!(known.due_at, at(360));
        let again = BusyCalendar::tried(url, Some(&known), Ok(()), at(9_000));
        assert_eq!((again.status(), again.failures, again.error), (CopyStatus::Current, 0, None));
    }

    #[test]
    fn another_calendars_copy_does_not_count() {
        let url = |text: &str| CalendarUrl::parse(text).unwrap();
        let old = BusyCalendar::tried(url("https://calendar.example/a"), None, Ok(()), at(0));
        let new = BusyCalendar::tried(
            url("https://calendar.example/b"),
            Some(&old),
            Err(CalendarError::Refused),
            at(1),
        );
        assert_eq!((new.status(), new.failures), (CopyStatus::Missing, 1));
    }
}
