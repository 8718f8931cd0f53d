//! `POST /v1/admin/verifications/{verificationId}/request-changes`.

use lectern_domain::tutoring::requirements::RefusedDocuments;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase};

use crate::deciding::{PROBLEMS, RefuseVerification, VerificationOutcome, Wanted, decide};
use crate::get_verification::VerificationPath;
use crate::services::Tutoring;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/admin/verifications/{verificationId}/request-changes";
    UseCase::http("request-verification-changes", Method::Post, path, request_verification_changes)
        .summary("Ask a tutor to change something and submit again, and name documents that are not taken")
        .problems(PROBLEMS)
        .needs(&[Need::Database, Need::Bus])
}

async fn request_verification_changes(
    cx: Cx<Tutoring>,
    caller: Admin,
    request: Request<VerificationPath, Nothing, RefuseVerification>,
) -> Result<Answer<VerificationOutcome>, Problem> {
    let RefuseVerification { reason, documents } = request.body;
    let refused = documents.as_ref().map(RefusedDocuments::as_slice).unwrap_or_default();
    let wanted = Wanted { id: request.path.verification_id, if_match: request.if_match, refused };
    decide(&cx, caller.id(), wanted, |tutor, claim| tutor.request_changes(claim, reason)).await
}
