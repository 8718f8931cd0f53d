//! `POST /v1/auth/refresh`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;

use crate::services::{Identity, USER_POOL};
use crate::sign_in::{Session, session};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("refresh-session", Method::Post, "/v1/auth/refresh", refresh_session)
        .summary("Get a new access token")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(&[RateLimit { per: Per::Address, burst: 60, period_seconds: 60 }])
        .problems(&[&problem::SIGN_IN_FAILED])
}

/// A refresh token.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RefreshSession {
    refresh_token: Line<8192>,
}

async fn refresh_session(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, RefreshSession>,
) -> Result<Answer<Session>, Problem> {
    let outcome = cx.pool.refresh(request.body.refresh_token.as_str()).await;
    session(outcome, "The session has ended: sign in again.")
}
