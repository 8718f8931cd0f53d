//! Moments, ranges of time and time zones, with `jiff`.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{FieldErrors, Invalid};

/// A moment in UTC, as RFC 3339 in JSON, to the microsecond (what PostgreSQL keeps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

impl Instant {
    /// From jiff's own type; what is finer than a microsecond is cut off.
    pub fn new(at: Timestamp) -> Self {
        Self(Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at))
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse::<Timestamp>()
            .map(Self::new)
            .map_err(|_| Invalid::new("must be an RFC 3339 time with its offset, like 2027-01-31T17:00:00Z"))
    }

    /// jiff's own type.
    pub const fn get(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self::new(at)
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

crate::text_value!(Instant, "Instant", { "type": "string", "format": "date-time" });

/// A calendar date, as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = if shape { text.parse().ok() } else { None };
        date.map(Self).ok_or_else(|| Invalid::new("must be a date, like 2008-05-31"))
    }

    /// jiff's own type.
    pub const fn get(self) -> civil::Date {
        self.0
    }
}

impl From<civil::Date> for Date {
    fn from(date: civil::Date) -> Self {
        Self(date)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

crate::text_value!(Date, "Date", { "type": "string", "format": "date" });

/// The name of a time zone in the IANA database, like `Europe/Berlin`; known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName(String);

impl ZoneName {
    /// Reads and looks up the name.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let zone = TimeZone::get(name)
            .map_err(|_| Invalid::new("must be an IANA time zone, like America/New_York"))?;
        Ok(Self(zone.iana_name().unwrap_or(name).to_owned()))
    }

    /// Universal time.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone's rules. UTC, should the name have left the database since it was read.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl std::fmt::Display for ZoneName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(ZoneName, "ZoneName", { "type": "string", "description": "IANA time zone", "examples": ["Europe/Berlin"] });

/// A span of time from `start` (included) to `end` (excluded); never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TimeRange {
    /// First moment of it.
    start: Instant,
    /// First moment after it.
    end: Instant,
}

impl TimeRange {
    /// A range from `start` to `end`; `None` unless `start < end`.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start: start.into(), end: end.into() })
    }

    /// A range that begins at `start` and lasts `minutes`; `None` when it is empty or leaves the calendar.
    pub fn of_minutes(start: Timestamp, minutes: u16) -> Option<Self> {
        let end = start.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()?;
        Self::new(start, end)
    }

    /// First moment.
    pub const fn start(self) -> Timestamp {
        self.start.get()
    }

    /// First moment after.
    pub const fn end(self) -> Timestamp {
        self.end.get()
    }

    /// Whether a moment belongs to both.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether all of `other` lies in it.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The range, made longer on both sides. What would leave the calendar is cut off there.
    pub fn padded(self, before: SignedDuration, after: SignedDuration) -> Self {
        Self {
            start: self.start().checked_sub(before).unwrap_or(Timestamp::MIN).into(),
            end: self.end().checked_add(after).unwrap_or(Timestamp::MAX).into(),
        }
    }
}

/// A time of day on the wall, in whole minutes from midnight: 0 to 1 440 (`24:00`, the end of the day).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u16);

impl WallTime {
    /// Minutes in a day.
    pub const DAY_MINUTES: u16 = 1_440;
    /// The beginning of the day.
    pub const MIDNIGHT: Self = Self(0);
    /// The end of the day: `24:00`.
    pub const DAY_END: Self = Self(Self::DAY_MINUTES);

    /// Reads `HH:MM`, `24:00` included.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("must be a time of day, like 09:30 (24:00 is the end of the day)");
        let (hour, minute) = text.split_once(':').ok_or_else(invalid)?;
        let two_digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return Err(invalid());
        }
        let (hour, minute): (u16, u16) =
            (hour.parse().map_err(|_| invalid())?, minute.parse().map_err(|_| invalid())?);
        let minutes = hour * 60 + minute;
        if minute > 59 || minutes > Self::DAY_MINUTES {
            return Err(invalid());
        }
        Ok(Self(minutes))
    }

    /// Minutes from midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// This time of day on that date; `24:00` is midnight of the next one.
    pub fn on(self, date: civil::Date) -> Option<civil::DateTime> {
        if self.0 == Self::DAY_MINUTES {
            return date.tomorrow().ok().map(|d| d.at(0, 0, 0, 0));
        }
        let (hour, minute) = (i8::try_from(self.0 / 60).ok()?, i8::try_from(self.0 % 60).ok()?);
        Some(date.at(hour, minute, 0, 0))
    }
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

crate::text_value!(WallTime, "WallTime", { "type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]$" });

crate::words! {
    /// A day of the week.
    pub enum Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

impl From<civil::Weekday> for Weekday {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Monday => Self::Monday,
            civil::Weekday::Tuesday => Self::Tuesday,
            civil::Weekday::Wednesday => Self::Wednesday,
            civil::Weekday::Thursday => Self::Thursday,
            civil::Weekday::Friday => Self::Friday,
            civil::Weekday::Saturday => Self::Saturday,
            civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A whole number of minutes within fixed bounds, as the API takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// Checks the bounds.
    pub fn new(value: u32) -> Result<Self, Invalid> {
        if (MIN..=MAX).contains(&value) {
            Ok(Self(value))
        } else {
            Err(Invalid::new(format!("must be {MIN} to {MAX}")))
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Deserr<FieldErrors> for Bounded<MIN, MAX> {
    /// A JSON number, or its digits: in a query string everything is a text.
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let invalid = || FieldErrors::at(location, format!("must be a whole number, {MIN} to {MAX}"));
        let number = match value {
            Value::Integer(n) => u32::try_from(n).map_err(|_| invalid())?,
            Value::String(text) => text.parse().map_err(|_| invalid())?,
            _ => return Err(invalid()),
        };
        Self::new(number).map_err(|_| invalid())
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Integer{MIN}To{MAX}").into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_and_written_alike() {
        for text in ["00:00", "09:05", "23:59", "24:00"] {
            assert_eq!(WallTime::parse(text).unwrap().to_string(), text);
        }
        for text in ["24:01", "9:00", "12:60", "1200", "+1:00", ""] {
            assert!(WallTime::parse(text).is_err(), "{text} was read");
        }
    }

    #[test]
    fn an_instant_is_cut_to_what_the_database_keeps() {
        let at = Instant::parse("2027-01-31T18:00:00.123456789+01:00").unwrap();
        assert_eq!(at.to_string(), "2027-01-31T17:00:00.123456Z");
    }

    #[test]
    fn a_zone_must_exist() {
        assert_eq!(ZoneName::parse("europe/berlin").unwrap().as_str(), "Europe/Berlin");
        assert!(ZoneName::parse("Mars/Olympus").is_err());
    }

    #[test]
    fn ranges_that_only_touch_do_not_overlap() {
        let at = |m: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(m);
        let (a, b) = (TimeRange::new(at(0), at(60)).unwrap(), TimeRange::new(at(60), at(90)).unwrap());
        assert!(!a.overlaps(b) && !b.overlaps(a));
        assert!(a.padded(SignedDuration::ZERO, SignedDuration::from_mins(1)).overlaps(b));
        assert!(TimeRange::new(at(1), at(1)).is_none());
    }
}
