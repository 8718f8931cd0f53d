//! The aggregate: a tutor.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::availability::Availability;
use super::overrides::{Override, Overrides, Refused, WantedOverride};
use super::profile::{Profile, SubjectId};
use super::requirements::{HandedIn, missing};
use super::standing::Standing;
use super::verification::{Claim, DecideError, Reason, SubmitError, Verification, VerificationStatus};
use crate::event::NewEvent;
use crate::id::{OverrideId, UserId, VerificationId};

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
    /// Dates on which the hours are others.
    pub overrides: Overrides,
    /// Where the verification stands.
    pub verification: Verification,
    /// Number of events so far.
    pub sequence: i64,
    /// When the profile was made.
    pub created_at: Timestamp,
    /// When anything was changed last.
    pub updated_at: Timestamp,
    /// What is known of the tutor's teaching: a projection, under no sequence number.
    pub standing: Standing,
}

/// What happens to a tutor.
pub type Changed = (Tutor, Vec<NewEvent>);

/// Why the hours of a date can't be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverrideError {
    /// There are no hours and terms yet of which it could be a change.
    NoAvailability,
    /// It is not as it should be, or not beside what is there.
    Refused(Refused),
}

impl Tutor {
    /// A tutor begins with the profile.
    pub fn create(id: UserId, profile: Profile, now: Timestamp) -> Changed {
        let tutor = Self {
            id,
            profile,
            availability: None,
            overrides: Overrides::default(),
            verification: Verification::Draft,
            sequence: 0,
            created_at: now,
            updated_at: now,
            standing: Standing::default(),
        };
        let data = tutor.profile_data();
        tutor.happened("tutor.profile_created", data, now)
    }

    /// Puts another profile in the place of this one. An approved tutor stays approved (product.md); with
    /// another name or other subjects a re-check is queued, under the id `recheck`, unless a submission is
    /// open. That is not an event of its own: the change is. The same profile again is no change.
    pub fn replace_profile(mut self, profile: Profile, recheck: VerificationId, now: Timestamp) -> Changed {
        if self.profile == profile {
            return (self, Vec::new());
        }
        let verified =
            self.profile.display_name == profile.display_name && self.profile.subjects == profile.subjects;
        if !verified && let Some(queued) = self.verification.recheck(recheck, now) {
            self.verification = queued;
        }
        self.profile = profile;
        let data = self.profile_data();
        self.happened("tutor.profile_updated", data, now)
    }

    /// Sets the hours and terms. The same again are no change. Overrides stay, but for those that are over.
    pub fn set_availability(mut self, availability: Availability, now: Timestamp) -> Changed {
        if self.availability.as_ref() == Some(&availability) {
            return (self, Vec::new());
        }
        let today = self.today(now);
        self.overrides = self.overrides.from_today(today);
        self.availability = Some(availability);
        self.availability_changed(now)
    }

    /// Changes the hours of one date.
    pub fn add_override(
        mut self,
        id: OverrideId,
        wanted: WantedOverride,
        now: Timestamp,
    ) -> Result<(Changed, Override), OverrideError> {
        if self.availability.is_none() {
            return Err(OverrideError::NoAvailability);
        }
        let today = self.today(now);
        let (overrides, added) = self.overrides.add(id, wanted, today).map_err(OverrideError::Refused)?;
        self.overrides = overrides;
        Ok((self.availability_changed(now), added))
    }

    /// Takes an override away; `None` when there is none with this id.
    pub fn remove_override(mut self, id: OverrideId, now: Timestamp) -> Option<Changed> {
        let today = self.today(now);
        self.overrides = self.overrides.remove(id, today)?;
        Some(self.availability_changed(now))
    }

    /// The date on the tutor's own clock.
    pub fn today(&self, now: Timestamp) -> Date {
        self.profile.time_zone.zone().to_datetime(now).date()
    }

    fn availability_changed(self, now: Timestamp) -> Changed {
        let data = json!({
            "tutorId": self.id,
            "timeZone": self.profile.time_zone,
            "lessonMinutes": self.availability.as_ref().map(|a| &a.lesson_minutes),
            "horizonDays": self.availability.as_ref().map(|a| a.horizon_days),
        });
        self.happened("tutor.availability_changed", data, now)
    }

    /// Submits the profile for verification, with what has been handed in.
    pub fn submit(
        mut self,
        id: VerificationId,
        handed_in: &[HandedIn],
        now: Timestamp,
    ) -> Result<Changed, SubmitError> {
        self.verification = self.verification.submit(id, now)?;
        let missing = missing(true, handed_in);
        if !missing.is_empty() {
            return Err(SubmitError::Missing(missing));
        }
        let kind = self.verification.submission().map(|s| s.kind);
        let data = json!({ "tutorId": self.id, "verificationId": id, "kind": kind });
        Ok(self.happened("tutor.verification_submitted", data, now))
    }

    /// Approves: from now on the tutor can be found and booked; or closes a re-check that has found nothing.
    pub fn approve(mut self, claim: Claim, reason: Option<Reason>) -> Result<Changed, DecideError> {
        self.verification = self.verification.approve(claim, reason)?;
        let mut data = self.decision_data();
        data["country"] = json!(self.profile.country);
        data["currency"] = json!(self.profile.hourly_rate.get().currency);
        Ok(self.happened("tutor.approved", data, claim.at))
    }

