//! The events of a calendar file, one by one, as far as busy time is concerned.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendarComponent, ICalendarDuration, ICalendarEntry, ICalendarParameterName, ICalendarPeriod,
    ICalendarProperty, ICalendarRecurrenceRule, ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use lectern_domain::time::TimeRange;

use super::zones::{Zones, wall};

/// A time on the wall, and of which wall. Recurrences are on the wall; moments are what they come to.
#[derive(Clone, Debug)]
pub struct Moment {
    /// What the clock shows.
    pub wall: DateTime,
    /// Whose clock.
    pub zone: TimeZone,
}

impl Moment {
    /// The moment in UTC. A time that the clock leaps over is read with the offset of before, and of one that
    /// it shows twice the first is meant (RFC 5545, 3.3.5).
    pub fn at(&self) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(self.wall).compatible().ok()
    }

    /// Another time on the same clock.
    pub fn on(&self, wall: DateTime) -> Self {
        Self { wall, zone: self.zone.clone() }
    }
}

/// How long an event is: days on the wall, and then an exact time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Length {
    days: i64,
    exact: SignedDuration,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Events with the same id are one series with its exceptions.
    pub uid: Option<String>,
    /// Of two with the same id and `instead_of`, the higher counts.
    pub sequence: i64,
    /// Whether it takes time: it is neither cancelled nor marked as free.
    pub busy: bool,
    /// When it begins, the first time.
    pub start: Moment,
    /// How long it lasts, each time.
    pub length: Length,
    /// How it repeats.
    pub rules: Vec<ICalendarRecurrenceRule>,
    /// Further times, some with a length of their own.
    pub added: Vec<(Moment, Option<Length>)>,
    /// Times at which it isn't.
    pub left_out: Vec<Timestamp>,
    /// It stands in the place of this time of the series…
    pub instead_of: Option<Timestamp>,
    /// …and of all that come after.
    pub and_later: bool,
}

impl Event {
    /// Reads a `VEVENT`; `None` when it has no time that can be understood.
    pub fn of(component: &ICalendarComponent, zones: &Zones<'_>) -> Option<Self> {
        let first = |property| moments(component.property(&property)?, zones).ok()?.into_iter().next();
        let instead = component.property(&ICalendarProperty::RecurrenceId);
        let (start, whole_day) = first(ICalendarProperty::Dtstart)?;
        let left_out =
            component.properties(&ICalendarProperty::Exdate).map(|entry| moments(entry, zones).ok());
        let left_out: Option<Vec<_>> = left_out.collect();
        let rules = component.properties(&ICalendarProperty::Rrule).flat_map(|entry| &entry.values);
        let rules = rules.map(|value| match value {
            ICalendarValue::RecurrenceRule(rule) => Some(rule.as_ref().clone()),
            _ => None,
        });
        let instead_of = match instead {
            Some(_) => Some(first(ICalendarProperty::RecurrenceId)?.0.at()?),
            None => None,
        };
        let range = instead.and_then(|entry| entry.parameter(&ICalendarParameterName::Range));
        Some(Self {
            uid: component.uid().map(str::to_owned),
            sequence: component
                .property(&ICalendarProperty::Sequence)
                .and_then(|entry| entry.values.first()?.as_integer())
                .unwrap_or(0),
            busy: !matches!(component.status(), Some(ICalendarStatus::Cancelled))
                && !matches!(component.transparency(), Some(ICalendarTransparency::Transparent)),
            length: length(component, zones, &start, whole_day)?,
            rules: rules.collect::<Option<_>>()?,
            added: added(component, zones)?,
            left_out: left_out?.into_iter().flatten().filter_map(|(moment, _)| moment.at()).collect(),
            start,
            instead_of,
            and_later: range.is_some(),
        })
    }

    /// From a start for this event's length, or for its own; `None` when it takes no time.
    pub fn range(&self, start: &Moment, own: Option<Length>) -> Option<TimeRange> {
        let length = own.unwrap_or(self.length);
        let last_day = start.wall.checked_add(Span::new().try_days(length.days).ok()?).ok()?;
        let end = start.on(last_day).at()?.checked_add(length.exact).ok()?;
        TimeRange::new(start.at()?, end)
    }

