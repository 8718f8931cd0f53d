//! `POST /v1/match-invitations/{invitationId}/decline`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};

use crate::accept_match_invitation::{InvitationPath, answer};
use crate::match_views::InvitationView;
use crate::services::Tutoring;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/match-invitations/{invitationId}/decline";
    UseCase::http("decline-match-invitation", Method::Post, path, decline_match_invitation)
        .summary("Decline a student's invitation")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
}

async fn decline_match_invitation(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<InvitationPath>,
) -> Result<Answer<InvitationView>, Problem> {
    answer(&cx, caller, &request.path, false).await
}
