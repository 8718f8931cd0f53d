//! `GET /v1/match-requests/{matchRequestId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::MatchRequestId;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;

use crate::match_views::MatchRequestView;
use crate::services::Tutoring;
use crate::store::matching;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/match-requests/{matchRequestId}";
    UseCase::http("get-match-request", Method::Get, path, get_match_request)
        .summary("Read a matching request of one's own again, with how its invitations stand")
        .problems(&[&problem::NOT_FOUND])
}

/// Which request.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct MatchRequestPath {
    /// The request.
    pub match_request_id: MatchRequestId,
}

async fn get_match_request(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<MatchRequestPath>,
) -> Result<Answer<MatchRequestView>, Problem> {
    let (kept, _) = matching::by_id(&cx.base.db, caller.id(), request.path.match_request_id, None).await?;
    let kept = kept.ok_or_else(|| Problem::not_found("matching request"))?;
    let version = kept.request.version_at(cx.now());
    Ok(Answer::new(MatchRequestView::of(kept.request, kept.tutors, &cx.policy, cx.now())).etag(version))
}