    /// How many days one time of it can last, rounded up.
    pub fn days(&self) -> i64 {
        self.length.days + self.length.exact.as_hours() / 24 + 1
    }
}

/// A value in UTC or with an offset has a clock of its own; any other is on that of the property's `TZID`.
/// `Err` when nobody knows that zone, or the value isn't a time. The flag is whether it is a date.
fn moment(parts: &PartialDateTime, tzid: Option<&str>, zones: &Zones<'_>) -> Result<(Moment, bool), ()> {
    let whole_day = !parts.has_time();
    let zone = match parts.tz_hour {
        Some(hours) => {
            let seconds = i32::from(hours) * 3_600 + i32::from(parts.tz_minute.unwrap_or(0)) * 60;
            let seconds = if parts.tz_minus { -seconds } else { seconds };
            TimeZone::fixed(Offset::from_seconds(seconds).map_err(drop)?)
        }
        // A date has no zone: it is that day wherever the tutor is.
        None => zones.get(tzid.filter(|_| !whole_day)).ok_or(())?,
    };
    Ok((Moment { wall: wall(parts).ok_or(())?, zone }, whole_day))
}

fn moments(entry: &ICalendarEntry, zones: &Zones<'_>) -> Result<Vec<(Moment, bool)>, ()> {
    let values = entry.values.iter().map(|value| match value {
        ICalendarValue::PartialDateTime(parts) => moment(parts, entry.tz_id(), zones),
        _ => Err(()),
    });
    values.collect()
}

/// `RDATE`s: starts, or periods with an end of their own.
fn added(component: &ICalendarComponent, zones: &Zones<'_>) -> Option<Vec<(Moment, Option<Length>)>> {
    let mut added = Vec::new();
    for entry in component.properties(&ICalendarProperty::Rdate) {
        let of = |parts: &PartialDateTime| moment(parts, entry.tz_id(), zones).ok();
        for value in &entry.values {
            added.push(match value {
                ICalendarValue::PartialDateTime(parts) => (of(parts)?.0, None),
                ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                    let (start, end) = (of(start)?.0, of(end)?.0);
                    let exact = end.at()?.duration_since(start.at()?);
                    (start, Some(Length { days: 0, exact }))
                }
                ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                    (of(start)?.0, Some(of_duration(duration)))
                }
                _ => return None,
            });
        }
    }
    Some(added)
}

/// An end makes an exact length, or whole days where both are dates; a duration may have both (RFC 5545,
/// 3.8.5.3). With neither, a date is that day, and a time is no time at all (RFC 5545, 3.6.1).
fn length(
    component: &ICalendarComponent,
    zones: &Zones<'_>,
    start: &Moment,
    whole_day: bool,
) -> Option<Length> {
    if let Some(entry) = component.property(&ICalendarProperty::Dtend) {
        let (end, _) = moments(entry, zones).ok()?.into_iter().next()?;
        if whole_day {
            let days = (end.wall.date() - start.wall.date()).get_days();
            return Some(Length { days: days.into(), exact: SignedDuration::ZERO });
        }
        return Some(Length { days: 0, exact: end.at()?.duration_since(start.at()?) });
    }
    match component.property(&ICalendarProperty::Duration).and_then(|entry| entry.values.first()) {
        Some(ICalendarValue::Duration(duration)) => Some(of_duration(duration)),
        Some(_) => None,
        None => Some(Length { days: i64::from(whole_day), exact: SignedDuration::ZERO }),
    }
}

fn of_duration(duration: &ICalendarDuration) -> Length {
    let (days, seconds) = (
        i64::from(duration.weeks) * 7 + i64::from(duration.days),
        i64::from(duration.hours) * 3_600 + i64::from(duration.minutes) * 60 + i64::from(duration.seconds),
    );
    let sign = if duration.neg { -1 } else { 1 };
    Length { days: days * sign, exact: SignedDuration::from_secs(seconds * sign) }
}
