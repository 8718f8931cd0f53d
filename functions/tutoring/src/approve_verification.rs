//! `POST /v1/admin/verifications/{verificationId}/approve`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::tutoring::verification::Reason;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;

use crate::deciding::{PROBLEMS, VerificationOutcome, Wanted, decide};
use crate::get_verification::VerificationPath;
use crate::services::Tutoring;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/admin/verifications/{verificationId}/approve";
    UseCase::http("approve-verification", Method::Post, path, approve_verification)
        .summary("Approve a tutor with the documents; what nobody has claimed is claimed in the same step")
        .problems(PROBLEMS)
        .needs(&[Need::Database, Need::Bus])
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

async fn approve_verification(
    cx: Cx<Tutoring>,
    caller: Admin,
    request: Request<VerificationPath, Nothing, ApproveVerification>,
) -> Result<Answer<VerificationOutcome>, Problem> {
    let (id, if_match, reason) = (request.path.verification_id, request.if_match, request.body.reason);
    let wanted = Wanted { id, if_match, refused: &[] };
    decide(&cx, caller.id(), wanted, |tutor, claim| tutor.approve(claim, reason)).await
}
