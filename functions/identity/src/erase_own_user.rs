//! `DELETE /v1/users/me`.

use lectern_domain::role::Actor;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::erase::{EraseError, erase};
use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::store::erasures::Wish;
use crate::store::users;

/// How often it is tried against changes at the same moment. An erasure wins over whatever else happens to
/// the account, so it reads again; whoever is beaten more often has bad luck and may come again.
const TRIES_MAX: u32 = 2;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("erase-own-user", Method::Delete, "/v1/users/me", erase_own_user)
        .summary("Erase one's account and everything personal with it, for good")
        .problems(&[&problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
}

/// What was done.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnUserErased {
    /// Always `true`: the account is no more, and every token of it is refused.
    erased: bool,
}

async fn erase_own_user(
    cx: Cx<Identity>,
    caller: SignedIn,
    _request: Request,
) -> Result<Answer<OwnUserErased>, Problem> {
    for _ in 0..TRIES_MAX {
        // Whoever has a token of ours had an account, so one that isn't there has been erased just now.
        let Some(stored) = users::by_id(&cx.base.db, caller.id()).await? else {
            return Ok(Answer::new(OwnUserErased { erased: true }));
        };
        match erase(&cx, stored, Wish::Own, &Actor::User(caller.id())).await {
            Ok(()) => return Ok(Answer::new(OwnUserErased { erased: true })),
            Err(EraseError::Concurrent) => {}
            Err(error @ (EraseError::Refused(_) | EraseError::LastSuperadmin)) => {
                return Err(Problem::new(&problem::WRONG_STATE).detail(format!("{error}.")));
            }
            Err(EraseError::Db(error)) => return Err(error.into()),
        }
    }
    Err(Problem::new(&problem::CONCURRENT_CHANGE))
}
