//! The aggregate: a tutor.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::availability::Availability;
use super::profile::{Profile, SubjectId};
use super::verification::{DecideError, Decision, Submission, SubmitError, Verification, VerificationStatus};
use crate::event::NewEvent;
use crate::id::{UserId, VerificationId};

/// A tutor: profile, hours, verification. Whoever changes one of them changes the tutor, under one sequence
/// number, which is also the version that a client sees as `ETag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tutor {
    /// The tutor's user id: one account, both profiles.
    pub id: UserId,
    /// What students see.
    pub profile: Profile,
    /// When the tutor can be booked; `None` until the tutor has said so.
    pub availability: Option<Availability>,
    /// Where the verification stands.
    pub verification: Verification,
    /// Number of events so far.
    pub sequence: i64,
    /// When the profile was made.
    pub created_at: Timestamp,
    /// When anything was changed last.
    pub updated_at: Timestamp,
}

/// What happens to a tutor.
pub type Changed = (Tutor, Vec<NewEvent>);

impl Tutor {
    /// A tutor begins with the profile.
    pub fn create(id: UserId, profile: Profile, now: Timestamp) -> Changed {
        let tutor = Self {
            id,
            profile,
            availability: None,
            verification: Verification::Draft,
            sequence: 0,
            created_at: now,
            updated_at: now,
        };
        let data = tutor.profile_data();
        tutor.happened("tutor.profile_created", data, now)
    }

    /// Puts another profile in the place of this one. An approved tutor stays approved (product.md). The same
    /// profile again is no change.
    pub fn replace_profile(mut self, profile: Profile, now: Timestamp) -> Changed {
        if self.profile == profile {
            return (self, Vec::new());
        }
        self.profile = profile;
        let data = self.profile_data();
        self.happened("tutor.profile_updated", data, now)
    }

    /// Sets the hours and terms. The same again are no change.
    pub fn set_availability(mut self, availability: Availability, now: Timestamp) -> Changed {
        if self.availability.as_ref() == Some(&availability) {
            return (self, Vec::new());
        }
        let data = json!({
            "tutorId": self.id,
            "timeZone": self.profile.time_zone,
            "lessonMinutes": availability.lesson_minutes,
            "horizonDays": availability.horizon_days,
        });
        self.availability = Some(availability);
        self.happened("tutor.availability_changed", data, now)
    }

    /// Submits the profile for verification. A profile is always complete; that documents are there too will be
    /// asked once there are documents (issue 4).
    pub fn submit(mut self, id: VerificationId, now: Timestamp) -> Result<Changed, SubmitError> {
        self.verification = self.verification.submit(Submission { id, at: now })?;
        let data = json!({ "tutorId": self.id, "verificationId": id });
        Ok(self.happened("tutor.verification_submitted", data, now))
    }

    /// Approves: from now on the tutor can be found and booked.
    pub fn approve(mut self, decision: Decision) -> Result<Changed, DecideError> {
        let (admin, now) = (decision.admin, decision.at);
        self.verification = self.verification.approve(decision)?;
        let data = json!({
            "tutorId": self.id,
            "verificationId": self.verification.submission().map(|s| s.id),
            "adminId": admin,
            "country": self.profile.country,
            "currency": self.profile.hourly_rate.get().currency,
        });
        Ok(self.happened("tutor.approved", data, now))
    }

    /// Whether students can find and book the tutor.
    pub fn is_listed(&self) -> bool {
        self.verification.status() == VerificationStatus::Approved
    }

    fn profile_data(&self) -> Value {
        let subjects: Vec<&SubjectId> = self.profile.subjects.as_slice().iter().map(|s| &s.subject).collect();
        json!({
            "tutorId": self.id,
            "timeZone": self.profile.time_zone,
            "country": self.profile.country,
            "subjects": subjects,
            "hourlyRate": self.profile.hourly_rate,
        })
    }

    fn happened(mut self, kind: &'static str, data: Value, now: Timestamp) -> Changed {
        self.sequence += 1;
        self.updated_at = now;
        let event = NewEvent {
            kind,
            version: 1,
            aggregate_type: "tutor",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        };
        (self, vec![event])
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::field::FieldErrors;

    fn profile(headline: &str) -> Profile {
        let value = json!({
            "displayName": "Ada L.", "headline": headline, "bio": "b", "timeZone": "Europe/London", "country": "GB",
            "languages": [{ "language": "en", "level": "native" }],
            "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
            "hourlyRate": { "amount": 4500, "currency": "USD" },
        });
        deserr::deserialize::<_, _, FieldErrors>(value).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn each_event_raises_the_sequence_by_one() {
        let id = UserId(Uuid::from_u128(1));
        let (tutor, created) = Tutor::create(id, profile("one"), now());
        assert_eq!((created[0].kind, created[0].sequence, tutor.sequence), ("tutor.profile_created", 1, 1));
        let (tutor, updated) = tutor.replace_profile(profile("two"), now());
        assert_eq!((updated[0].kind, updated[0].sequence, tutor.sequence), ("tutor.profile_updated", 2, 2));
        let (tutor, none) = tutor.replace_profile(profile("two"), now());
        assert!(none.is_empty());
        assert_eq!(tutor.sequence, 2);
    }

    #[test]
    fn an_approved_tutor_who_changes_the_profile_stays_listed() {
        let id = UserId(Uuid::from_u128(1));
        let (tutor, _) = Tutor::create(id, profile("one"), now());
        assert!(!tutor.is_listed());
        let (tutor, _) = tutor.submit(VerificationId(Uuid::from_u128(2)), now()).unwrap();
        let decision = Decision { admin: UserId(Uuid::from_u128(3)), at: now(), reason: None };
        let (tutor, approved) = tutor.approve(decision).unwrap();
        assert_eq!(approved[0].data["currency"], "USD");
        let (tutor, _) = tutor.replace_profile(profile("two"), now());
        assert!(tutor.is_listed());
    }

    #[test]
    fn events_tell_nothing_personal_beyond_ids() {
        let (_, events) = Tutor::create(UserId(Uuid::from_u128(1)), profile("Proofs"), now());
        let text = events[0].data.to_string();
        assert!(!text.contains("Ada") && !text.contains("Proofs"));
    }
}
