//! `POST /v1/users/me/become-tutor`.

use lectern_domain::identity::UserError;
use lectern_domain::role::Actor;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::services::{ACCESS_TOPIC, Identity};
use crate::store::users::{self, Stored};
use crate::views::UserView;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("become-tutor", Method::Post, "/v1/users/me/become-tutor", become_tutor)
        .summary("Begin to teach, with the same account; the session must be refreshed then")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus, ACCESS_TOPIC])
}

/// One's account as a tutor's.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BecameTutor {
    #[serde(flatten)]
    user: UserView,
    /// `refresh_session`: tokens of the role before are refused from now on.
    next: &'static str,
}

async fn become_tutor(
    cx: Cx<Identity>,
    caller: Student,
    _request: Request,
) -> Result<Answer<BecameTutor>, Problem> {
    let stored = users::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("user"))?;
    let (before, from) = (stored.user.sequence, stored.user.role);
    let (user, events) = stored.user.become_tutor(cx.now(), &cx.policy).map_err(|error| {
        let detail = match error {
            UserError::NotOfAge => {
                format!("Tutors must be {} or older.", cx.policy.adult_from_years)
            }
            other => format!("{other}."),
        };
        Problem::new(&problem::WRONG_STATE).detail(detail)
    })?;
    let details = json!({ "from": from, "to": user.role });
    let effects = Effects::of(cx.seal(events))
        .audit(&cx, &Actor::User(caller.id()), "user.role_changed", user.id, details)
        .revoke_user(&cx, &user);
    let stored = Stored { user, cognito_sub: stored.cognito_sub };
    if !users::update(&cx.base.db, &stored, before, &effects).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    follow_up(&cx, &effects).await;
    let sequence = stored.user.sequence;
    let answer = BecameTutor { user: stored.user.into(), next: "refresh_session" };
    Ok(Answer::new(answer).etag(sequence))
}
