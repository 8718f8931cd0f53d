//! `GET /consent/{token}`: the page that a parent's letter leads to.

use lectern_runtime::{Cx, Guardian, Html, LinkPath, Method, Nothing, Problem, Request, UseCase, problem};

use crate::services::Identity;
use crate::{consent, consent_page};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("show-consent-page", Method::Get, "/consent/{token}", show_consent_page)
        .summary("Show a parent what they are asked to consent to, or what can be managed")
        .rate_limits(consent::LIMITS)
        .problems(&[&problem::NOT_FOUND])
}

/// Looking changes nothing: programs that check mails open links too.
async fn show_consent_page(
    cx: Cx<Identity>,
    caller: Guardian,
    _request: Request<LinkPath, Nothing, Nothing>,
) -> Result<Html, Problem> {
    let linked = consent::linked(&cx, &caller.link).await?;
    Ok(Html::new(200, consent_page::of(&linked, &caller.link, None)))
}
