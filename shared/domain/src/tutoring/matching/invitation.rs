//! A student's request that is kept, and the invitations out of it.
//!
//! `pending` -> `accepted` | `declined` | `expired`. The request's version guards how many there are; each
//! invitation has its own, which guards that it is answered once.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Match, Wish};
use crate::event::NewEvent;
use crate::field::FieldErrors;
use crate::id::{InvitationId, MatchRequestId, UserId};
use crate::time::Instant;
use crate::tutoring::policy::TutoringPolicy;
use crate::tutoring::profile::SubjectId;

crate::words! {
    /// Where an invitation stands.
    pub enum InvitationStatus {
        /// The tutor may answer.
        Pending = "pending",
        /// The tutor will teach.
        Accepted = "accepted",
        /// The tutor won't.
        Declined = "declined",
        /// The tutor did not answer in time.
        Expired = "expired",
    }
}

/// A student's question to a tutor. An event's aggregate: the `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Out of which request.
    pub match_request_id: MatchRequestId,
    /// Who asks.
    pub student_id: UserId,
    /// Who is asked.
    pub tutor_id: UserId,
    /// What for.
    pub subject: SubjectId,
    /// Where it stands; a pending one may be over already, see [`Self::status_at`].
    pub status: InvitationStatus,
    /// When it was sent.
    pub invited_at: Timestamp,
    /// From when on it can't be answered any more.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Number of changes so far.
    pub sequence: i64,
}

/// Why an invitation can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The other answer was given before.
    #[error("You have answered this invitation already, differently.")]
    AnsweredOtherwise,
    /// Its time is over.
    #[error("The time to answer this invitation is over.")]
    Expired,
}

impl Invitation {
    /// Where it stands at a moment: one whose time is over has expired, whether or not anybody has noted it.
    pub fn status_at(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if now >= self.expires_at => InvitationStatus::Expired,
            status => status,
        }
    }

    /// The version that a client sees as `ETag`: an end that nobody has noted yet counts.
    pub fn version_at(&self, now: Timestamp) -> i64 {
        self.sequence + i64::from(self.status_at(now) != self.status)
    }

    /// Accepts or declines. The same answer again is no change.
    pub fn answer(mut self, accept: bool, now: Timestamp) -> Result<(Self, Vec<NewEvent>), AnswerError> {
        let (wanted, kind) = if accept {
            (InvitationStatus::Accepted, "match.accepted")
        } else {
            (InvitationStatus::Declined, "match.declined")
        };
        match self.status_at(now) {
            InvitationStatus::Pending => {}
            status if status == wanted => return Ok((self, Vec::new())),
            InvitationStatus::Expired => return Err(AnswerError::Expired),
            InvitationStatus::Accepted | InvitationStatus::Declined => {
                return Err(AnswerError::AnsweredOtherwise);
            }
        }
        self.status = wanted;
        self.answered_at = Some(now);
        self.sequence += 1;
        let event = self.happened(kind, self.data());
        Ok((self, vec![event]))
    }

    fn data(&self) -> Value {
        json!({
            "invitationId": self.id,
            "matchRequestId": self.match_request_id,
            "studentId": self.student_id,
            "tutorId": self.tutor_id,
            "subject": self.subject,
        })
    }

    fn happened(&self, kind: &'static str, data: Value) -> NewEvent {
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "match",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}

/// A request with its answer, as it was given, and the invitations out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRequest {
    /// Its id.
    pub id: MatchRequestId,
    /// Whose it is.
    pub student_id: UserId,
    /// What was asked for.
    pub wish: Wish,
    /// Who was found, the best first.
    pub matches: Vec<Match>,
    /// Who was invited.
    pub invitations: Vec<Invitation>,
    /// Rises with each set of invitations.
    pub sequence: i64,
    /// When it was asked.
    pub created_at: Timestamp,
}

impl MatchRequest {
    /// A request begins with its answer.
    pub fn new(
        id: MatchRequestId,
        student_id: UserId,
        wish: Wish,
        matches: Vec<Match>,
        now: Timestamp,
    ) -> Self {
        Self { id, student_id, wish, matches, invitations: Vec::new(), sequence: 1, created_at: now }
    }

    /// How many more tutors can be invited.
    pub fn invitations_left(&self, policy: &TutoringPolicy) -> usize {
        policy.invitations_max.saturating_sub(self.invitations.len())
    }

    /// The version that a client sees as `ETag`: it rises with each change of the request or of an
    /// invitation.
    pub fn version_at(&self, now: Timestamp) -> i64 {
        self.sequence + self.invitations.iter().map(|invitation| invitation.version_at(now)).sum::<i64>()
    }

    /// Invites tutors who were found and are still `listed`; all of them or, with everything that is wrong,
    /// none. Gives the request, the new invitations and what has happened.
    pub fn invite(
        mut self,
        tutors: &[UserId],
        listed: &BTreeSet<UserId>,
        policy: &TutoringPolicy,
        mut fresh: impl FnMut() -> InvitationId,
        now: Timestamp,
    ) -> Result<(Self, Vec<Invitation>, Vec<NewEvent>), FieldErrors> {
        self.check(tutors, listed, policy)?;
        let hours = SignedDuration::from_hours(policy.invitation_hours.into());
        let expires_at = now.checked_add(hours).unwrap_or(Timestamp::MAX);
        let new: Vec<_> = tutors
            .iter()
            .map(|tutor| Invitation {
                id: fresh(),
                match_request_id: self.id,
                student_id: self.student_id,
                tutor_id: *tutor,
                subject: self.wish.subject.clone(),
                status: InvitationStatus::Pending,
                invited_at: now,
                expires_at,
                answered_at: None,
                sequence: 1,
            })
            .collect();
        let events = new.iter().map(|invitation| {
            let mut data = invitation.data();
            data["level"] = json!(self.wish.level);
            data["expiresAt"] = json!(Instant::from(expires_at));
            invitation.happened("match.requested", data)
        });
        let events = events.collect();
        self.invitations.extend(new.iter().cloned());
        self.sequence += 1;
        Ok((self, new, events))
    }

    fn check(
        &self,
        tutors: &[UserId],
        listed: &BTreeSet<UserId>,
        policy: &TutoringPolicy,
    ) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        let left = self.invitations_left(policy);
        if tutors.is_empty() {
            errors.push("tutorIds", "must name at least one tutor");
        } else if tutors.len() > left {
            let max = policy.invitations_max;
            errors.push(
                "tutorIds",
                format!("are too many: of {max} invitations of this request {left} are left"),
            );
        }
        for (index, tutor) in tutors.iter().enumerate() {
            let wrong = if tutors[..index].contains(tutor) {
                "is there twice"
            } else if !self.matches.iter().any(|found| found.tutor_id == *tutor) {
                "is not one of the tutors of this request"
            } else if self.invitations.iter().any(|invitation| invitation.tutor_id == *tutor) {
                "is invited already"
            } else if !listed.contains(tutor) {
                "can't be booked any more"
            } else {
                continue;
            };
            errors.push(format!("tutorIds[{index}]"), wrong);
        }
        errors.into_result()
    }
}
