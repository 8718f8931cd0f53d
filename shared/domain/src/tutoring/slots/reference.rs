//! Slots the slow and obvious way: somebody looks at the wall clock every minute, writes down whether the tutor
//! teaches then and whether the minute is taken, and goes through the notes for each possible start.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::Calendar;
use crate::time::{TimeRange, Weekday};
use crate::tutoring::availability::LessonMinutes;
use crate::tutoring::overrides::OverrideKind;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What is known of one minute.
struct Minute {
    at: Timestamp,
    date: jiff::civil::Date,
    teaches: bool,
    taken: bool,
}

/// Every slot that begins from `from` to `to`. Everything in whole minutes.
pub(super) fn slots(
    calendar: &Calendar<'_>,
    minutes: LessonMinutes,
    from: Timestamp,
    to: Timestamp,
) -> Vec<TimeRange> {
    let notes = look_at_the_clock(calendar, from.min(calendar.now), to.max(calendar.now));
    let today = notes.iter().find(|m| m.at == calendar.now).expect("now is a whole minute").date;
    let notice = SignedDuration::from_mins(calendar.availability.minimum_notice_minutes.get().into());
    let length = usize::from(minutes.get());
    let mut slots = Vec::new();
    for (index, first) in notes.iter().enumerate() {
        let asked_for = from <= first.at && first.at < to;
        let on_grid = first.at.as_second() % (i64::from(calendar.grid_minutes) * 60) == 0;
        let not_too_soon = first.at >= calendar.now + notice;
        let days_ahead = (first.date - today).get_days();
        let not_too_far = days_ahead <= i32::try_from(calendar.availability.horizon_days.get()).unwrap();
        let lesson = notes.get(index..index + length).unwrap_or_default();
        let free = lesson.len() == length && lesson.iter().all(|m| m.teaches && !m.taken);
        if asked_for && on_grid && not_too_soon && not_too_far && free {
            slots.push(TimeRange::of_minutes(first.at, minutes.get()).unwrap());
        }
    }
    slots
}

fn look_at_the_clock(calendar: &Calendar<'_>, from: Timestamp, to: Timestamp) -> Vec<Minute> {
    let minutes = |minutes: u32| SignedDuration::from_mins(minutes.into());
    let before = minutes(calendar.availability.buffer_before_minutes.get());
    let after = minutes(calendar.availability.buffer_after_minutes.get());
    let gap = before + after;
    let mut notes = Vec::new();
    // Two days earlier, so that a clock that was put back just before is known to have been.
    let mut at = from - SignedDuration::from_hours(48);
    // A clock that is put back is not believed until it shows what it has not shown yet.
    let mut latest = DateTime::MIN;
    while at < to + SignedDuration::from_hours(4) {
        latest = latest.max(calendar.zone.to_datetime(at));
        let lesson = calendar.lessons.iter().any(|l| l.start() - gap <= at && at < l.end() + gap);
        // A lesson that has this minute would want its pause where the other business is.
        let business = calendar.busy.iter().any(|b| b.start() - after <= at && at < b.end() + before);
        let taken = lesson || business;
        notes.push(Minute { at, date: latest.date(), teaches: teaches(calendar, latest), taken });
        at += MINUTE;
    }
    notes
}

fn teaches(calendar: &Calendar<'_>, wall: DateTime) -> bool {
    let minute = u16::try_from(wall.hour()).unwrap() * 60 + u16::try_from(wall.minute()).unwrap();
    let today = Weekday::from(wall.date().weekday());
    let rules = calendar.availability.weekly.as_slice();
    let weekly =
        rules.iter().any(|r| r.weekday == today && r.from.minutes() <= minute && minute < r.to.minutes());
    let says = |kind: OverrideKind| {
        let on_the_date = calendar.overrides.as_slice().iter().filter(|o| o.date.get() == wall.date());
        on_the_date.filter(|o| o.kind == kind).any(|o| o.from.minutes() <= minute && minute < o.to.minutes())
    };
    (weekly || says(OverrideKind::ExtraHours)) && !says(OverrideKind::TimeOff)
}
