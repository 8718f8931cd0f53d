//! `POST /consent/{token}`: a parent's answer from the page.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::ConsentScope;
use lectern_domain::text::Line;
use lectern_runtime::{
    Cx, Form, Guardian, Html, LinkPath, Method, Need, Nothing, OneOrMany, Problem, Request, UseCase, problem,
};
use schemars::JsonSchema;

use crate::consent;
use crate::consent_page::{self, CHANGED_MEANWHILE, COLLECTION_MISSING, NOT_UNDERSTOOD};
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::store::consents::Linked;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("answer-consent-page", Method::Post, "/consent/{token}", answer_consent_page)
        .summary("Take a parent's answer from the page")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
        .rate_limits(consent::LIMITS)
        .problems(&[
            &problem::FORBIDDEN,
            &problem::NOT_FOUND,
            &problem::WRONG_STATE,
            &problem::CONCURRENT_CHANGE,
        ])
}

lectern_domain::words! {
    /// Which of the page's forms was sent.
    pub enum Action {
        /// Yes, or other scopes.
        Grant = "grant",
        /// No.
        Deny = "deny",
        /// The end of a yes.
        Revoke = "revoke",
    }
}

lectern_domain::words! {
    /// A box that was ticked.
    pub enum Ticked {
        /// It was.
        Yes = "yes",
    }
}

/// One of the page's forms.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ConsentForm {
    action: Action,
    /// Of a yes.
    #[deserr(default)]
    #[schemars(default)]
    scopes: OneOrMany<ConsentScope>,
    /// Of a yes: the version of the notice on the page.
    #[deserr(default)]
    #[schemars(default)]
    notice_version: Option<Line<20>>,
    /// Of the end of a yes: that the parent understands what it does.
    #[deserr(default)]
    #[schemars(default)]
    understood: Option<Ticked>,
}

/// What can be mended is said on the page itself; what was decided already is a 409 that shows where things
/// stand.
async fn answer_consent_page(
    cx: Cx<Identity>,
    caller: Guardian,
    request: Request<LinkPath, Nothing, Form<ConsentForm>>,
) -> Result<Html, Problem> {
    let form = request.body.0;
    let linked = consent::linked(&cx, &caller.link).await?;
    let answer =
        |status, linked: &Linked, wrong| Ok(Html::new(status, consent_page::of(linked, &caller.link, wrong)));
    if form.action == Action::Grant && !form.scopes.0.contains(&ConsentScope::Collection) {
        return answer(422, &linked, Some(&COLLECTION_MISSING));
    }
    if form.action == Action::Revoke && form.understood.is_none() {
        return answer(422, &linked, Some(&NOT_UNDERSTOOD));
    }
    let managed = linked.consent.decided_at.is_some();
    let notice = form.notice_version.as_ref().map(Line::as_str);
    let outcome = match form.action {
        Action::Grant => consent::grant(&cx, linked, &form.scopes.0, notice).await,
        Action::Deny => consent::deny(&cx, linked).await,
        Action::Revoke => consent::revoke(&cx, linked).await,
    };
    match outcome {
        Ok(after) => match (&after.child, form.action) {
            (Some(child), Action::Grant) if managed => {
                Ok(Html::new(200, consent_page::changed(&child.user, &after.consent.scopes)))
            }
            _ => answer(200, &after, None),
        },
        Err(problem) if problem.kind().status == 409 => {
            answer(409, &consent::linked(&cx, &caller.link).await?, Some(&CHANGED_MEANWHILE))
        }
        Err(problem) => Err(problem),
    }
}
