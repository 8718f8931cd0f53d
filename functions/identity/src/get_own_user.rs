//! `GET /v1/users/me`.

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{User, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::Line;
use lectern_domain::time::{Date, ZoneName};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Identity;
use crate::store::users;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-own-user", Method::Get, "/v1/users/me", get_own_user)
        .summary("Read one's own account")
        .problems(&[&problem::NOT_FOUND])
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    user_id: UserId,
    email: Email,
    first_name: Line<80>,
    last_name: Line<80>,
    role: Role,
    status: UserStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Date>,
    time_zone: ZoneName,
    locale: Line<35>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            status: user.status,
            date_of_birth: user.date_of_birth,
            time_zone: user.time_zone,
            locale: user.locale,
        }
    }
}

async fn get_own_user(
    cx: Cx<Identity>,
    caller: SignedIn,
    _request: Request,
) -> Result<Answer<UserView>, Problem> {
    let user = users::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("user"))?;
    let sequence = user.sequence;
    Ok(Answer::new(UserView::from(user)).etag(sequence))
}
