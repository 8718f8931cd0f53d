//! How much of a student's times a tutor teaches at.
//!
//! Both sides' weeks are stretches on a wall clock, each in its own zone; so they are laid side by side in
//! UTC over the coming four weeks, in which either clock may be changed.

use jiff::{SignedDuration, Timestamp};

use super::{Candidate, MatchPart, ScoredPart, WeeklyTimes};
use crate::time::{TimeRange, ZoneName};
use crate::tutoring::slots::{Calendar, weekly_hours};

/// Weeks that are looked at.
const WEEKS: i64 = 4;
/// Shared minutes a week that are enough for all points: two hours. Whoever has more time doesn't make it
/// harder.
const ENOUGH_A_WEEK: i64 = 120;

/// When the student has time in the coming weeks.
pub struct Times {
    window: Option<TimeRange>,
    now: Timestamp,
    wanted: Vec<TimeRange>,
}

impl Times {
    /// Weekly times on the wall clock of a zone, from now on.
    pub fn new(times: &WeeklyTimes, zone: &ZoneName, now: Timestamp) -> Self {
        let until = now.checked_add(SignedDuration::from_hours(24 * 7 * WEEKS)).unwrap_or(Timestamp::MAX);
        let window = TimeRange::new(now, until);
        let hours = weekly_hours(times.as_slice(), &zone.zone(), now, until);
        let wanted = window.map(|window| shared(&hours, &[window]).collect()).unwrap_or_default();
        Self { window, now, wanted }
    }

    /// Minutes of the coming weeks that are within the tutor's hours and the student's times, in stretches in
    /// which the tutor's shortest lesson has room. What is booked already isn't taken off: it will be other
    /// times next month.
    pub fn shared_minutes(&self, candidate: &Candidate) -> i64 {
        let (Some(window), Some(availability)) = (self.window, &candidate.availability) else { return 0 };
        let calendar = Calendar {
            availability,
            overrides: &candidate.overrides,
            zone: &candidate.profile.time_zone.zone(),
            lessons: &[],
            busy: &[],
            now: self.now,
            grid_minutes: 1,
        };
        let shortest = availability.lesson_minutes.as_slice().iter().map(|minutes| minutes.get()).min();
        let shortest = i64::from(shortest.unwrap_or(1));
        let hours = calendar.hours(window.start(), window.end());
        shared(&hours, &self.wanted).map(minutes).filter(|minutes| *minutes >= shortest).sum()
    }

    /// The part of the score, by [`Self::shared_minutes`].
    pub fn part(&self, has_hours: bool, shared: i64) -> ScoredPart {
        let part = MatchPart::Schedule;
        if !has_hours {
            return ScoredPart::new(part, 0, "Has not set any hours yet.");
        }
        if shared == 0 {
            return ScoredPart::new(part, 0, "Does not teach at the times that you named.");
        }
        let named: i64 = self.wanted.iter().copied().map(minutes).sum();
        let enough = named.clamp(1, ENOUGH_A_WEEK * WEEKS);
        let points = i64::from(part.points_max()) * shared.min(enough) / enough;
        let (a_week, of) = (in_words(shared / WEEKS), in_words(named / WEEKS));
        let reason = format!("Teaches {a_week} of the {of} a week that you named.");
        ScoredPart::new(part, u32::try_from(points).unwrap_or_default(), reason)
    }
}

fn minutes(range: TimeRange) -> i64 {
    range.end().duration_since(range.start()).as_mins()
}

/// What belongs to both; each in order, and no two of one touch.
fn shared<'a>(a: &'a [TimeRange], b: &'a [TimeRange]) -> impl Iterator<Item = TimeRange> + 'a {
    a.iter().flat_map(move |one| {
        let from = b.partition_point(|other| other.end() <= one.start());
        let others = b.get(from..).unwrap_or_default().iter();
        let others = others.take_while(move |other| other.start() < one.end());
        others.filter_map(move |o| TimeRange::new(one.start().max(o.start()), one.end().min(o.end())))
    })
}

/// `3 h 30 min`.
fn in_words(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
