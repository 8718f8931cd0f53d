//! What the three decisions on a submission have in common.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{DocumentId, UserId, VerificationId};
use lectern_domain::tutoring::document::DocumentStatus;
use lectern_domain::tutoring::requirements::{HandedIn, RefusedDocument, RefusedDocuments, check_refused};
use lectern_domain::tutoring::tutor::{Changed, Tutor};
use lectern_domain::tutoring::verification::{
    Claim, DecideError, Reason, SubmissionKind, Verification, VerificationStatus,
};
use lectern_runtime::problem::ProblemType;
use lectern_runtime::{Answer, Cx, Problem, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_verifications::{ClaimView, DecisionView};
use crate::services::Tutoring;
use crate::store::verifications::{self, Decided, InHand};

/// What can go wrong with each of them. `If-Match` is optional and honoured: whoever sends the `ETag` of
/// `GET /v1/admin/verifications/{verificationId}` decides on exactly what they have read.
pub(crate) const PROBLEMS: &[&ProblemType] =
    &[&problem::NOT_FOUND, &problem::PRECONDITION_FAILED, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE];

/// A submission after a claim or a decision, as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationOutcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    tutor_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<SubmissionKind>,
    status: VerificationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
}

impl VerificationOutcome {
    /// Of this tutor.
    pub(crate) fn of(tutor_id: UserId, verification: &Verification) -> Self {
        Self {
            verification_id: verification.submission().map(|s| s.id),
            tutor_id,
            kind: verification.submission().map(|s| s.kind),
            status: verification.status(),
            claim: verification.claim().map(Into::into),
            decision: verification.decision().cloned().map(Into::into),
        }
    }
}

/// Why a tutor isn't approved.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RefuseVerification {
    /// In words for the tutor; kept with the decision.
    pub(crate) reason: Reason,
    /// Documents that are not taken, each with the reason; they have to be handed in anew.
    #[deserr(default)]
    #[schemars(default)]
    pub(crate) documents: Option<RefusedDocuments>,
}

/// A decision that somebody wants to make.
pub(crate) struct Wanted<'a> {
    /// On which submission.
    pub(crate) id: VerificationId,
    /// The version of what the admin has read, if they say so.
    pub(crate) if_match: Option<i64>,
    /// Documents that the admin doesn't take.
    pub(crate) refused: &'a [RefusedDocument],
}

/// Loads the submission, if the caller has read its present version.
pub(crate) async fn load(
    cx: &Cx<Tutoring>,
    id: VerificationId,
    if_match: Option<i64>,
) -> Result<InHand, Problem> {
    let found =
        verifications::in_hand(&cx.base.db, id).await?.ok_or_else(|| Problem::not_found("verification"))?;
    if if_match.is_some_and(|seen| seen != found.etag) {
        return Err(Problem::new(&problem::PRECONDITION_FAILED));
    }
    Ok(found)
}

/// Loads, decides as `decision` says, saves, publishes. An approval takes all documents that have arrived.
pub(crate) async fn decide(
    cx: &Cx<Tutoring>,
    admin: UserId,
    wanted: Wanted<'_>,
    decision: impl FnOnce(Tutor, Claim) -> Result<Changed, DecideError>,
) -> Result<Answer<VerificationOutcome>, Problem> {
    let found = load(cx, wanted.id, wanted.if_match).await?;
    let sequence_before = found.tutor.sequence;
    let claim = Claim::new(admin, cx.now(), cx.policy.claim_hours);
    let (tutor, happened) = decision(found.tutor, claim).map_err(refused)?;
    check_refused(wanted.refused, &found.handed_in)?;
    let events = cx.seal(happened);
    let decided = Decided {
        tutor: &tutor,
        sequence_before,
        version_before: found.version,
        accepted: accepted(&tutor.verification, &found.handed_in),
        refused: wanted.refused,
    };
    if !verifications::decide(&cx.base.db, &decided, &events).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    cx.base.publish(&events).await;
    Ok(Answer::new(VerificationOutcome::of(tutor.id, &tutor.verification)))
}

/// What an approval takes: what has arrived. A file that arrives later is not part of it.
fn accepted(verification: &Verification, handed_in: &[HandedIn]) -> Vec<DocumentId> {
    match verification {
        Verification::Approved(..) => {
            handed_in.iter().filter(|d| d.status == DocumentStatus::Uploaded).map(|d| d.id).collect()
        }
        _ => Vec::new(),
    }
}

/// Why not. What another admin has in hand also says until when.
pub(crate) fn refused(error: DecideError) -> Problem {
    let problem = Problem::new(&problem::WRONG_STATE).detail(error.to_string());
    match error {
        DecideError::ClaimedByAnother { until } => problem.with("claimedUntil", until.to_string().into()),
        DecideError::NotSubmitted | DecideError::AlreadyDecided => problem,
    }
}
