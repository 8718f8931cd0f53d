//! `GET /internal/users/{userId}`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase, problem};

use crate::administer::UserPath;
use crate::known_user::KnownUserWithEmail;
use crate::services::Identity;
use crate::store::users;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("look-up-user", Method::Get, "/internal/users/{userId}", look_up_user)
        .summary("Look a user up by id")
        .problems(&[&problem::NOT_FOUND])
}

async fn look_up_user(
    cx: Cx<Identity>,
    _caller: Service,
    request: Request<UserPath>,
) -> Result<Answer<KnownUserWithEmail>, Problem> {
    let stored = users::by_id(&cx.base.db, request.path.user_id).await?;
    let stored = stored.ok_or_else(|| Problem::not_found("user"))?;
    let sequence = stored.user.sequence;
    Ok(Answer::new(KnownUserWithEmail::of(&cx, stored)).etag(sequence))
}
