//! The numbers of `tutoring`, in one place.
//!
//! What a stage may change is in [`TutoringPolicy`]. The bounds of inputs are constants, because they are part
//! of the API's contract and of the types that can't hold anything else.

use std::ops::RangeInclusive;

/// Minor units that an hour may cost (product.md, Tutoring).
pub const HOURLY_RATE: RangeInclusive<i64> = 1_000..=50_000;

/// Most weekly rules: a dozen stretches on each day of the week.
pub const WEEKLY_RULES_MAX: usize = 84;

/// Longest buffer before or after a lesson, in minutes: four hours.
pub const BUFFER_MINUTES_MAX: u32 = 240;

/// Longest minimum notice, in minutes: 30 days.
pub const NOTICE_MINUTES_MAX: u32 = 43_200;

/// Furthest day bookable, in days from today: a year.
pub const HORIZON_DAYS_MAX: u32 = 365;

/// Values that a stage may set, by template parameters; each default is product.md's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TutoringPolicy {
    /// Lessons begin on multiples of this many minutes in UTC (so on quarter hours in every zone in use).
    pub slot_grid_minutes: u16,
    /// Longest stretch of time for which slots are listed at once, in days.
    pub slots_window_days: u16,
    /// Stretch of time for which slots are listed when the caller names none, in days.
    pub slots_window_default_days: u16,
    /// How far to either side of a wanted time free slots are looked for, in days.
    pub nearest_window_days: u16,
    /// How many free slots near a wanted time are offered.
    pub nearest_max: usize,
}

impl Default for TutoringPolicy {
    fn default() -> Self {
        Self {
            slot_grid_minutes: 15,
            slots_window_days: 60,
            slots_window_default_days: 7,
            nearest_window_days: 14,
            nearest_max: 3,
        }
    }
}
