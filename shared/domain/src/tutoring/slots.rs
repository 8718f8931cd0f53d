//! When a tutor can be booked: weekly hours and extra hours on the tutor's wall clock, less time off, less
//! what is booked, less what an outside calendar says is busy; in UTC.
//!
//! A weekly rule or an override means the stretch of time from the first moment at which the tutor's clock
//! has come to `from` on that date until the first moment at which it has come to `to`. Nothing else is
//! needed for the days on which the clock is changed:
//!
//! - a time that the clock leaps over is reached at the end of the leap, so hours that don't exist aren't
//!   offered, and no hour outside the rule is;
//! - a time that the clock shows twice is reached the first time, so it is offered once, and a stretch across
//!   it is as long as it really lasts;
//! - a whole date that a zone leaps over (Samoa, 30 December 2011) has no hours.
//!
//! Ranges, not a list of moments: what is asked for (any lesson length, any grid) is cut out of them.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use super::availability::{Availability, LessonMinutes, WeeklyRule};
use super::overrides::{Override, OverrideKind, Overrides};
use crate::time::{TimeRange, WallTime, Weekday};

crate::words! {
    /// Why a tutor can't be booked at a time.
    pub enum NotBookable {
        /// The tutor doesn't teach the subject.
        SubjectNotTaught = "subject_not_taught",
        /// The tutor doesn't offer lessons of this length.
        LengthNotOffered = "length_not_offered",
        /// Lessons begin on a grid (quarter hours).
        OffGrid = "off_grid",
        /// In the past, or nearer than the tutor's minimum notice.
        TooSoon = "too_soon",
        /// Beyond the furthest day bookable.
        TooFar = "too_far",
        /// Not within the tutor's hours.
        OutsideHours = "outside_hours",
        /// Another lesson, the pause that belongs to it, or something in the tutor's own calendar is at that
        /// time.
        Taken = "taken",
    }
}

/// What a tutor's slots are computed from.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    /// Hours and terms.
    pub availability: &'a Availability,
    /// Dates with other hours.
    pub overrides: &'a Overrides,
    /// The zone of the hours.
    pub zone: &'a TimeZone,
    /// Lessons that hold their time. Between two lessons lie the pauses of both.
    pub lessons: &'a [TimeRange],
    /// When the tutor is busy elsewhere. A lesson's own pauses are kept free of it too.
    pub busy: &'a [TimeRange],
    /// Now.
    pub now: Timestamp,
    /// Lessons begin on multiples of this many minutes in UTC.
    pub grid_minutes: u16,
}

