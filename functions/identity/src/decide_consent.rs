//! `POST /v1/consents/{token}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::ConsentScope;
use lectern_domain::text::Line;
use lectern_runtime::{
    Answer, Cx, Guardian, LinkPath, Method, Need, Nothing, Problem, Request, UseCase, problem,
};
use schemars::JsonSchema;

use crate::consent;
use crate::consent_view::ConsentView;
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("decide-consent", Method::Post, "/v1/consents/{token}", decide_consent)
        .summary("Consent as a parent, change what is consented to, or say no, which erases the child's data")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
        .rate_limits(consent::LIMITS)
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
}

lectern_domain::words! {
    /// A parent's answer.
    pub enum Decision {
        /// Yes, to the scopes.
        Grant = "grant",
        /// No.
        Deny = "deny",
    }
}

/// A parent's answer.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct DecideConsent {
    decision: Decision,
    /// What is consented to, `collection` among it; nothing with a no.
    #[deserr(default)]
    #[schemars(default)]
    scopes: Vec<ConsentScope>,
    /// The version of the notice that the parent has read; another than the present one is refused.
    #[deserr(default)]
    #[schemars(default)]
    notice_version: Option<Line<20>>,
}

async fn decide_consent(
    cx: Cx<Identity>,
    caller: Guardian,
    request: Request<LinkPath, Nothing, DecideConsent>,
) -> Result<Answer<ConsentView>, Problem> {
    let body = request.body;
    if body.decision == Decision::Deny && !body.scopes.is_empty() {
        return Err(FieldErrors::one("scopes", "must be empty with a no").into());
    }
    let linked = consent::linked(&cx, &caller.link).await?;
    let after = match body.decision {
        Decision::Grant => {
            let notice = body.notice_version.as_ref().map(Line::as_str);
            consent::grant(&cx, linked, &body.scopes, notice).await?
        }
        Decision::Deny => consent::deny(&cx, linked).await?,
    };
    Ok(Answer::new(after.into()))
}
