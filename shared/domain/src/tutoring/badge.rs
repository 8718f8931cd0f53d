//! The quality badge: recomputed monthly over 90 days (product.md, Tutoring).

use super::standing::bayesian_rating;

/// What earns the badge; all of it must be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadgePolicy {
    /// How far back is looked, in days.
    pub days: u16,
    /// Fewest completed lessons.
    pub lessons_min: u32,
    /// Fewest ratings.
    pub ratings_min: u32,
    /// Least mean of the ratings in thousandths of a star, counted together with ten of 4.3 stars.
    pub rating_min_thousandths: u32,
    /// Longest median time to answer an invitation, in minutes; who was not invited has nothing to answer.
    pub reply_minutes_max: u32,
    /// Most lessons that the tutor called off, in hundredths of a per cent of those that the tutor taught,
    /// missed or called off.
    pub cancelled_max_basis_points: u32,
}

impl Default for BadgePolicy {
    fn default() -> Self {
        Self {
            days: 90,
            lessons_min: 10,
            ratings_min: 5,
            rating_min_thousandths: 4_500,
            reply_minutes_max: 720,
            cancelled_max_basis_points: 500,
        }
    }
}

/// What a tutor did in the time that is looked at. A lesson counts by the moment at which it began or was to
/// begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Completed lessons.
    pub lessons: u32,
    /// Lessons to which the tutor did not come.
    pub absences: u32,
    /// Lessons that the tutor called off.
    pub cancelled: u32,
    /// The sum of the stars of ratings given in this time.
    pub rating_sum: u32,
    /// How many ratings those were.
    pub rating_count: u32,
    /// The median of the minutes from an invitation to its answer.
    pub reply_minutes: Option<u32>,
}

impl BadgePolicy {
    /// Whether the badge is earned.
    pub fn is_met_by(&self, record: &Record) -> bool {
        let rating = bayesian_rating(record.rating_sum.into(), record.rating_count.into());
        let agreed = u64::from(record.lessons) + u64::from(record.absences) + u64::from(record.cancelled);
        record.lessons >= self.lessons_min
            && record.absences == 0
            && record.rating_count >= self.ratings_min
            && rating >= i64::from(self.rating_min_thousandths)
            && record.reply_minutes.is_none_or(|minutes| minutes <= self.reply_minutes_max)
            && u64::from(record.cancelled) * 10_000 <= agreed * u64::from(self.cancelled_max_basis_points)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: Record = Record {
        lessons: 19,
        absences: 0,
        cancelled: 1,
        rating_sum: 25,
        rating_count: 5,
        reply_minutes: Some(720),
    };

    fn earns(change: impl Fn(&mut Record)) -> bool {
        let mut record = GOOD;
        change(&mut record);
        BadgePolicy::default().is_met_by(&record)
    }

    #[test]
    fn each_condition_alone_costs_the_badge() {
        assert!(earns(|_| ()));
        assert!(!earns(|r| r.absences = 1));
        assert!(!earns(|r| r.reply_minutes = Some(721)));
        assert!(earns(|r| r.reply_minutes = None), "who was not invited has nothing to answer");
        assert!(!earns(|r| r.lessons = 18), "one of 19 is more than 5 %");
        assert!(!earns(|r| (r.lessons, r.cancelled) = (9, 0)));
        assert!(earns(|r| (r.lessons, r.cancelled) = (10, 0)));
        assert!(!earns(|r| (r.rating_sum, r.rating_count) = (20, 4)), "too few ratings");
        assert!(!earns(|r| r.rating_sum = 24), "4.467 with the ten that everybody has");
    }

    proptest! {
        #[test]
        fn who_does_better_does_not_lose_it(
            lessons in 0_u32..60, absences in 0_u32..2, cancelled in 0_u32..4, ratings in 0_u32..40,
            low in 0_u32..20, reply in proptest::option::of(0_u32..2_000), more in 0_u32..20,
        ) {
            let policy = BadgePolicy::default();
            let rating_sum = (ratings * 5).saturating_sub(low).max(ratings);
            let (rating_count, reply_minutes) = (ratings, reply);
            let record = Record { lessons, absences, cancelled, rating_sum, rating_count, reply_minutes };
            let better = Record {
                lessons: lessons + more,
                absences: absences.saturating_sub(more),
                cancelled: cancelled.saturating_sub(more),
                rating_sum: rating_sum + 5 * more,
                rating_count: ratings + more,
                reply_minutes: reply.map(|minutes| minutes.saturating_sub(more)),
            };
            prop_assert!(!policy.is_met_by(&record) || policy.is_met_by(&better));
        }
    }
}
