//! Busy time out of the text of a calendar (RFC 5545).
//!
//! Series are expanded on the wall of their own zone, by the library, and each time is then read as a moment
//! with the database of zones that slots are made with. What takes time is what is neither cancelled nor
//! marked as free.
//!
//! The text is somebody else's. However often its rules repeat, no more is done than [`TIMES_MAX`] and
//! [`TIME_MAX`] allow.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use calcard::icalendar::{
    ICalendar, ICalendarComponentType, ICalendarFrequency, ICalendarRecurrenceRule, ICalendarWeekday,
};
use calcard::{Entry, Parser};
use chrono::{Datelike as _, TimeZone as _};
use chrono::{NaiveDate, NaiveDateTime, Timelike as _};
use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use lectern_domain::time::TimeRange;
use lectern_domain::tutoring::busy_calendar::CalendarError;
use lectern_domain::tutoring::slots::merged;
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated};

use super::Copied;
use super::events::{Event, Moment};
use super::zones::{Zones, wall};

/// Most times of events that are looked at, in all series together.
const TIMES_MAX: u32 = 50_000;
/// Most separate busy times: more than two dozen on each day.
const BUSY_TIMES_MAX: usize = 10_000;
/// Longest time for expanding. The library looks through up to 100 000 dates for the next one that a rule
/// allows.
const TIME_MAX: Duration = Duration::from_secs(2);

/// When the calendar's owner is busy within `window`. Times without a zone and whole days are on the clock of
/// `floating`.
pub fn busy_times(text: &str, floating: &TimeZone, window: TimeRange) -> Result<Copied, CalendarError> {
    let calendars = calendars(text)?;
    let mut unread_events = 0;
    let mut events = Vec::new();
    for calendar in &calendars {
        let zones = Zones::of(calendar, floating);
        for component in &calendar.components {
            if component.component_type == ICalendarComponentType::VEvent {
                match Event::of(component, &zones) {
                    Some(event) => events.push(event),
                    None => unread_events += 1,
                }
            }
        }
    }
    let mut expansion = Expansion::within(window);
    unread_events += expansion.all(&events)?;
    let busy = merged(expansion.busy);
    if busy.len() > BUSY_TIMES_MAX {
        return Err(CalendarError::TooManyEvents);
    }
    Ok(Copied { busy, unread_events })
}

/// The calendars in the text: usually one. Half of one is none, or what is in its other half would be free
/// time; the library takes it as it comes.
fn calendars(text: &str) -> Result<Vec<ICalendar>, CalendarError> {
    let last = text.trim_end().lines().next_back().unwrap_or_default().trim();
    if !last.eq_ignore_ascii_case("END:VCALENDAR") {
        return Err(CalendarError::NotACalendar);
    }
    let mut parser = Parser::new(text);
    let mut calendars = Vec::new();
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendars.push(calendar),
            Entry::Eof => break,
            Entry::UnterminatedComponent(_)
            | Entry::TooManyComponents
            | Entry::UnexpectedComponentEnd { .. } => {
                return Err(CalendarError::NotACalendar);
            }
            _ => {}
        }
    }
    let root = |calendar: &ICalendar| calendar.components.first().map(|c| c.component_type.clone());
    calendars.retain(|calendar| root(calendar) == Some(ICalendarComponentType::VCalendar));
    if calendars.is_empty() { Err(CalendarError::NotACalendar) } else { Ok(calendars) }
}

/// Events on their way to busy times.
struct Expansion {
    window: TimeRange,
    busy: Vec<TimeRange>,
    left: u32,
    until: Instant,
}

/// An exception of a series: what stands in the place of one of its times, or of that and all later ones.
type Exceptions<'a> = HashMap<&'a str, HashMap<Timestamp, &'a Event>>;

impl Expansion {
    fn within(window: TimeRange) -> Self {
        Self { window, busy: Vec::new(), left: TIMES_MAX, until: Instant::now() + TIME_MAX }
    }

    /// Everything; gives the number of events of which a rule could not be read.
    fn all(&mut self, events: &[Event]) -> Result<u32, CalendarError> {
        let exceptions = exceptions(events);
        let mut unread = 0;
        for event in events.iter().filter(|event| event.instead_of.is_none()) {
            let own = event.uid.as_deref().and_then(|uid| exceptions.get(uid));
            if !self.series(event, own)? {
                unread += 1;
            }
        }
        // An exception counts at its own time, wherever the time is that it stands for.
        for exception in exceptions.values().flat_map(HashMap::values).filter(|event| event.busy) {
            self.add(exception.range(&exception.start, None))?;
        }
        Ok(unread)
    }

