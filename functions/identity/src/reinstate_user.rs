//! `POST /v1/admin/users/{userId}/reinstate`.

use lectern_domain::identity::User;
use lectern_domain::role::Actor;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use serde_json::json;

use crate::administer::{AccountState, PROBLEMS, UserPath, administer};
use crate::services::{Identity, USER_POOL};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("reinstate-user", Method::Post, "/v1/admin/users/{userId}/reinstate", reinstate_user)
        .summary("End a suspension; the person signs in anew")
        .problems(PROBLEMS)
        .needs(&[Need::Database, Need::Bus, USER_POOL])
}

async fn reinstate_user(
    cx: Cx<Identity>,
    caller: Admin,
    request: Request<UserPath, Nothing, Nothing>,
) -> Result<Answer<AccountState>, Problem> {
    let change = |user: User| user.reinstate(caller.0, cx.now());
    administer(&cx, request.path.user_id, request.if_match, change, |effects, _, stored| {
        effects.audit(&cx, &Actor::User(caller.id()), "user.reinstated", stored.user.id, json!({})).align(
            &cx,
            stored.user.id,
            stored.cognito_sub.as_deref(),
            false,
        )
    })
    .await
}