impl Calendar<'_> {
    /// Every slot of this length that begins from `from` (included) to `to` (excluded), in order. Slots may
    /// overlap one another: each is free by itself.
    pub fn slots(&self, minutes: LessonMinutes, from: Timestamp, to: Timestamp) -> Vec<TimeRange> {
        let (from, to) = (from.max(self.earliest()), to.min(self.latest()));
        if from >= to {
            return Vec::new();
        }
        let mut slots = Vec::new();
        for free in self.free(from, to) {
            let mut next = self.on_grid(free.start().max(from));
            while let Some(start) = next.filter(|start| *start < to) {
                let Some(slot) = TimeRange::of_minutes(start, minutes.get()).filter(|s| free.contains(*s))
                else {
                    break;
                };
                slots.push(slot);
                next = start.checked_add(self.grid()).ok();
            }
        }
        slots
    }

    /// Why a lesson can't begin at `start`; `None` when it can.
    pub fn refusal(&self, start: Timestamp, minutes: LessonMinutes) -> Option<NotBookable> {
        let Some(wanted) = TimeRange::of_minutes(start, minutes.get()) else {
            return Some(NotBookable::TooFar);
        };
        if !self.availability.offers(minutes) {
            return Some(NotBookable::LengthNotOffered);
        }
        if self.on_grid(start) != Some(start) {
            return Some(NotBookable::OffGrid);
        }
        if start < self.earliest() {
            return Some(NotBookable::TooSoon);
        }
        if start >= self.latest() {
            return Some(NotBookable::TooFar);
        }
        if !self.hours(start, wanted.end()).iter().any(|hours| hours.contains(wanted)) {
            return Some(NotBookable::OutsideHours);
        }
        self.taken().any(|taken| taken.overlaps(wanted)).then_some(NotBookable::Taken)
    }

    /// Up to `max` slots nearest to `start`, the nearest first, none further away than `window`, and not the
    /// wanted one itself.
    pub fn nearest(
        &self,
        start: Timestamp,
        minutes: LessonMinutes,
        window: SignedDuration,
        max: usize,
    ) -> Vec<TimeRange> {
        let from = start.checked_sub(window).unwrap_or(Timestamp::MIN);
        let to = start.checked_add(window).unwrap_or(Timestamp::MAX);
        let mut slots = self.slots(minutes, from, to);
        slots.retain(|slot| slot.start() != start);
        slots.sort_by_key(|slot| (slot.start().duration_since(start).unsigned_abs(), slot.start()));
        slots.truncate(max);
        slots
    }

    /// Teaching hours that have a part between `from` and `to`, whole, in order; those that touch are one.
    pub fn hours(&self, from: Timestamp, to: Timestamp) -> Vec<TimeRange> {
        // One day more on either side: hours of a date may lie a day off its own in UTC, or begin before
        // `from`.
        let date_of = |at: Timestamp| self.zone.to_datetime(at).date();
        let first = date_of(from).yesterday().unwrap_or(Date::MIN);
        let last = date_of(to).tomorrow().unwrap_or(Date::MAX);
        // A series ends where the calendar does; should it be empty, there are no hours either.
        let dates = first.series(Span::new().days(1)).take_while(|date| *date <= last);
        let mut hours: Vec<_> = dates.flat_map(|date| self.weekly_on(date)).collect();
        let mut off = Vec::new();
        for changed in self.overrides.between(first, last) {
            let range = self.range_of(changed);
            match changed.kind {
                OverrideKind::ExtraHours => hours.extend(range),
                OverrideKind::TimeOff => off.extend(range),
            }
        }
        let mut hours = without(&merged(hours), &merged(off));
        hours.retain(|range| range.start() < to && from < range.end());
        hours
    }

    /// Weekly hours of one date.
    fn weekly_on(&self, date: Date) -> impl Iterator<Item = TimeRange> {
        let weekday = Weekday::from(date.weekday());
        let rules = self.availability.weekly.as_slice().iter().filter(move |rule| rule.weekday == weekday);
        rules.filter_map(move |rule| self.stretch(date, rule.from, rule.to))
    }

    fn range_of(&self, changed: &Override) -> Option<TimeRange> {
        self.stretch(changed.date.get(), changed.from, changed.to)
    }

    fn stretch(&self, date: Date, from: WallTime, to: WallTime) -> Option<TimeRange> {
        stretch(self.zone, date, from, to)
    }

    /// Hours without what is taken, that have a part between `from` and `to` or within the longest lesson after it;
    /// whatever the notice and the horizon, in order.
    pub fn open(&self, from: Timestamp, to: Timestamp) -> Vec<TimeRange> {
        self.free(from, to)
    }

    /// Hours without what is taken. Long enough beyond `to` for the longest lesson that begins before it.
    fn free(&self, from: Timestamp, to: Timestamp) -> Vec<TimeRange> {
        let longest = SignedDuration::from_mins(LessonMinutes::ALL.iter().copied().max().unwrap_or(0).into());
        let hours = self.hours(from, to.checked_add(longest).unwrap_or(Timestamp::MAX));
        without(&hours, &merged(self.taken().collect()))
    }

    /// When no lesson can be: lessons and other business, each with what must stay free around it.
    fn taken(&self) -> impl Iterator<Item = TimeRange> {
        let minutes = |minutes: u32| SignedDuration::from_mins(minutes.into());
        let (before, after) = (
            minutes(self.availability.buffer_before_minutes.get()),
            minutes(self.availability.buffer_after_minutes.get()),
        );
        let gap = before + after;
        let lessons = self.lessons.iter().map(move |lesson| lesson.padded(gap, gap));
        // What comes after a lesson is kept free of business by the pause after that lesson, and so on.
        lessons.chain(self.busy.iter().map(move |business| business.padded(after, before)))
    }

    /// From when on lessons can begin.
    fn earliest(&self) -> Timestamp {
        let notice = SignedDuration::from_mins(self.availability.minimum_notice_minutes.get().into());
        self.now.checked_add(notice).unwrap_or(Timestamp::MAX)
    }

    /// The first moment after the furthest day bookable, which is a date in the tutor's zone.
    fn latest(&self) -> Timestamp {
        let today = self.zone.to_datetime(self.now).date();
        let days = Span::new().days(i64::from(self.availability.horizon_days.get()) + 1);
        let midnight = today.checked_add(days).ok().map(|date| date.at(0, 0, 0, 0));
        midnight.and_then(|wall| reached(self.zone, wall)).unwrap_or(Timestamp::MAX)
    }

    fn grid(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.grid_minutes.max(1)))
    }

    /// The first moment on the grid that isn't before `at`.
    fn on_grid(&self, at: Timestamp) -> Option<Timestamp> {
        let grid = i64::from(self.grid_minutes.max(1)) * 60_000_000;
        let over = at.as_microsecond().rem_euclid(grid);
        let wait = if over == 0 { 0 } else { grid - over };
        at.checked_add(SignedDuration::from_micros(wait)).ok()
    }
}

