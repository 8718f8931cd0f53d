//! The numbers of `tutoring`, in one place.
//!
//! What a stage may change is in [`TutoringPolicy`]. The bounds of inputs are constants, because they are
//! part of the API's contract and of the types that can't hold anything else.

use std::ops::RangeInclusive;

pub use super::badge::BadgePolicy;

/// Minor units that an hour may cost (product.md, Tutoring).
pub const HOURLY_RATE: RangeInclusive<i64> = 1_000..=50_000;

/// Minor units that a whole trial lesson may cost. It has "a price of its own" (product.md, Booking), so it
/// is paid for like every lesson, and never free: there is no lesson without money behind it, and the payment
/// provider takes nothing under about half a unit of a currency. At most what the dearest hour costs.
pub const TRIAL_PRICE: RangeInclusive<i64> = 100..=50_000;

/// Lengths of a trial lesson, in minutes (product.md, Booking).
pub const TRIAL_MINUTES: [u16; 2] = [25, 50];

/// Most weekly rules: a dozen stretches on each day of the week.
pub const WEEKLY_RULES_MAX: usize = 84;

/// Longest buffer before or after a lesson, in minutes: four hours.
pub const BUFFER_MINUTES_MAX: u32 = 240;

/// Longest minimum notice, in minutes: 30 days.
pub const NOTICE_MINUTES_MAX: u32 = 43_200;

/// Furthest day bookable, in days from today: a year.
pub const HORIZON_DAYS_MAX: u32 = 365;

/// Most overrides that a tutor can have at once: one for each day of a year.
pub const OVERRIDES_MAX: usize = 366;

/// How far ahead an override can be set, in days: two years, so that holidays can be planned.
pub const OVERRIDE_DAYS_AHEAD_MAX: i32 = 731;

/// How often an outside calendar is read, in minutes.
pub const BUSY_CALENDAR_REFRESH_MINUTES: i64 = 15;

/// Longest pause between two tries of a calendar that can't be read, in minutes: six hours.
pub const BUSY_CALENDAR_RETRY_MINUTES_MAX: i64 = 360;

/// How far ahead an outside calendar is taken over, in days: the furthest day bookable, and some more, so
/// that a copy that can't be renewed for a while still reaches as far.
pub const BUSY_CALENDAR_DAYS: i64 = HORIZON_DAYS_MAX as i64 + 35;
/// Upper ends of the price bands that a search counts, in minor units; the last band is open.
pub const PRICE_BANDS: [i64; 4] = [2_000, 3_500, 5_000, 7_500];

/// Most bytes of a document: 10 MiB (product.md, Document).
pub const DOCUMENT_BYTES_MAX: u32 = 10 * 1024 * 1024;
/// Most bytes of a photo: 5 MiB.
pub const PHOTO_BYTES_MAX: u32 = 5 * 1024 * 1024;
/// Pixels that a side of a photo may have.
pub const PHOTO_SIDE: RangeInclusive<u32> = 100..=6_000;
/// Pixels that a side of a document that is an image may have: A2 at 800 dots per inch. What opens it unpacks
/// it, so that a few bytes may not stand for gigabytes.
pub const DOCUMENT_SIDE: RangeInclusive<u32> = 1..=20_000;
/// Pixels that an image may have in all: 100 million are 400 MB unpacked.
pub const IMAGE_PIXELS_MAX: u64 = 100_000_000;
/// Most documents that a tutor may have announced and not sent yet.
pub const DOCUMENTS_WAITING_MAX: i32 = 10;
/// Most documents that a tutor may have.
pub const DOCUMENTS_MAX: i32 = 50;
/// How long a form for an upload is good for, in minutes.
pub const UPLOAD_FORM_MINUTES: i64 = 15;
/// How long an upload that was announced is waited for, in hours. Longer than any form is good for.
pub const UPLOAD_AWAITED_HOURS: i64 = 24;
/// How long a link to a file is good for, in minutes (product.md, Document).
pub const FILE_LINK_MINUTES: i64 = 5;

/// Most tutors that a student can keep as favourites: more is no choice any more.
pub const FAVOURITES_MAX: u32 = 200;

/// Tutors who are weighed for a matching request: the best by what an index knows of them.
pub const MATCH_CANDIDATES_MAX: u32 = 200;

/// Tutors that the answer to a matching request ranks.
pub const MATCHES_MAX: usize = 20;

/// How far back response times are looked at, in days (product.md, Tutoring).
pub const RESPONSE_DAYS: u16 = 90;

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
    /// How long a submission that an admin has claimed is left to that admin, in hours.
    pub claim_hours: u16,
    /// How long an invited tutor has to answer, in hours.
    pub invitation_hours: u32,
    /// How many tutors a student may invite out of one matching request.
    pub invitations_max: usize,
    /// What earns the quality badge.
    pub badge: BadgePolicy,
}

impl Default for TutoringPolicy {
    fn default() -> Self {
        Self {
            slot_grid_minutes: 15,
            slots_window_days: 60,
            slots_window_default_days: 7,
            nearest_window_days: 14,
            nearest_max: 3,
            claim_hours: 24,
            invitation_hours: 48,
            invitations_max: 5,
            badge: BadgePolicy::default(),
        }
    }
}
