//! The verification of a tutor, as a state machine (product.md, Tutoring).
//!
//! `draft` -> `submitted` -> `in_review` -> `approved` | `rejected` | `changes_requested`, and from
//! `changes_requested` to `submitted` again. A rejection is final. An admin who decides a submission that nobody
//! has claimed claims it by deciding: it passes through `in_review` in the same step, and the record names the
//! admin for both.
//!
//! A claim holds for a while ([`super::policy::TutoringPolicy::claim_hours`]); after that another admin may
//! take the submission over, so that nobody waits for an admin who is away. To decide, one has to take it
//! over first: the record then says who had it in hand.
//!
//! An approved tutor who changes name, subjects or documents keeps the approval and is looked at again: that
//! is a submission of the kind [`SubmissionKind::Recheck`]. The tutor stays approved while it waits, while it
//! is in review, and also when changes are requested: only a rejection takes the approval away. After
//! requested changes the tutor submits again, or changes what a re-check is about anyway, which queues the
//! next one.

use jiff::{SignedDuration, Timestamp};

use super::requirements::Missing;
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

crate::words! {
    /// What a submission is for.
    pub enum SubmissionKind {
        /// The tutor isn't approved yet.
        First = "first",
        /// The tutor is approved and has changed since.
        Recheck = "recheck",
    }
}

/// Why an admin decided so.
pub type Reason = Prose<1000>;

/// What was submitted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its id.
    pub id: VerificationId,
    /// What for.
    pub kind: SubmissionKind,
    /// When.
    pub at: Timestamp,
}

/// Which admin has a submission in hand, since when, and until when nobody else may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The admin.
    pub admin: UserId,
    /// Since when.
    pub at: Timestamp,
    /// Until when it is theirs alone.
    pub until: Timestamp,
}

impl Claim {
    /// A claim that is made at `at` and holds for so many hours.
    pub fn new(admin: UserId, at: Timestamp, hours: u16) -> Self {
        let until = at.checked_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MAX);
        Self { admin, at, until }
    }
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

/// A tutor's verification, by the newest submission: the state with what belongs to it, and nothing that
/// doesn't.
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// Something has to be there first; all of it is named.
    #[error("{}", in_words(.0))]
    Missing(Vec<Missing>),
}

fn in_words(missing: &[Missing]) -> String {
    missing.iter().map(|m| m.in_words()).collect::<Vec<_>>().join(" ")
}

/// Why an admin can't claim or decide now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// Nothing was submitted.
    #[error("Nothing has been submitted.")]
    NotSubmitted,
    /// Somebody else was faster.
    #[error("It has been decided already.")]
    AlreadyDecided,
    /// Another admin has it in hand.
    #[error("Another admin is reviewing it. From {until} on it can be claimed by somebody else.")]
    ClaimedByAnother {
        /// Until when.
        until: Timestamp,
    },
}

impl Verification {
    /// The word for the state of the newest submission. Where the tutor stands is [`Self::standing`].
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

    /// Where the tutor stands: during a re-check, and after one that requested changes, approved.
    pub fn standing(&self) -> VerificationStatus {
        match self.status() {
            VerificationStatus::Rejected => VerificationStatus::Rejected,
            _ if self.is_recheck() => VerificationStatus::Approved,
            status => status,
        }
    }

    /// Where the re-check stands that isn't closed yet: one that waits, is in review, or has requested
    /// changes.
    pub fn open_recheck(&self) -> Option<VerificationStatus> {
        use VerificationStatus as S;
        Some(self.status())
            .filter(|s| self.is_recheck() && matches!(s, S::Submitted | S::InReview | S::ChangesRequested))
    }

    /// The re-check that waits for an admin, if one does.
    pub fn waiting_recheck(&self) -> Option<Submission> {
        match self {
            Self::Submitted(submission) => Some(*submission).filter(|_| self.is_recheck()),
            _ => None,
        }
    }

