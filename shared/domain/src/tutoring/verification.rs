//! The verification of a tutor, as a state machine (product.md, Tutoring).
//!
//! `draft` -> `submitted` -> `in_review` -> `approved` | `rejected` | `changes_requested`, and from
//! `changes_requested` to `submitted` again. A rejection is final. An admin who decides a submission that nobody
//! has claimed claims it by deciding: it passes through `in_review` in the same step, and the record names the
//! admin for both. Rejecting and requesting changes come with issue 4; their states exist so that stored
//! records and the API's words needn't change then.

use jiff::Timestamp;

use crate::id::{UserId, VerificationId};
use crate::text::Prose;

crate::words! {
    /// Where a verification stands.
    pub enum VerificationStatus {
        /// Nothing submitted yet.
        Draft = "draft",
        /// Waits for an admin.
        Submitted = "submitted",
        /// An admin has it in hand.
        InReview = "in_review",
        /// The tutor can be found and booked.
        Approved = "approved",
        /// Refused for good.
        Rejected = "rejected",
        /// The tutor has to change something and submit again.
        ChangesRequested = "changes_requested",
    }
}

/// Why an admin decided so.
pub type Reason = Prose<1000>;

/// What was submitted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its id.
    pub id: VerificationId,
    /// When.
    pub at: Timestamp,
}

/// Which admin has a submission in hand, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The admin.
    pub admin: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// What was decided. Kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The admin.
    pub admin: UserId,
    /// When.
    pub at: Timestamp,
    /// Why; an approval needs no words.
    pub reason: Option<Reason>,
}

/// A tutor's verification: the state with what belongs to it, and nothing that doesn't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Nothing submitted yet.
    Draft,
    /// Waits for an admin.
    Submitted(Submission),
    /// An admin has it in hand.
    InReview(Submission, Claim),
    /// The tutor can be found and booked.
    Approved(Submission, Claim, Decision),
    /// Refused for good.
    Rejected(Submission, Claim, Decision),
    /// The tutor has to change something and submit again.
    ChangesRequested(Submission, Claim, Decision),
}

/// Why a profile can't be submitted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It waits already, or is being looked at.
    #[error("The profile has been submitted already.")]
    AlreadySubmitted,
    /// Nothing left to verify.
    #[error("The profile is approved already.")]
    AlreadyApproved,
    /// Refused for good.
    #[error("The profile was rejected.")]
    Rejected,
}

/// Why an admin can't decide now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// Nothing was submitted.
    #[error("Nothing has been submitted.")]
    NotSubmitted,
    /// Somebody else was faster.
    #[error("It has been decided already.")]
    AlreadyDecided,
    /// Another admin has it in hand.
    #[error("Another admin is reviewing it.")]
    ClaimedByAnother,
}

impl Verification {
    /// The state's word.
    pub const fn status(&self) -> VerificationStatus {
        match self {
            Self::Draft => VerificationStatus::Draft,
            Self::Submitted(..) => VerificationStatus::Submitted,
            Self::InReview(..) => VerificationStatus::InReview,
            Self::Approved(..) => VerificationStatus::Approved,
            Self::Rejected(..) => VerificationStatus::Rejected,
            Self::ChangesRequested(..) => VerificationStatus::ChangesRequested,
        }
    }

    /// The submission, if there was one.
    pub const fn submission(&self) -> Option<Submission> {
        match self {
            Self::Draft => None,
            Self::Submitted(submission)
            | Self::InReview(submission, _)
            | Self::Approved(submission, ..)
            | Self::Rejected(submission, ..)
            | Self::ChangesRequested(submission, ..) => Some(*submission),
        }
    }

    /// Who has or had it in hand.
    pub const fn claim(&self) -> Option<Claim> {
        match self {
            Self::Draft | Self::Submitted(_) => None,
            Self::InReview(_, claim)
            | Self::Approved(_, claim, _)
            | Self::Rejected(_, claim, _)
            | Self::ChangesRequested(_, claim, _) => Some(*claim),
        }
    }

