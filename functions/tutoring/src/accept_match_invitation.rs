//! `POST /v1/match-invitations/{invitationId}/accept`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::InvitationId;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::match_views::InvitationView;
use crate::services::Tutoring;
use crate::store::invitations;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/match-invitations/{invitationId}/accept";
    UseCase::http("accept-match-invitation", Method::Post, path, accept_match_invitation)
        .summary("Accept a student's invitation, in time")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
}

/// Which invitation.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct InvitationPath {
    invitation_id: InvitationId,
}

async fn accept_match_invitation(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<InvitationPath>,
) -> Result<Answer<InvitationView>, Problem> {
    answer(&cx, caller, &request.path, true).await
}

/// Accepts or declines. The same answer again changes nothing and answers as the first time.
pub(crate) async fn answer(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    path: &InvitationPath,
    accept: bool,
) -> Result<Answer<InvitationView>, Problem> {
    let db = &cx.base.db;
    let (invitation, wish) = invitations::by_id(db, caller.id(), path.invitation_id)
        .await?
        .ok_or_else(|| Problem::not_found("invitation"))?;
    let before = invitation.sequence;
    let (invitation, happened) = invitation
        .answer(accept, cx.now())
        .map_err(|error| Problem::new(&problem::WRONG_STATE).detail(error.to_string()))?;
    let events = cx.seal(happened);
    if !events.is_empty() {
        if !invitations::answer(db, &invitation, before, &events, cx.now()).await? {
            return Err(Problem::new(&problem::CONCURRENT_CHANGE));
        }
        cx.base.publish(&events).await;
    }
    let version = invitation.version_at(cx.now());
    Ok(Answer::new(InvitationView::of(&invitation, wish, cx.now())).etag(version))
}