    /// Rejects, for good: also one who was approved before is neither found nor booked from now on.
    pub fn reject(mut self, claim: Claim, reason: Reason) -> Result<Changed, DecideError> {
        self.verification = self.verification.reject(claim, reason)?;
        let data = self.decision_data();
        Ok(self.happened("tutor.rejected", data, claim.at))
    }

    /// Asks the tutor to change something and submit again.
    pub fn request_changes(mut self, claim: Claim, reason: Reason) -> Result<Changed, DecideError> {
        self.verification = self.verification.request_changes(claim, reason)?;
        let data = self.decision_data();
        Ok(self.happened("tutor.changes_requested", data, claim.at))
    }

    /// Of a decision the ids; the words are between the admins and the tutor.
    fn decision_data(&self) -> Value {
        let submission = self.verification.submission();
        json!({
            "tutorId": self.id,
            "verificationId": submission.map(|s| s.id),
            "kind": submission.map(|s| s.kind),
            "adminId": self.verification.decision().map(|d| d.admin),
        })
    }

    /// Whether the tutor is approved, so that students can find and book them, unless the account is
    /// suspended.
    pub fn is_listed(&self) -> bool {
        self.verification.standing() == VerificationStatus::Approved
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
    use crate::id::DocumentId;
    use crate::tutoring::document::{DocumentKind, DocumentStatus};

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
        let (tutor, updated) = tutor.replace_profile(profile("two"), verification(9), now());
        assert_eq!((updated[0].kind, updated[0].sequence, tutor.sequence), ("tutor.profile_updated", 2, 2));
        let (tutor, none) = tutor.replace_profile(profile("two"), verification(9), now());
        assert!(none.is_empty());
        assert_eq!(tutor.sequence, 2);
    }

    fn verification(n: u128) -> VerificationId {
        VerificationId(Uuid::from_u128(n))
    }

    fn claim() -> Claim {
        Claim::new(UserId(Uuid::from_u128(3)), now(), 24)
    }

    fn handed_in() -> [HandedIn; 2] {
        [DocumentKind::Identity, DocumentKind::Degree].map(|kind| HandedIn {
            id: DocumentId(Uuid::from_u128(4)),
            kind,
            status: DocumentStatus::Uploaded,
        })
    }

    fn submitted() -> Tutor {
        let (tutor, _) = Tutor::create(UserId(Uuid::from_u128(1)), profile("one"), now());
        tutor.submit(verification(2), &handed_in(), now()).unwrap().0
    }

    #[test]
    fn nothing_is_submitted_before_all_is_there_and_everything_that_lacks_is_named() {
        let (tutor, _) = Tutor::create(UserId(Uuid::from_u128(1)), profile("one"), now());
        let refused = tutor.clone().submit(verification(2), &[], now()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Upload an identity document. Upload a degree or another certificate."
        );
        let (_, events) = tutor.submit(verification(2), &handed_in(), now()).unwrap();
        assert_eq!(events[0].data["kind"], "first");
    }

    #[test]
    fn an_approved_tutor_who_changes_name_or_subjects_stays_listed_and_is_rechecked() {
        assert!(!submitted().is_listed());
        let (tutor, approved) = submitted().approve(claim(), None).unwrap();
        assert_eq!(approved[0].data["currency"], "USD");
        let headline = tutor.clone().replace_profile(profile("two"), verification(9), now()).0;
        assert_eq!(headline.verification.status(), VerificationStatus::Approved, "not what was verified");
        let mut renamed = profile("one");
        renamed.display_name = crate::text::Line::parse("Augusta").unwrap();
        let mut retaught = serde_json::to_value(profile("one")).unwrap();
        retaught["subjects"][0]["yearsOfExperience"] = json!(6);
        let retaught = deserr::deserialize::<_, _, FieldErrors>(retaught).unwrap();
        for other in [renamed, retaught] {
            let (changed, events) = tutor.clone().replace_profile(other, verification(9), now());
            assert!(changed.is_listed());
            assert_eq!(changed.verification.waiting_recheck().unwrap().id, verification(9));
            assert_eq!(events.iter().map(|e| e.kind).collect::<Vec<_>>(), ["tutor.profile_updated"]);
            let (closed, events) = changed.clone().approve(claim(), None).unwrap();
            assert_eq!((closed.is_listed(), &events[0].data["kind"]), (true, &json!("recheck")));
            let reason = || Reason::parse("Who are you?").unwrap();
            let (asked, events) = changed.clone().request_changes(claim(), reason()).unwrap();
            assert_eq!((asked.is_listed(), events[0].kind), (true, "tutor.changes_requested"));
            let (rejected, events) = changed.reject(claim(), reason()).unwrap();
            assert_eq!((rejected.is_listed(), events[0].kind), (false, "tutor.rejected"));
            assert!(!events[0].data.to_string().contains("Who"), "the words stay here");
        }
    }

    #[test]
    fn a_change_before_the_decision_is_part_of_what_is_decided() {
        let mut renamed = profile("one");
        renamed.display_name = crate::text::Line::parse("Augusta").unwrap();
        let (tutor, _) = submitted().replace_profile(renamed, verification(9), now());
        assert_eq!(tutor.verification.submission().unwrap().id, verification(2));
    }

    #[test]
    fn events_tell_nothing_personal_beyond_ids() {
        let (_, events) = Tutor::create(UserId(Uuid::from_u128(1)), profile("Proofs"), now());
        let text = events[0].data.to_string();
        assert!(!text.contains("Ada") && !text.contains("Proofs"));
    }
}
