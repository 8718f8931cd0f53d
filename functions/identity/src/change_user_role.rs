//! `PUT /v1/admin/users/{userId}/role`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::User;
use lectern_domain::role::{Actor, Role};
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde_json::json;

use crate::administer::{AccountState, PROBLEMS, UserPath, administer};
use crate::services::{ACCESS_TOPIC, Identity};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("change-user-role", Method::Put, "/v1/admin/users/{userId}/role", change_user_role)
        .summary("Make a user a student or a tutor; superadmins also make and unmake admins and superadmins")
        .problems(PROBLEMS)
        .needs(&[Need::Database, Need::Bus, ACCESS_TOPIC])
}

/// What the user will be.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ChangeUserRole {
    role: Role,
}

async fn change_user_role(
    cx: Cx<Identity>,
    caller: Admin,
    request: Request<UserPath, Nothing, ChangeUserRole>,
) -> Result<Answer<AccountState>, Problem> {
    let to = request.body.role;
    let change = |user: User| user.change_role(caller.0, to, cx.now(), &cx.policy);
    administer(&cx, request.path.user_id, request.if_match, change, |effects, from, stored| {
        let details = json!({ "from": from, "to": to });
        effects
            .audit(&cx, &Actor::User(caller.id()), "user.role_changed", stored.user.id, details)
            .revoke_user(&cx, &stored.user)
    })
    .await
}