    /// An event with all its times; `false` when a rule of it could not be read.
    fn series(
        &mut self,
        event: &Event,
        own: Option<&HashMap<Timestamp, &Event>>,
    ) -> Result<bool, CalendarError> {
        let excepted: HashSet<Timestamp> = own.into_iter().flat_map(HashMap::keys).copied().collect();
        let mut later: Vec<_> =
            own.into_iter().flatten().filter(|(_, e)| e.and_later).map(|(at, e)| (*at, *e)).collect();
        later.sort_unstable_by_key(|(at, _)| *at);
        let mut starts = vec![(event.start.clone(), None)];
        starts.extend(event.added.iter().cloned());
        let mut readable = true;
        for rule in &event.rules {
            match self.times(event, rule)? {
                Some(times) => starts.extend(times.into_iter().map(|wall| (event.start.on(wall), None))),
                None => readable = false,
            }
        }
        for (start, length) in starts {
            let Some(at) = start.at() else { continue };
            if event.left_out.contains(&at) || excepted.contains(&at) {
                continue;
            }
            match later.iter().rev().find(|(from, _)| *from <= at) {
                Some((from, exception)) if exception.busy => self.add(moved(exception, *from, &start, at))?,
                Some(_) => {}
                None if event.busy => self.add(event.range(&start, length))?,
                None => {}
            }
        }
        Ok(readable)
    }

    /// The times on the wall that a rule gives and that may reach into the window; `None` when it can't be
    /// read.
    fn times(
        &mut self,
        event: &Event,
        rule: &ICalendarRecurrenceRule,
    ) -> Result<Option<Vec<DateTime>>, CalendarError> {
        let zone = &event.start.zone;
        let first = zone.to_datetime(self.window.start());
        let first = Span::new().try_days(event.days() + 1).ok().and_then(|days| first.checked_sub(days).ok());
        let last = zone.to_datetime(self.window.end());
        let start = first.map_or(event.start.wall, |first| forward(event.start.wall, rule, first));
        let until = match &rule.until {
            Some(until) => {
                let Some(until) = last_wall(until, zone) else { return Ok(None) };
                Some(until)
            }
            None => None,
        };
        if start > last || until.is_some_and(|until| until < start) {
            return Ok(Some(Vec::new()));
        }
        let Some(set) = rule_set(rule, start, until) else { return Ok(None) };
        let mut times = Vec::new();
        for time in &set {
            self.step()?;
            let Some(time) = from_chrono(time.naive_utc()).filter(|time| *time <= last) else { break };
            if first.is_none_or(|first| time >= first) {
                times.push(time);
            }
        }
        Ok(Some(times))
    }

    fn add(&mut self, range: Option<TimeRange>) -> Result<(), CalendarError> {
        self.step()?;
        let Some(range) = range.filter(|range| range.overlaps(self.window)) else { return Ok(()) };
        let (start, end) = (range.start().max(self.window.start()), range.end().min(self.window.end()));
        self.busy.extend(TimeRange::new(start, end));
        Ok(())
    }

    fn step(&mut self) -> Result<(), CalendarError> {
        self.left = self.left.checked_sub(1).ok_or(CalendarError::TooManyEvents)?;
        if Instant::now() > self.until {
            return Err(CalendarError::TooManyEvents);
        }
        Ok(())
    }
}

/// The exceptions by series and time; of two for one time, the one with the higher sequence, or the later
/// one.
fn exceptions(events: &[Event]) -> Exceptions<'_> {
    let mut exceptions = Exceptions::new();
    for event in events {
        let (Some(at), uid) = (event.instead_of, event.uid.as_deref().unwrap_or_default()) else { continue };
        let of_series = exceptions.entry(uid).or_default();
        if of_series.get(&at).is_none_or(|known| known.sequence <= event.sequence) {
            of_series.insert(at, event);
        }
    }
    exceptions
}

/// A time of a series after an exception that holds for all later ones: as far from its own time as that one
/// is.
fn moved(exception: &Event, from: Timestamp, start: &Moment, at: Timestamp) -> Option<TimeRange> {
    let by = exception.start.at()?.duration_since(from);
    let wall = start.zone.to_datetime(at).checked_add(by).ok()?;
    exception.range(&start.on(wall), None)
}

