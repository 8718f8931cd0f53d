//! Which zone a `TZID` means.

use std::collections::HashMap;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarRecurrenceRule,
    ICalendarValue, ICalendarWeekday,
};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// The zones of a calendar file.
pub struct Zones<'a> {
    defined: HashMap<&'a str, TimeZone>,
    /// That of times without one.
    floating: &'a TimeZone,
}

impl<'a> Zones<'a> {
    /// Those that the file defines; `floating` is the zone of times without one.
    pub fn of(calendar: &'a ICalendar, floating: &'a TimeZone) -> Self {
        let defined = calendar.timezones().filter_map(|zone| defined(calendar, zone)).collect();
        Self { defined, floating }
    }

    /// The zone by the name that a time carries: the IANA database's, where it knows the name, because it
    /// knows more than a file does; then what the file defines; then what Outlook and others call a zone of
    /// that database. `None` when nobody knows it.
    pub fn get(&self, tzid: Option<&str>) -> Option<TimeZone> {
        let Some(tzid) = tzid else { return Some(self.floating.clone()) };
        let known = TimeZone::get(tzid).ok();
        known
            .or_else(|| self.defined.get(tzid).cloned())
            .or_else(|| tzid.parse().ok().and_then(|tz| named(&tz)))
    }
}

fn named(zone: &Tz) -> Option<TimeZone> {
    TimeZone::get(zone.name()?.as_ref()).ok()
}

/// A `VTIMEZONE` under its own name: the zone that its name or a vendor's mark stands for, else its rules.
fn defined<'a>(calendar: &'a ICalendar, zone: &'a ICalendarComponent) -> Option<(&'a str, TimeZone)> {
    if let Some((name, known)) = zone.timezone() {
        return named(&known).map(|known| (name, known));
    }
    let name = zone.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()?;
    Some((name, by_rules(calendar, zone)?))
}

/// One half of a `VTIMEZONE`: since when, which offset, and when in each year.
struct Half<'a> {
    since: DateTime,
    offset: Offset,
    yearly: Option<&'a ICalendarRecurrenceRule>,
}

impl<'a> Half<'a> {
    fn of(component: &'a ICalendarComponent) -> Option<Self> {
        let time = |property| component.property(&property)?.values.first()?.as_partial_date_time();
        let yearly = match component.property(&ICalendarProperty::Rrule).and_then(|rule| rule.values.first())
        {
            Some(ICalendarValue::RecurrenceRule(rule)) => Some(rule.as_ref()),
            _ => None,
        };
        Some(Self {
            since: wall(time(ICalendarProperty::Dtstart)?)?,
            offset: offset(time(ICalendarProperty::Tzoffsetto)?)?,
            yearly,
        })
    }

    /// The rule as POSIX writes it (`M3.5.0/2`), when it is one that a zone can have.
    fn posix(&self) -> Option<String> {
        let rule = self.yearly?;
        let (month, day) = (rule.bymonth.first()?.month(), rule.byday.first()?);
        let week = match day.ordwk? {
            -1 => 5,
            week @ 1..=4 => week,
            _ => return None,
        };
        let weekday = match day.weekday {
            ICalendarWeekday::Sunday => 0,
            ICalendarWeekday::Monday => 1,
            ICalendarWeekday::Tuesday => 2,
            ICalendarWeekday::Wednesday => 3,
            ICalendarWeekday::Thursday => 4,
            ICalendarWeekday::Friday => 5,
            ICalendarWeekday::Saturday => 6,
        };
        Some(format!("M{month}.{week}.{weekday}/{}:{:02}", self.since.hour(), self.since.minute()))
    }
}

/// The rules that hold now, for all time: what a busy calendar is asked about lies ahead.
fn by_rules(calendar: &ICalendar, zone: &ICalendarComponent) -> Option<TimeZone> {
    let newest = |kind| {
        let parts = zone.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
        parts.filter(|part| part.component_type == kind).filter_map(Half::of).max_by_key(|half| half.since)
    };
    let standard = newest(ICalendarComponentType::Standard);
    let daylight = newest(ICalendarComponentType::Daylight);
    match (&standard, &daylight) {
        (Some(standard), Some(daylight)) => {
            if let (Some(back), Some(leap)) = (standard.posix(), daylight.posix()) {
                let (std, dst) = (posix_offset(standard.offset), posix_offset(daylight.offset));
                return TimeZone::posix(&format!("<STD>{std}<DST>{dst},{leap},{back}")).ok();
            }
            // Without a rule for each year, the clock was changed for the last time at the later of the two.
            let last = if standard.since >= daylight.since { standard } else { daylight };
            Some(TimeZone::fixed(last.offset))
        }
        (Some(only), None) | (None, Some(only)) => Some(TimeZone::fixed(only.offset)),
        (None, None) => None,
    }
}

fn offset(parts: &PartialDateTime) -> Option<Offset> {
    let (hours, minutes) = (i32::from(parts.tz_hour?), i32::from(parts.tz_minute.unwrap_or(0)));
    let seconds = hours * 3_600 + minutes * 60;
    Offset::from_seconds(if parts.tz_minus { -seconds } else { seconds }).ok()
}

/// POSIX counts to the west.
fn posix_offset(offset: Offset) -> String {
    let (sign, seconds) = (if offset.seconds() > 0 { "-" } else { "" }, offset.seconds().abs());
    format!("{sign}{}:{:02}", seconds / 3_600, seconds % 3_600 / 60)
}

/// What a value's clock shows; midnight, for a date.
pub fn wall(parts: &PartialDateTime) -> Option<DateTime> {
    let part = |part: Option<u8>| i8::try_from(part.unwrap_or(0)).ok();
    let (year, month, day) =
        (i16::try_from(parts.year?).ok()?, i8::try_from(parts.month?).ok()?, i8::try_from(parts.day?).ok()?);
    // A leap second is the last one of its minute here.
    let second = part(parts.second)?.min(59);
    let time = Time::new(part(parts.hour)?, part(parts.minute)?, second, 0).ok()?;
    Some(Date::new(year, month, day).ok()?.to_datetime(time))
}
