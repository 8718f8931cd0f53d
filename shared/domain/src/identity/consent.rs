//! A parent's consent (COPPA, 16 CFR 312.5; product.md, Identity).

use jiff::Timestamp;
use serde_json::json;

use crate::event::NewEvent;
use crate::id::{ConsentId, UserId};
use crate::time::Instant;

use super::IdentityPolicy;

crate::words! {
    /// What a parent can consent to, each by itself: without a scope the feature that needs it is off for that
    /// child.
    pub enum ConsentScope {
        /// Collection and use inside Lectern: without it there is no account.
        Collection = "collection",
        /// Disclosure to third parties: video rooms, the learning assistant.
        ThirdParties = "third_parties",
        /// Recording of lessons.
        Recording = "recording",
    }
}

crate::words! {
    /// State of a consent.
    pub enum ConsentStatus {
        /// The parent was asked.
        Requested = "requested",
        /// The parent said yes.
        Granted = "granted",
        /// The parent said no.
        Denied = "denied",
        /// The parent didn't answer in time.
        Expired = "expired",
        /// The parent took it back.
        Revoked = "revoked",
    }
}

crate::words! {
    /// What a secret link lets a parent do.
    pub enum LinkPurpose {
        /// Answer, once.
        Decide = "decide",
        /// Look at what is held, change the scopes, take the consent back.
        Manage = "manage",
    }
}

/// Why a consent can't go where it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// It is decided, and not to be changed like this.
    #[error("the consent is {}", .0.as_str())]
    NotOpen(ConsentStatus),
    /// The time for an answer is over.
    #[error("the time for an answer is over")]
    TooLate,
    /// Nothing works without collection and use.
    #[error("a consent needs the scope collection")]
    WithoutCollection,
}

/// A parent's consent for one child.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The child.
    pub child: UserId,
    /// State.
    pub status: ConsentStatus,
    /// What it covers; empty unless granted.
    pub scopes: Vec<ConsentScope>,
    /// When the parent was asked.
    pub requested_at: Instant,
    /// When the time for an answer is over.
    pub expires_at: Instant,
    /// Of the last decision.
    pub decided_at: Option<Instant>,
    /// Number of the aggregate's last event.
    pub sequence: i64,
}

impl Consent {
    /// Asks the parent of `child`.
    pub fn request(
        id: ConsentId,
        child: UserId,
        now: Timestamp,
        policy: &IdentityPolicy,
    ) -> (Self, Vec<NewEvent>) {
        let mut consent = Self {
            id,
            child,
            status: ConsentStatus::Requested,
            scopes: Vec::new(),
            requested_at: now.into(),
            expires_at: (now + policy.consent_open).into(),
            decided_at: None,
            sequence: 0,
        };
        let event = consent.next_event("consent.requested");
        (consent, vec![event])
    }

    /// The parent says yes to `scopes`, or changes the scopes of an earlier yes.
    pub fn grant(
        mut self,
        scopes: &[ConsentScope],
        now: Timestamp,
    ) -> Result<(Self, Vec<NewEvent>), ConsentError> {
        match self.status {
            ConsentStatus::Requested => self.in_time(now)?,
            ConsentStatus::Granted => {}
            status => return Err(ConsentError::NotOpen(status)),
        }
        if !scopes.contains(&ConsentScope::Collection) {
            return Err(ConsentError::WithoutCollection);
        }
        self.scopes = scopes.to_vec();
        self.scopes.sort_unstable();
        self.scopes.dedup();
        Ok(self.decide(ConsentStatus::Granted, "consent.granted", now))
    }

    /// The parent says no. The child is to be erased.
    pub fn deny(self, now: Timestamp) -> Result<(Self, Vec<NewEvent>), ConsentError> {
        self.must_be(ConsentStatus::Requested)?;
        self.in_time(now)?;
        Ok(self.decide(ConsentStatus::Denied, "consent.denied", now))
    }

    /// The parent takes the consent back. The child is to be erased.
    pub fn revoke(self, now: Timestamp) -> Result<(Self, Vec<NewEvent>), ConsentError> {
        self.must_be(ConsentStatus::Granted)?;
        Ok(self.decide(ConsentStatus::Revoked, "consent.revoked", now))
    }

    /// Nobody answered in time; `None` while there is time, or when it is decided. The child is to be erased.
    pub fn expire(self, now: Timestamp) -> Option<(Self, Vec<NewEvent>)> {
        let due = self.status == ConsentStatus::Requested && self.in_time(now).is_err();
        due.then(|| self.decide(ConsentStatus::Expired, "consent.denied", now))
    }