/// A start of the same series not far before `first`: a daily lesson since 1999 need not be counted through.
/// Only where every step is as long as the next, and no count runs.
fn forward(start: DateTime, rule: &ICalendarRecurrenceRule, first: DateTime) -> DateTime {
    let unit = match rule.freq {
        ICalendarFrequency::Weekly => SignedDuration::from_hours(24 * 7),
        ICalendarFrequency::Daily => SignedDuration::from_hours(24),
        ICalendarFrequency::Hourly => SignedDuration::from_hours(1),
        ICalendarFrequency::Minutely => SignedDuration::from_mins(1),
        ICalendarFrequency::Secondly => SignedDuration::from_secs(1),
        ICalendarFrequency::Yearly | ICalendarFrequency::Monthly => return start,
    };
    let step = unit.as_secs() * i64::from(rule.interval.unwrap_or(1));
    let ahead = start.duration_until(first).as_secs();
    if rule.count.is_some() || step <= 0 || ahead <= step {
        return start;
    }
    // A step less, so that the week in which `first` lies is whole.
    let steps = ahead / step - 1;
    start.checked_add(SignedDuration::from_secs(steps * step)).unwrap_or(start)
}

/// The last time on the wall that `UNTIL` allows: it is in UTC, on the wall, or a date.
fn last_wall(until: &calcard::common::PartialDateTime, zone: &TimeZone) -> Option<DateTime> {
    let on_the_wall = wall(until)?;
    if !until.has_time() {
        return Some(on_the_wall.date().at(23, 59, 59, 0));
    }
    match until.tz_hour {
        Some(_) => Some(zone.to_datetime(TimeZone::UTC.to_timestamp(on_the_wall).ok()?)),
        None => Some(on_the_wall),
    }
}

/// The rule for the library, on a wall without a zone, which to it is UTC.
fn rule_set(rule: &ICalendarRecurrenceRule, start: DateTime, until: Option<DateTime>) -> Option<RRuleSet> {
    let start = Tz::UTC.from_utc_datetime(&to_chrono(start)?);
    let months: Option<Vec<_>> =
        rule.bymonth.iter().map(|month| chrono::Month::try_from(month.month()).ok()).collect();
    let days = rule.byday.iter().map(|day| NWeekday::new(day.ordwk, weekday(day.weekday))).collect();
    let mut built: RRule<Unvalidated> = RRule::new(frequency(rule.freq))
        .interval(rule.interval.unwrap_or(1))
        .by_set_pos(rule.bysetpos.clone())
        .by_month(&months?)
        .by_month_day(rule.bymonthday.clone())
        .by_year_day(rule.byyearday.clone())
        .by_week_no(rule.byweekno.clone())
        .by_weekday(days)
        .by_hour(rule.byhour.clone())
        .by_minute(rule.byminute.clone())
        .by_second(rule.bysecond.clone())
        .week_start(rule.wkst.map_or(chrono::Weekday::Mon, weekday));
    if let Some(count) = rule.count {
        built = built.count(count);
    }
    if let Some(until) = until {
        built = built.until(Tz::UTC.from_utc_datetime(&to_chrono(until)?));
    }
    // Limited: a rule that allows no date at all must not be searched for ever.
    Some(RRuleSet::new(start).limit().rrule(built.validate(start).ok()?))
}

fn frequency(frequency: ICalendarFrequency) -> Frequency {
    match frequency {
        ICalendarFrequency::Yearly => Frequency::Yearly,
        ICalendarFrequency::Monthly => Frequency::Monthly,
        ICalendarFrequency::Weekly => Frequency::Weekly,
        ICalendarFrequency::Daily => Frequency::Daily,
        ICalendarFrequency::Hourly => Frequency::Hourly,
        ICalendarFrequency::Minutely => Frequency::Minutely,
        ICalendarFrequency::Secondly => Frequency::Secondly,
    }
}

fn weekday(day: ICalendarWeekday) -> chrono::Weekday {
    match day {
        ICalendarWeekday::Monday => chrono::Weekday::Mon,
        ICalendarWeekday::Tuesday => chrono::Weekday::Tue,
        ICalendarWeekday::Wednesday => chrono::Weekday::Wed,
        ICalendarWeekday::Thursday => chrono::Weekday::Thu,
        ICalendarWeekday::Friday => chrono::Weekday::Fri,
        ICalendarWeekday::Saturday => chrono::Weekday::Sat,
        ICalendarWeekday::Sunday => chrono::Weekday::Sun,
    }
}

fn to_chrono(wall: DateTime) -> Option<NaiveDateTime> {
    let part = |part: i8| u32::try_from(part).ok();
    let date = NaiveDate::from_ymd_opt(wall.year().into(), part(wall.month())?, part(wall.day())?)?;
    date.and_hms_opt(part(wall.hour())?, part(wall.minute())?, part(wall.second())?)
}

fn from_chrono(wall: NaiveDateTime) -> Option<DateTime> {
    let part = |part: u32| i8::try_from(part).ok();
    let date =
        civil::Date::new(i16::try_from(wall.year()).ok()?, part(wall.month())?, part(wall.day())?).ok()?;
    let time = civil::Time::new(part(wall.hour())?, part(wall.minute())?, part(wall.second())?, 0).ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests;