/// When weekly rules hold on the wall clock of a zone: stretches that have a part between `from` and `to`,
/// whole, in order; those that touch are one.
pub fn weekly_hours(rules: &[WeeklyRule], zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<TimeRange> {
    let date_of = |at: Timestamp| zone.to_datetime(at).date();
    let last = date_of(to).tomorrow().unwrap_or(Date::MAX);
    let dates = date_of(from).yesterday().unwrap_or(Date::MIN).series(Span::new().days(1));
    let on = |date: Date| {
        let weekday = Weekday::from(date.weekday());
        let rules = rules.iter().filter(move |rule| rule.weekday == weekday);
        rules.filter_map(move |rule| stretch(zone, date, rule.from, rule.to))
    };
    let mut hours = merged(dates.take_while(|date| *date <= last).flat_map(on).collect());
    hours.retain(|range| range.start() < to && from < range.end());
    hours
}

/// From the first moment at which the clock has come to `from` on that date to the first at which it has come
/// to `to`.
fn stretch(zone: &TimeZone, date: Date, from: WallTime, to: WallTime) -> Option<TimeRange> {
    TimeRange::new(reached(zone, from.on(date)?)?, reached(zone, to.on(date)?)?)
}

/// The same time as ranges in order of which no two touch.
pub fn merged(mut ranges: Vec<TimeRange>) -> Vec<TimeRange> {
    ranges.sort_unstable_by_key(|range| range.start());
    let mut merged: Vec<TimeRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(before) if range.start() <= before.end() => {
                let end = before.end().max(range.end());
                *before = TimeRange::new(before.start(), end).unwrap_or(range);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// `ranges` without `taken`; both as [`merged`] makes them, and so is what is left. One pass over both.
fn without(ranges: &[TimeRange], taken: &[TimeRange]) -> Vec<TimeRange> {
    let mut left = Vec::with_capacity(ranges.len());
    let mut next = 0;
    for range in ranges {
        let mut start = range.start();
        while let Some(hole) = taken.get(next).filter(|hole| hole.start() < range.end()) {
            left.extend(TimeRange::new(start, hole.start().min(range.end())));
            start = start.max(hole.end());
            if hole.end() > range.end() {
                // It reaches beyond: the next range may lose something to it too.
                break;
            }
            next += 1;
        }
        left.extend(TimeRange::new(start, range.end()));
    }
    left
}

/// The first moment at which the clock on the wall has come to `wall`: see the module. `None` beyond the
/// calendar's end.
fn reached(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the offset of after the leap, a time within it lies before the leap; the leap is the
            // next change to that offset.
            let before_the_leap = after.to_timestamp(wall).ok()?;
            zone.following(before_the_leap)
                .find(|change| change.offset() == after)
                .map(|leap| leap.timestamp())
        }
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
