//! What has become known of a tutor by teaching: ratings, lessons, answers, the badge. Projections of what
//! happens elsewhere; the tutor changes none of them.

use jiff::Timestamp;

/// Ratings that everybody is thought to have had already, and what they were, in thousandths of a star: so
/// one bad or good first review says little. The same numbers as in `bayesian_rating` of the database.
const PRIOR_RATINGS: i64 = 10;
const PRIOR_THOUSANDTHS: i64 = 4_300;

/// The mean of ratings together with ten of 4.3 stars, in thousandths of a star, of the sum of the stars and
/// their number.
pub const fn bayesian_rating(stars: i64, ratings: i64) -> i64 {
    (PRIOR_RATINGS * PRIOR_THOUSANDTHS + stars * 1_000) / (PRIOR_RATINGS + ratings)
}

/// What is known of a tutor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The sum of the stars of all ratings.
    pub rating_sum: i64,
    /// How many ratings there are.
    pub rating_count: i32,
    /// Completed lessons.
    pub lessons_taught: u32,
    /// The median of the minutes from an invitation to its answer, over 90 days; `None` when there was none.
    pub response_minutes: Option<u32>,
    /// Since when the tutor has had the quality badge without a break.
    pub badge_awarded_at: Option<Timestamp>,
}

impl Standing {
    /// [`bayesian_rating`] of the tutor.
    pub fn quality(&self) -> i64 {
        bayesian_rating(self.rating_sum, i64::from(self.rating_count))
    }
}

crate::words! {
    /// What became of a lesson.
    pub enum LessonOutcome {
        /// It took place.
        Completed = "completed",
        /// The student called it off.
        CancelledByStudent = "cancelled_by_student",
        /// The tutor called it off: counts against the tutor's reliability (product.md, Booking).
        CancelledByTutor = "cancelled_by_tutor",
        /// Nobody of the two called it off.
        CancelledByPlatform = "cancelled_by_platform",
        /// It was never paid.
        Expired = "expired",
        /// The student did not come.
        NoShowStudent = "no_show_student",
        /// The tutor did not come.
        NoShowTutor = "no_show_tutor",
    }
}

impl LessonOutcome {
    /// Out of the status that a lesson's event carries and, of a cancelled one, who called it off; `None`
    /// while the lesson has no outcome yet.
    pub fn of(status: &str, cancelled_by: Option<&str>) -> Option<Self> {
        match (status, cancelled_by) {
            ("completed", _) => Some(Self::Completed),
            ("cancelled", Some("student")) => Some(Self::CancelledByStudent),
            ("cancelled", Some("tutor")) => Some(Self::CancelledByTutor),
            ("cancelled", _) => Some(Self::CancelledByPlatform),
            ("expired", _) => Some(Self::Expired),
            ("no_show_student", _) => Some(Self::NoShowStudent),
            ("no_show_tutor", _) => Some(Self::NoShowTutor),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_new_stands_in_the_middle() {
        assert_eq!(Standing::default().quality(), 4_300);
        assert_eq!(bayesian_rating(25, 5), 4_533);
        assert_eq!(bayesian_rating(1, 1), 4_000);
    }

    #[test]
    fn a_lesson_that_was_called_off_counts_for_who_did_it() {
        let outcome = |status, by| LessonOutcome::of(status, by).map(LessonOutcome::as_str);
        assert_eq!(outcome("completed", None), Some("completed"));
        assert_eq!(outcome("cancelled", Some("tutor")), Some("cancelled_by_tutor"));
        assert_eq!(outcome("cancelled", Some("student")), Some("cancelled_by_student"));
        assert_eq!(outcome("cancelled", None), Some("cancelled_by_platform"));
        assert_eq!(outcome("no_show_tutor", None), Some("no_show_tutor"));
        assert_eq!(outcome("scheduled", None), None);
    }
}
