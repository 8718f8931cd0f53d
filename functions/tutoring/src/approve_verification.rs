//! `POST /v1/admin/verifications/{verificationId}/approve`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::{Decision, Reason, VerificationStatus};
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_verifications::DecisionView;
use crate::services::Tutoring;
use crate::store::verifications;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/admin/verifications/{verificationId}/approve";
    UseCase::http("approve-verification", Method::Post, path, approve_verification)
        .summary("Approve a tutor; a submission that nobody has claimed is claimed in the same step")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
}

/// Which submission.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct VerificationPath {
    verification_id: VerificationId,
}

/// Why.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ApproveVerification {
    /// Kept with the decision.
    #[deserr(default)]
    #[schemars(default)]
    reason: Option<Reason>,
}

/// The decision as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedVerification {
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    tutor_id: UserId,
    status: VerificationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
}

impl From<Tutor> for ApprovedVerification {
    fn from(tutor: Tutor) -> Self {
        Self {
            verification_id: tutor.verification.submission().map(|s| s.id),
            tutor_id: tutor.id,
            status: tutor.verification.status(),
            decision: tutor.verification.decision().cloned().map(Into::into),
        }
    }
}

async fn approve_verification(
    cx: Cx<Tutoring>,
    caller: Admin,
    request: Request<VerificationPath, Nothing, ApproveVerification>,
) -> Result<Answer<ApprovedVerification>, Problem> {
    let db = &cx.base.db;
    let tutor = verifications::tutor_of(db, request.path.verification_id)
        .await?
        .ok_or_else(|| Problem::not_found("verification"))?;
    let before = tutor.sequence;
    let decision = Decision { admin: caller.id(), at: cx.now(), reason: request.body.reason };
    let (tutor, happened) =
        tutor.approve(decision).map_err(|e| Problem::new(&problem::WRONG_STATE).detail(e.to_string()))?;
    let events = cx.seal(happened);
    if !verifications::approve(db, &tutor, before, &events).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    cx.base.publish(&events).await;
    Ok(Answer::new(ApprovedVerification::from(tutor)))
}