    fn is_recheck(&self) -> bool {
        self.submission().is_some_and(|s| s.kind == SubmissionKind::Recheck)
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

    /// Submits, as a new submission; of the same kind again, where changes were requested.
    pub fn submit(&self, id: VerificationId, at: Timestamp) -> Result<Self, SubmitError> {
        match self {
            Self::Draft => Ok(Self::Submitted(Submission { id, kind: SubmissionKind::First, at })),
            Self::ChangesRequested(earlier, ..) => {
                Ok(Self::Submitted(Submission { id, kind: earlier.kind, at }))
            }
            Self::Submitted(_) | Self::InReview(..) => Err(SubmitError::AlreadySubmitted),
            Self::Approved(..) => Err(SubmitError::AlreadyApproved),
            Self::Rejected(..) => Err(SubmitError::Rejected),
        }
    }

    /// Notes that an approved tutor is to be looked at again. `None` when there is nothing to note: the tutor
    /// isn't approved, or a submission is open, and whoever decides that sees the change.
    pub fn recheck(&self, id: VerificationId, at: Timestamp) -> Option<Self> {
        let open = matches!(self, Self::Submitted(_) | Self::InReview(..));
        let wanted = self.standing() == VerificationStatus::Approved && !open;
        wanted.then_some(Self::Submitted(Submission { id, kind: SubmissionKind::Recheck, at }))
    }

    /// Takes the submission in hand. Again by the same admin it changes nothing, until the claim is over:
    /// then that admin or another gets a new one.
    pub fn take_in_hand(&self, claim: Claim) -> Result<Self, DecideError> {
        match self {
            Self::Draft => Err(DecideError::NotSubmitted),
            Self::Submitted(submission) => Ok(Self::InReview(*submission, claim)),
            Self::InReview(submission, held) if held.until <= claim.at => {
                Ok(Self::InReview(*submission, claim))
            }
            Self::InReview(_, held) if held.admin == claim.admin => Ok(self.clone()),
            Self::InReview(_, held) => Err(DecideError::ClaimedByAnother { until: held.until }),
            Self::Approved(..) | Self::Rejected(..) | Self::ChangesRequested(..) => {
                Err(DecideError::AlreadyDecided)
            }
        }
    }

    /// Approves. `claim` says who decides, and when; a submission that nobody has claimed is claimed with it
    /// in the same step.
    pub fn approve(&self, claim: Claim, reason: Option<Reason>) -> Result<Self, DecideError> {
        self.decide(claim, reason, Self::Approved)
    }

    /// Rejects, for good. `claim` as with [`Self::approve`].
    pub fn reject(&self, claim: Claim, reason: Reason) -> Result<Self, DecideError> {
        self.decide(claim, Some(reason), Self::Rejected)
    }

    /// Asks the tutor to change something and submit again. `claim` as with [`Self::approve`].
    pub fn request_changes(&self, claim: Claim, reason: Reason) -> Result<Self, DecideError> {
        self.decide(claim, Some(reason), Self::ChangesRequested)
    }

    fn decide(
        &self,
        claim: Claim,
        reason: Option<Reason>,
        outcome: fn(Submission, Claim, Decision) -> Self,
    ) -> Result<Self, DecideError> {
        let decision = Decision { admin: claim.admin, at: claim.at, reason };
        match self {
            Self::Draft => Err(DecideError::NotSubmitted),
            Self::Submitted(submission) => Ok(outcome(*submission, claim, decision)),
            Self::InReview(submission, held) if held.admin == claim.admin => {
                Ok(outcome(*submission, *held, decision))
            }
            Self::InReview(_, held) => Err(DecideError::ClaimedByAnother { until: held.until }),
            Self::Approved(..) | Self::Rejected(..) | Self::ChangesRequested(..) => {
                Err(DecideError::AlreadyDecided)
            }
        }
    }
}

#[cfg(test)]
mod tests;
