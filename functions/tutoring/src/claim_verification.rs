//! `POST /v1/admin/verifications/{verificationId}/claim`.

use lectern_domain::tutoring::verification::Claim;
use lectern_runtime::{Admin, Answer, Cx, Method, Problem, Request, UseCase, problem};

use crate::deciding::{PROBLEMS, VerificationOutcome, load, refused};
use crate::get_verification::VerificationPath;
use crate::services::Tutoring;
use crate::store::verifications;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/admin/verifications/{verificationId}/claim";
    UseCase::http("claim-verification", Method::Post, path, claim_verification)
        .summary("Take a submission in hand, or take it over from an admin who has had it for a day")
        .problems(PROBLEMS)
}

/// Again by the same admin it answers the same, so it needs no idempotency key.
async fn claim_verification(
    cx: Cx<Tutoring>,
    caller: Admin,
    request: Request<VerificationPath>,
) -> Result<Answer<VerificationOutcome>, Problem> {
    let found = load(&cx, request.path.verification_id, request.if_match).await?;
    let claim = Claim::new(caller.id(), cx.now(), cx.policy.claim_hours);
    let claimed = found.tutor.verification.take_in_hand(claim).map_err(refused)?;
    if claimed != found.tutor.verification
        && !verifications::claim_it(&cx.base.db, &claimed, found.version).await?
    {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    Ok(Answer::new(VerificationOutcome::of(found.tutor.id, &claimed)))
}
