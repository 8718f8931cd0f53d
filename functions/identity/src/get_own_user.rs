//! `GET /v1/users/me`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, SignedIn, UseCase, problem};

use crate::services::Identity;
use crate::store::users;
use crate::views::UserView;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-own-user", Method::Get, "/v1/users/me", get_own_user)
        .summary("Read one's own account")
        .problems(&[&problem::NOT_FOUND])
}

async fn get_own_user(
    cx: Cx<Identity>,
    caller: SignedIn,
    _request: Request,
) -> Result<Answer<UserView>, Problem> {
    let stored = users::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("user"))?;
    let sequence = stored.user.sequence;
    Ok(Answer::new(UserView::from(stored.user)).etag(sequence))
}
