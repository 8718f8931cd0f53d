//! `POST /v1/auth/logout`.
//!
//! Public: whoever has the refresh token may end its session, also when the access token has expired. A
//! refresh tells whose it is. Our database ends the session first, then the pool is told (see
//! [`crate::sessions`]): when the database can't be reached nothing has happened, and the client may come
//! again with the same token.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::role::Actor;
use lectern_domain::text::Line;
use lectern_postgres::DbError;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::sessions::{self, EndReason};
use crate::store::users;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("sign-out", Method::Post, "/v1/auth/logout", sign_out)
        .summary("End a session, or all sessions of its user")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
        .rate_limits(&[
            RateLimit { per: Per::Address, burst: 60, period_seconds: 60 },
            RateLimit { per: Per::Field("refreshToken"), burst: 10, period_seconds: 60 },
        ])
}

/// The session, by its refresh token.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SignOut {
    refresh_token: Line<8192>,
    /// Every session of the user, on every device.
    #[deserr(default)]
    #[schemars(default)]
    everywhere: bool,
}

/// It is over.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedOut {
    /// `true`, also when it was over before.
    signed_out: bool,
    /// Where it was asked for: whether every other session was ended too. `false` when the given one was over
    /// before, which then doesn't tell whose the others are: sign in to end them.
    #[serde(skip_serializing_if = "Option::is_none")]
    everywhere: Option<bool>,
}

async fn sign_out(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, SignOut>,
) -> Result<Answer<SignedOut>, Problem> {
    let (refresh_token, everywhere) = (request.body.refresh_token.as_str(), request.body.everywhere);
    let known = match cx.pool.refresh(refresh_token).await {
        Ok(tokens) => {
            let session = sessions::seen(&cx, tokens.claims()?, &request.headers);
            if everywhere {
                end_all(&cx, session.user).await?
            } else {
                sessions::end(&cx, &session).await?
            }
            true
        }
        // Over already, or its user can't have tokens; then the pool shall forget it too.
        Err(PoolError::Refused(_) | PoolError::TriggerRefused(_)) => false,
        Err(error) => return Err(error.into()),
    };
    sessions::revoke(&cx, Some(refresh_token)).await;
    Ok(Answer::new(SignedOut { signed_out: true, everywhere: everywhere.then_some(known) }))
}

async fn end_all(cx: &Cx<Identity>, user: UserId) -> Result<(), DbError> {
    let Some(stored) = users::by_id(&cx.base.db, user).await? else { return Ok(()) };
    sessions::end_all(cx, stored, &Actor::User(user), EndReason::SignedOut).await
}
