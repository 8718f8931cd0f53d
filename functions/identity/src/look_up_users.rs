//! `POST /internal/users/batch-get`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Service, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::known_user::KnownUser;
use crate::services::Identity;
use crate::store::directory;

/// Most users that can be asked for at once.
const USERS_MAX: usize = 100;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("look-up-users", Method::Post, "/internal/users/batch-get", look_up_users)
        .summary("Look up to 100 users up by their ids; those that there aren't are left out")
}

/// Whose.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct LookUpUsers {
    /// 1 to 100.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<UserId>,
}

/// Those that there are, by id.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownUsers {
    items: Vec<KnownUser>,
}

async fn look_up_users(
    cx: Cx<Identity>,
    _caller: Service,
    request: Request<Nothing, Nothing, LookUpUsers>,
) -> Result<Answer<KnownUsers>, Problem> {
    let ids = request.body.user_ids;
    if ids.is_empty() || ids.len() > USERS_MAX {
        return Err(FieldErrors::one("userIds", format!("must have 1 to {USERS_MAX} items")).into());
    }
    let found = directory::by_ids(&cx.base.db, &ids).await?;
    let items = found.into_iter().map(|stored| KnownUser::of(&cx, stored)).collect();
    Ok(Answer::new(KnownUsers { items }))
}
