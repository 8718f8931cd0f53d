//! `DELETE /v1/users/me/sessions/{sessionId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::SessionId;
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::{ACCESS_TOPIC, Identity};
use crate::sessions;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("end-session", Method::Delete, "/v1/users/me/sessions/{sessionId}", end_session)
        .summary("End one of one's sessions; its tokens are refused from then on")
        .needs(&[Need::Database, Need::Bus, ACCESS_TOPIC])
        .problems(&[&problem::NOT_FOUND])
}

/// Which session.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SessionPath {
    session_id: SessionId,
}

/// It has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionEnded {
    /// `true`.
    ended: bool,
}

async fn end_session(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request<SessionPath, Nothing, Nothing>,
) -> Result<Answer<SessionEnded>, Problem> {
    if sessions::end_listed(&cx, caller.id(), request.path.session_id).await? {
        Ok(Answer::new(SessionEnded { ended: true }))
    } else {
        Err(Problem::not_found("session"))
    }
}