    fn must_be(&self, status: ConsentStatus) -> Result<(), ConsentError> {
        if self.status == status { Ok(()) } else { Err(ConsentError::NotOpen(self.status)) }
    }

    fn in_time(&self, now: Timestamp) -> Result<(), ConsentError> {
        if now < self.expires_at.get() { Ok(()) } else { Err(ConsentError::TooLate) }
    }

    fn decide(mut self, status: ConsentStatus, kind: &'static str, now: Timestamp) -> (Self, Vec<NewEvent>) {
        self.status = status;
        self.decided_at = Some(now.into());
        if status != ConsentStatus::Granted {
            self.scopes.clear();
        }
        let event = self.next_event(kind);
        (self, vec![event])
    }

    fn next_event(&mut self, kind: &'static str) -> NewEvent {
        self.sequence += 1;
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "consent",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data: match kind {
                "consent.granted" => json!({ "userId": self.child, "scopes": self.scopes }),
                "consent.denied" => {
                    json!({ "userId": self.child, "unanswered": self.status == ConsentStatus::Expired })
                }
                _ => json!({ "userId": self.child }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const COLLECTION: &[ConsentScope] = &[ConsentScope::Collection];

    fn start() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn requested() -> Consent {
        let id = uuid::Uuid::nil();
        Consent::request(id.into(), id.into(), start(), &IdentityPolicy::default()).0
    }

    fn granted() -> Consent {
        requested().grant(COLLECTION, start()).unwrap().0
    }

    #[test]
    fn a_parent_has_fourteen_days() {
        let last = start() + SignedDuration::from_hours(14 * 24) - SignedDuration::from_secs(1);
        assert!(requested().grant(COLLECTION, last).is_ok());
        assert!(requested().expire(last).is_none());
        let late = last + SignedDuration::from_secs(1);
        assert_eq!(requested().grant(COLLECTION, late), Err(ConsentError::TooLate));
        assert_eq!(requested().deny(late), Err(ConsentError::TooLate));
        let (expired, events) = requested().expire(late).unwrap();
        assert_eq!((expired.status, events[0].kind), (ConsentStatus::Expired, "consent.denied"));
        assert_eq!(events[0].data["unanswered"], true);
    }

    #[test]
    fn nothing_is_granted_without_collection_and_use() {
        assert_eq!(
            requested().grant(&[ConsentScope::Recording], start()),
            Err(ConsentError::WithoutCollection)
        );
    }

    #[test]
    fn scopes_can_be_changed_while_it_is_granted() {
        let (wider, events) =
            granted().grant(&[ConsentScope::Recording, ConsentScope::Collection], start()).unwrap();
        assert_eq!(wider.scopes, [ConsentScope::Collection, ConsentScope::Recording]);
        assert_eq!((events[0].kind, events[0].sequence), ("consent.granted", 3));
    }

    #[test]
    fn a_no_can_not_become_a_yes() {
        let denied = requested().deny(start()).unwrap().0;
        assert_eq!(denied.grant(COLLECTION, start()), Err(ConsentError::NotOpen(ConsentStatus::Denied)));
        let revoked = granted().revoke(start()).unwrap().0;
        assert!(revoked.scopes.is_empty());
        assert_eq!(revoked.grant(COLLECTION, start()), Err(ConsentError::NotOpen(ConsentStatus::Revoked)));
    }

    #[test]
    fn what_was_not_granted_can_not_be_taken_back() {
        assert_eq!(requested().revoke(start()), Err(ConsentError::NotOpen(ConsentStatus::Requested)));
    }

    proptest! {
        /// Whatever is tried in whatever order: scopes only while granted, and each success is one event.
        #[test]
        fn any_order_of_decisions_keeps_the_rules(
            steps in prop::collection::vec((0_u8..4, 0_i64..30 * 24), 0..12)
        ) {
            let mut consent = requested();
            for (step, hours) in steps {
                let now = start() + SignedDuration::from_hours(hours);
                let before = consent.clone();
                let outcome = match step {
                    0 => consent.grant(COLLECTION, now).ok(),
                    1 => consent.deny(now).ok(),
                    2 => consent.revoke(now).ok(),
                    _ => consent.expire(now),
                };
                consent = match outcome {
                    Some((after, events)) => {
                        prop_assert_eq!(events.len(), 1);
                        prop_assert_eq!(after.sequence, before.sequence + 1);
                        after
                    }
                    None => before,
                };
                prop_assert_eq!(consent.scopes.is_empty(), consent.status != ConsentStatus::Granted);
            }
        }
    }
}
