//! A tutor's free time the way that a search looks at it: computed ahead for some weeks, and kept.
//!
//! Only a search reads it. What can be booked is always asked of the [`Calendar`] itself, so what is kept may lag a
//! moment behind. Notice and horizon move with the clock, so they are not in it: the search applies them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::slots::Calendar;
use crate::time::TimeRange;

/// Weeks that are kept, this one included: from any moment of this week more than the 60 days that a search may look
/// ahead ([`SEARCH_DAYS_MAX`]).
pub const WEEKS: i8 = 10;

/// How far ahead a search for free time may look, in days.
pub const SEARCH_DAYS_MAX: i64 = 60;

/// Hours of a week.
const WEEK_HOURS: i64 = 168;

/// Free ranges of a week reach so far into the next one: the longest lesson that begins in the week then lies in them.
const REACH: SignedDuration = SignedDuration::from_hours(3);

/// The free ranges of one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeWeek {
    /// Its Monday, in UTC.
    pub monday: Date,
    /// What is free from then until three hours after the next Monday's midnight, in order.
    pub free: Vec<TimeRange>,
}

/// What is kept of a tutor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeTimes {
    /// The weeks, in order.
    pub weeks: Vec<FreeWeek>,
    /// Hours of the week in UTC (0 is Monday from midnight) in which the tutor teaches at times, lessons or not. Lessons
    /// come and go; these seldom change, so they are what an index can hold.
    pub hours: BTreeSet<i16>,
}

impl FreeTimes {
    /// The free times of the weeks from `first` on.
    pub fn of(calendar: &Calendar<'_>, first: Date) -> Self {
        let mut times = Self { weeks: Vec::new(), hours: BTreeSet::new() };
        for monday in mondays(first) {
            let (Some(start), Some(next)) = (midnight(monday), monday_after(monday).and_then(midnight))
            else {
                break;
            };
            let end = next + REACH;
            let within = |range: &TimeRange| TimeRange::new(range.start().max(start), range.end().min(end));
            let free = calendar.open(start, end).iter().filter_map(within).collect();
            times.weeks.push(FreeWeek { monday, free });
            times.hours.extend(calendar.hours(start, next).iter().filter_map(within).flat_map(hours_of_week));
        }
        times
    }
}

/// The Mondays of the weeks that are kept.
pub fn mondays(first: Date) -> impl Iterator<Item = Date> {
    first.series(Span::new().days(7)).take(usize::try_from(WEEKS).unwrap_or_default())
}

/// The Monday (UTC) of the week in which a moment lies.
pub fn monday_of(at: Timestamp) -> Date {
    let date = at.to_zoned(TimeZone::UTC).date();
    let days = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(Span::new().days(days)).unwrap_or(date)
}

/// The Monday after.
pub fn monday_after(monday: Date) -> Option<Date> {
    monday.checked_add(Span::new().days(7)).ok()
}

fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The hours of the week of which a range has a part; all of them when it is a week long.
pub fn hours_of_week(range: TimeRange) -> impl Iterator<Item = i16> {
    // 1970 began on a Thursday: 72 hours into its week.
    let hour = |second: i64| second.div_euclid(3_600) + 72;
    let (first, last) = (hour(range.start().as_second()), hour(last_second(range)));
    let count = (last - first).clamp(0, WEEK_HOURS - 1);
    (first..=first + count).map(|hour| i16::try_from(hour.rem_euclid(WEEK_HOURS)).unwrap_or_default())
}

/// The last whole second of a range, whose end is not in it.
fn last_second(range: TimeRange) -> i64 {
    let end = range.end();
    if end.subsec_nanosecond() == 0 { end.as_second() - 1 } else { end.as_second() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::FieldErrors;
    use crate::tutoring::availability::{Availability, LessonMinutes};
    use crate::tutoring::overrides::Overrides;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn range(start: &str, end: &str) -> TimeRange {
        TimeRange::new(at(start), at(end)).unwrap()
    }

    fn availability(weekday: &str, from: &str, to: &str) -> Availability {
        let value = json!({
            "weekly": [{ "weekday": weekday, "from": from, "to": to }],
            "bufferBeforeMinutes": 0, "bufferAfterMinutes": 10, "minimumNoticeMinutes": 0, "horizonDays": 60,
            "lessonMinutes": [30, 60, 180],
        });
        deserr::deserialize::<_, _, FieldErrors>(value).unwrap()
    }

    #[test]
    fn hours_are_counted_from_monday_midnight_in_utc() {
        let hours = |start, end| hours_of_week(range(start, end)).collect::<Vec<_>>();
        assert_eq!(hours("2027-05-03T00:00:00Z", "2027-05-03T01:00:00Z"), [0]);
        assert_eq!(hours("2027-05-04T17:59:00Z", "2027-05-04T19:00:01Z"), [41, 42, 43]);
        assert_eq!(hours("2027-05-09T23:30:00Z", "2027-05-10T00:30:00Z"), [167, 0]);
        assert_eq!(hours("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"), [71]);
        assert_eq!(hours("2027-05-04T17:00:00Z", "2027-06-04T17:00:00Z").len(), 168);
    }

    #[test]
    fn a_week_begins_on_monday() {
        let monday = "2027-05-03".parse::<Date>().unwrap();
        assert_eq!(monday_of(at("2027-05-03T00:00:00Z")), monday);
        assert_eq!(monday_of(at("2027-05-09T23:59:59Z")), monday);
        assert_eq!(mondays(monday).last().unwrap(), "2027-07-05".parse::<Date>().unwrap());
    }

    #[test]
    fn every_slot_lies_whole_in_the_week_in_which_it_begins_and_in_an_hour_that_is_named() {
        // Sundays until midnight in New York: the week in UTC ends in the middle of it; and the clock is changed.
        let zone = TimeZone::get("America/New_York").unwrap();
        let availability = availability("sunday", "15:00", "24:00");
        let busy = [range("2027-03-07T22:00:00Z", "2027-03-07T23:00:00Z")];
        let now = at("2027-03-01T00:00:00Z");
        let calendar = Calendar {
            availability: &availability,
            overrides: &Overrides::default(),
            zone: &zone,
            lessons: &busy,
            busy: &[],
            now,
            grid_minutes: 15,
        };
        let times = FreeTimes::of(&calendar, monday_of(now));
        let mut slots = 0;
        for minutes in [30, 60, 180] {
            for slot in calendar.slots(LessonMinutes::new(minutes).unwrap(), now, at("2027-05-09T00:00:00Z"))
            {
                let week = times.weeks.iter().find(|week| week.monday == monday_of(slot.start())).unwrap();
                assert!(week.free.iter().any(|free| free.contains(slot)), "{slot:?}");
                assert!(
                    hours_of_week(slot).next().is_some_and(|hour| times.hours.contains(&hour)),
                    "{slot:?}"
                );
                slots += 1;
            }
        }
        assert!(slots > 500, "{slots}");
        assert_eq!(times.weeks.len(), 10);
        assert!(times.weeks.iter().flat_map(|week| &week.free).all(|free| !free.overlaps(busy[0])));
    }
}
