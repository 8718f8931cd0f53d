//! What callers see of a tutor.

use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::money::Money;
use lectern_domain::text::Line;
use lectern_domain::time::{Instant, TimeRange};
use lectern_domain::tutoring::availability::{Availability, LessonMinutes};
use lectern_domain::tutoring::list::Distinct;
use lectern_domain::tutoring::profile::{Country, Profile, SpokenLanguage, TaughtSubject};
use lectern_domain::tutoring::search::public_name;
use lectern_domain::tutoring::standing::Standing;
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::{Reason, SubmissionKind, Verification, VerificationStatus};
use schemars::JsonSchema;
use serde::Serialize;

/// A tutor as the tutor sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnTutor {
    tutor_id: UserId,
    #[serde(flatten)]
    profile: Profile,
    /// Absent until the hours have been set.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<Availability>,
    verification: OwnVerification,
    created_at: Instant,
    updated_at: Instant,
    /// Absent while nobody has rated the tutor.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<Rating>,
    #[serde(flatten)]
    teaching: Teaching,
}

/// A verification as the tutor sees it, by the newest submission: which admin had it in hand is not the
/// tutor's to know.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnVerification {
    /// Absent while nothing has been submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    /// What the newest submission is for; absent while nothing has been submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<SubmissionKind>,
    /// Where the tutor stands: during a re-check, and after one that requested changes, still approved.
    status: VerificationStatus,
    /// Where the re-check stands, while one isn't closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    recheck_status: Option<VerificationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl From<&Verification> for OwnVerification {
    fn from(verification: &Verification) -> Self {
        let submission = verification.submission();
        let decision = verification.decision();
        Self {
            verification_id: submission.map(|s| s.id),
            kind: submission.map(|s| s.kind),
            status: verification.standing(),
            recheck_status: verification.open_recheck(),
            submitted_at: submission.map(|s| s.at.into()),
            decided_at: decision.map(|d| d.at.into()),
            reason: decision.and_then(|d| d.reason.clone()),
        }
    }
}

impl From<Tutor> for OwnTutor {
    fn from(tutor: Tutor) -> Self {
        Self {
            tutor_id: tutor.id,
            verification: OwnVerification::from(&tutor.verification),
            profile: tutor.profile,
            availability: tutor.availability,
            created_at: tutor.created_at.into(),
            updated_at: tutor.updated_at.into(),
            rating: Rating::of(tutor.standing.rating_sum, tutor.standing.rating_count),
            teaching: tutor.standing.into(),
        }
    }
}

/// A tutor as anybody sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicTutor {
    tutor_id: UserId,
    #[serde(flatten)]
    profile: Profile,
    /// Lesson lengths offered; none until the tutor has set the hours.
    lesson_minutes: Vec<LessonMinutes>,
    /// Where the photo is to be had, relative to the API; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    photo_url: Option<String>,
    /// Absent while nobody has rated the tutor.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<Rating>,
    #[serde(flatten)]
    teaching: Teaching,
}

impl PublicTutor {
    /// With the address of the photo, if there is one.
    #[must_use]
    pub fn with_photo(mut self, has_photo: bool) -> Self {
        self.photo_url = has_photo.then(|| format!("/v1/tutors/{}/photo", self.tutor_id));
        self
    }
}

impl From<Tutor> for PublicTutor {
    fn from(tutor: Tutor) -> Self {
        let lengths = tutor.availability.map(|a| a.lesson_minutes.as_slice().to_vec());
        let mut profile = tutor.profile;
        // What is left of a name that was fine is fine.
        if let Ok(name) = Line::parse(&public_name(profile.display_name.as_str())) {
            profile.display_name = name;
        }
        let rating = Rating::of(tutor.standing.rating_sum, tutor.standing.rating_count);
        let (lesson_minutes, teaching) = (lengths.unwrap_or_default(), tutor.standing.into());
        Self { tutor_id: tutor.id, profile, lesson_minutes, photo_url: None, rating, teaching }
    }
}

/// A tutor in a list of results.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TutorSummary {
    /// The tutor.
    pub tutor_id: UserId,
    /// Name that students see.
    pub display_name: Line<80>,
    /// One line under it.
    pub headline: Line<120>,
    /// Where the tutor lives.
    pub country: Country,
    /// Languages taught in.
    pub languages: Distinct<SpokenLanguage, 10>,
    /// Subjects taught.
    pub subjects: Distinct<TaughtSubject, 20>,
    /// The price of an hour.
    pub hourly_rate: Money,
    /// Absent while nobody has rated the tutor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What is known of the teaching.
    #[serde(flatten)]
    pub teaching: Teaching,
}

/// What is known of a tutor's teaching.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Teaching {
    /// Completed lessons.
    lessons_taught: u32,
    /// The median of the minutes from an invitation to its answer in the last 90 days; absent when there was
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_minutes: Option<u32>,
    /// The quality badge; absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    badge: Option<Badge>,
}

/// The quality badge.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    /// Since when the tutor has had it without a break.
    awarded_at: Instant,
}

impl From<Standing> for Teaching {
    fn from(standing: Standing) -> Self {
        Self {
            lessons_taught: standing.lessons_taught,
            response_minutes: standing.response_minutes,
            badge: standing.badge_awarded_at.map(|at| Badge { awarded_at: at.into() }),
        }
    }
}

/// What a tutor's ratings come to.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rating {
    /// The mean in hundredths of a star: 467 is 4.67 stars.
    average_hundredths: i64,
    /// How many rated.
    count: i32,
}

impl Rating {
    /// Out of the sum of the stars and the number of ratings; `None` without any.
    pub fn of(stars: i64, count: i32) -> Option<Self> {
        let average_hundredths = (stars * 100 + i64::from(count) / 2).checked_div(i64::from(count))?;
        Some(Self { average_hundredths, count })
    }
}

/// A time at which a lesson can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slot {
    start: Instant,
    end: Instant,
}

impl From<TimeRange> for Slot {
    fn from(range: TimeRange) -> Self {
        Self { start: range.start().into(), end: range.end().into() }
    }
}
