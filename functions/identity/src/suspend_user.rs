//! `POST /v1/admin/users/{userId}/suspend`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::User;
use lectern_domain::role::Actor;
use lectern_domain::text::Prose;
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde_json::json;

use crate::administer::{AccountState, PROBLEMS, UserPath, administer};
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("suspend-user", Method::Post, "/v1/admin/users/{userId}/suspend", suspend_user)
        .summary("Suspend an account, for good or for a time: no token works, nobody can sign in")
        .problems(PROBLEMS)
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
}

/// Why, and until when.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SuspendUser {
    /// For admins; never shown to the person.
    reason: Prose<1000>,
    /// When it ends by itself; without it an admin must end it.
    #[deserr(default)]
    #[schemars(default)]
    until: Option<Instant>,
}

async fn suspend_user(
    cx: Cx<Identity>,
    caller: Admin,
    request: Request<UserPath, Nothing, SuspendUser>,
) -> Result<Answer<AccountState>, Problem> {
    let SuspendUser { reason, until } = request.body;
    let change = |user: User| user.suspend(caller.0, reason, until, cx.now());
    administer(&cx, request.path.user_id, request.if_match, change, |effects, _, stored| {
        // The reason is about a person, and the audit log is for ever: it stays with the account.
        let details = json!({ "until": until });
        effects
            .audit(&cx, &Actor::User(caller.id()), "user.suspended", stored.user.id, details)
            .revoke_user(&cx, &stored.user)
            .align(&cx, stored.user.id, stored.cognito_sub.as_deref(), true)
    })
    .await
}
