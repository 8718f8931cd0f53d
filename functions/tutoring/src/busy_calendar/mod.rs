//! Busy time out of a tutor's calendar elsewhere: fetched, read, expanded.

pub mod events;
pub mod fetch;
pub mod ical;
pub mod zones;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::time::TimeRange;
use lectern_domain::tutoring::busy_calendar::{CalendarError, CalendarUrl};
use lectern_domain::tutoring::policy::BUSY_CALENDAR_DAYS;

pub use fetch::{Calendars, HttpsCalendars};

/// What is taken over of a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// When its owner is busy, in order; no two touch.
    pub busy: Vec<TimeRange>,
    /// Events that could not be read, or whose rule could not: what is busy then is not known.
    pub unread_events: u32,
}

/// Fetches the calendar and takes over what is busy from a little before `now` to the furthest day bookable.
/// Times without a zone, and whole days, are on the clock of `zone`.
pub async fn copy(
    calendars: &dyn Calendars,
    url: &CalendarUrl,
    zone: TimeZone,
    now: Timestamp,
) -> Result<Copied, CalendarError> {
    let text = calendars.fetch(url).await?;
    let window = window(now).ok_or(CalendarError::TooManyEvents)?;
    // Expanding is bounded, but may take long enough to keep other connections waiting.
    let expanded = tokio::task::spawn_blocking(move || ical::busy_times(&text, &zone, window));
    expanded.await.unwrap_or(Err(CalendarError::NotACalendar))
}

/// Two days back, so that an event which began yesterday, and every zone's today, is whole.
fn window(now: Timestamp) -> Option<TimeRange> {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    TimeRange::new(now.checked_sub(days(2)).ok()?, now.checked_add(days(BUSY_CALENDAR_DAYS)).ok()?)
}
