//! What callers see of a tutor.

use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::money::Money;
use lectern_domain::text::Line;
use lectern_domain::time::{Instant, TimeRange};
use lectern_domain::tutoring::availability::{Availability, LessonMinutes};
use lectern_domain::tutoring::list::Distinct;
use lectern_domain::tutoring::profile::{Country, Profile, SpokenLanguage, TaughtSubject};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::{Reason, Verification, VerificationStatus};
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
}

/// A verification as the tutor sees it: which admin had it in hand is not the tutor's to know.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnVerification {
    /// Absent while nothing has been submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    status: VerificationStatus,
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
            status: verification.status(),
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
}

impl From<Tutor> for PublicTutor {
    fn from(tutor: Tutor) -> Self {
        let lengths = tutor.availability.map(|a| a.lesson_minutes.as_slice().to_vec());
        Self { tutor_id: tutor.id, profile: tutor.profile, lesson_minutes: lengths.unwrap_or_default() }
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