    /// What was decided, if it was.
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Draft | Self::Submitted(_) | Self::InReview(..) => None,
            Self::Approved(_, _, decision)
            | Self::Rejected(_, _, decision)
            | Self::ChangesRequested(_, _, decision) => Some(decision),
        }
    }

    /// Submits, as a new submission.
    pub fn submit(&self, submission: Submission) -> Result<Self, SubmitError> {
        match self {
            Self::Draft | Self::ChangesRequested(..) => Ok(Self::Submitted(submission)),
            Self::Submitted(_) | Self::InReview(..) => Err(SubmitError::AlreadySubmitted),
            Self::Approved(..) => Err(SubmitError::AlreadyApproved),
            Self::Rejected(..) => Err(SubmitError::Rejected),
        }
    }

    /// Approves. A submission that nobody has claimed is claimed by the deciding admin in the same step.
    pub fn approve(&self, decision: Decision) -> Result<Self, DecideError> {
        match self {
            Self::Draft => Err(DecideError::NotSubmitted),
            Self::Submitted(submission) => {
                let claim = Claim { admin: decision.admin, at: decision.at };
                Ok(Self::Approved(*submission, claim, decision))
            }
            Self::InReview(_, claim) if claim.admin != decision.admin => Err(DecideError::ClaimedByAnother),
            Self::InReview(submission, claim) => Ok(Self::Approved(*submission, *claim, decision)),
            Self::Approved(..) | Self::Rejected(..) | Self::ChangesRequested(..) => {
                Err(DecideError::AlreadyDecided)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn admin(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn submission() -> Submission {
        Submission { id: VerificationId(Uuid::from_u128(7)), at: Timestamp::UNIX_EPOCH }
    }

    fn claim(n: u128) -> Claim {
        Claim { admin: admin(n), at: Timestamp::UNIX_EPOCH }
    }

    fn decision(n: u128) -> Decision {
        Decision { admin: admin(n), at: Timestamp::UNIX_EPOCH, reason: None }
    }

    fn every_state() -> [Verification; 6] {
        let (s, c, d) = (submission(), claim(1), decision(1));
        [
            Verification::Draft,
            Verification::Submitted(s),
            Verification::InReview(s, c),
            Verification::Approved(s, c, d.clone()),
            Verification::Rejected(s, c, d.clone()),
            Verification::ChangesRequested(s, c, d),
        ]
    }

    #[test]
    fn only_a_draft_or_one_with_changes_requested_can_be_submitted() {
        let allowed: Vec<_> = every_state().iter().map(|v| v.submit(submission()).is_ok()).collect();
        assert_eq!(allowed, [true, false, false, false, false, true]);
    }

    #[test]
    fn only_what_waits_or_is_in_review_can_be_approved() {
        let allowed: Vec<_> = every_state().iter().map(|v| v.approve(decision(1)).is_ok()).collect();
        assert_eq!(allowed, [false, true, true, false, false, false]);
    }

    #[test]
    fn approving_what_nobody_has_claimed_claims_it() {
        let approved = Verification::Submitted(submission()).approve(decision(3)).unwrap();
        assert_eq!(approved.status(), VerificationStatus::Approved);
        assert_eq!(approved.claim(), Some(claim(3)));
        assert_eq!(approved.decision().unwrap().admin, admin(3));
    }

    #[test]
    fn what_another_admin_has_in_hand_is_not_ones_own_to_decide() {
        let reviewed = Verification::InReview(submission(), claim(1));
        assert_eq!(reviewed.approve(decision(2)), Err(DecideError::ClaimedByAnother));
        assert!(reviewed.approve(decision(1)).is_ok());
    }

    #[test]
    fn states_and_words_are_the_same_in_number() {
        let words: Vec<_> = every_state().iter().map(Verification::status).collect();
        assert_eq!(words, VerificationStatus::ALL);
    }
}
