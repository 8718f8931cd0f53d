//! When a tutor is paid out (product.md, Payments: "weekly (Monday 06:00 UTC) or monthly by the tutor's choice").

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The hour of the day at which payouts are due, in UTC.
const HOUR: i64 = 6;

crate::words! {
    /// How often a tutor is paid out.
    pub enum PayoutSchedule {
        /// Each Monday.
        Weekly = "weekly",
        /// Each first day of a month.
        Monthly = "monthly",
    }
}

impl PayoutSchedule {
    /// The latest moment, `now` included, at which a payout was due: what was earned before it is paid out. So it
    /// doesn't matter when the run that does it comes, or how often.
    pub fn cutoff(self, now: Timestamp) -> Timestamp {
        self.begin(now).and_then(due).unwrap_or(now)
    }

    /// The moment after `now` at which the next one is due.
    pub fn next(self, now: Timestamp) -> Timestamp {
        let after = |day: Date| match self {
            Self::Weekly => day.checked_add(7.days()).ok(),
            Self::Monthly => day.checked_add(1.month()).ok(),
        };
        self.begin(now).and_then(after).and_then(due).unwrap_or(now)
    }

    /// The same on a stage that doesn't wait for Monday: the latest whole multiple of so many seconds.
    pub fn cutoff_every(seconds: i64, now: Timestamp) -> Timestamp {
        let last = now.as_second() - now.as_second().rem_euclid(seconds.max(1));
        Timestamp::from_second(last).unwrap_or(now)
    }

    /// The day of the latest payout.
    fn begin(self, now: Timestamp) -> Option<Date> {
        // A day begins at six o'clock here.
        let day = now.checked_sub(SignedDuration::from_hours(HOUR)).ok()?.to_zoned(TimeZone::UTC).date();
        match self {
            Self::Weekly => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok(),
            Self::Monthly => Some(day.first_of_month()),
        }
    }
}

fn due(day: Date) -> Option<Timestamp> {
    let midnight = day.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC).ok()?.timestamp();
    midnight.checked_add(SignedDuration::from_hours(HOUR)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn weekly_is_monday_at_six_and_monthly_the_first_at_six() {
        for (schedule, now, cutoff, next) in [
            (PayoutSchedule::Weekly, "2026-11-23T05:59:59Z", "2026-11-16T06:00:00Z", "2026-11-23T06:00:00Z"),
            (PayoutSchedule::Weekly, "2026-11-23T06:00:00Z", "2026-11-23T06:00:00Z", "2026-11-30T06:00:00Z"),
            (PayoutSchedule::Weekly, "2027-01-01T00:00:00Z", "2026-12-28T06:00:00Z", "2027-01-04T06:00:00Z"),
            (PayoutSchedule::Monthly, "2026-12-01T05:59:59Z", "2026-11-01T06:00:00Z", "2026-12-01T06:00:00Z"),
            (PayoutSchedule::Monthly, "2026-12-31T23:00:00Z", "2026-12-01T06:00:00Z", "2027-01-01T06:00:00Z"),
            (PayoutSchedule::Monthly, "2027-01-01T06:00:00Z", "2027-01-01T06:00:00Z", "2027-02-01T06:00:00Z"),
        ] {
            assert_eq!((schedule.cutoff(at(now)), schedule.next(at(now))), (at(cutoff), at(next)), "{now}");
        }
    }

    #[test]
    fn a_stage_may_have_periods_of_seconds() {
        let cutoff = |seconds| PayoutSchedule::cutoff_every(seconds, at("2026-11-21T10:00:59.5Z"));
        assert_eq!(cutoff(60), at("2026-11-21T10:00:00Z"));
        assert_eq!(cutoff(1), at("2026-11-21T10:00:59Z"));
    }

    proptest! {
        #[test]
        fn every_moment_lies_between_its_cutoff_and_the_next_one(second in 1_700_000_000_i64..2_500_000_000) {
            let now = Timestamp::from_second(second).unwrap();
            for schedule in PayoutSchedule::ALL {
                let (cutoff, next) = (schedule.cutoff(now), schedule.next(now));
                prop_assert!(cutoff <= now && now < next);
                prop_assert_eq!(schedule.cutoff(cutoff), cutoff);
                prop_assert_eq!(schedule.cutoff(next), next);
                prop_assert_eq!(schedule.cutoff(next - SignedDuration::from_secs(1)), cutoff);
            }
        }
    }
}
