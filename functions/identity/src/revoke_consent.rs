//! `DELETE /v1/consents/{token}`.

use lectern_runtime::{
    Answer, Cx, Guardian, LinkPath, Method, Need, Nothing, Problem, Request, UseCase, problem,
};

use crate::consent;
use crate::consent_view::ConsentView;
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("revoke-consent", Method::Delete, "/v1/consents/{token}", revoke_consent)
        .summary("Take a consent back as a parent, which erases the child's data")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
        .rate_limits(consent::LIMITS)
        .problems(&[
            &problem::FORBIDDEN,
            &problem::NOT_FOUND,
            &problem::WRONG_STATE,
            &problem::CONCURRENT_CHANGE,
        ])
}

async fn revoke_consent(
    cx: Cx<Identity>,
    caller: Guardian,
    _request: Request<LinkPath, Nothing, Nothing>,
) -> Result<Answer<ConsentView>, Problem> {
    let linked = consent::linked(&cx, &caller.link).await?;
    Ok(Answer::new(consent::revoke(&cx, linked).await?.into()))
}
