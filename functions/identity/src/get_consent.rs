//! `GET /v1/consents/{token}`.

use lectern_runtime::{Answer, Cx, Guardian, LinkPath, Method, Nothing, Problem, Request, UseCase, problem};

use crate::consent;
use crate::consent_view::ConsentView;
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-consent", Method::Get, "/v1/consents/{token}", get_consent)
        .summary("Read what a parent is asked to consent to, and what was answered")
        .rate_limits(consent::LIMITS)
        .problems(&[&problem::NOT_FOUND])
}

async fn get_consent(
    cx: Cx<Identity>,
    caller: Guardian,
    _request: Request<LinkPath, Nothing, Nothing>,
) -> Result<Answer<ConsentView>, Problem> {
    Ok(Answer::new(consent::linked(&cx, &caller.link).await?.into()))
}
