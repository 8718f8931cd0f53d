//! `POST /v1/auth/refresh`.
//!
//! Whether the session was ended is asked here and not of the user pool, which may not know yet. When nobody
//! can be asked, there are no tokens (503).

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;

use crate::services::{Identity, USER_POOL};
use crate::sessions;
use crate::sign_in::{Session, tokens};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("refresh-session", Method::Post, "/v1/auth/refresh", refresh_session)
        .summary("Get a new access token")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(&[
            // A school behind one address refreshes each session every 15 minutes.
            RateLimit { per: Per::Address, burst: 120, period_seconds: 60 },
            RateLimit { per: Per::Field("refreshToken"), burst: 10, period_seconds: 60 },
        ])
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
    let refresh_token = request.body.refresh_token.as_str();
    let tokens = tokens(cx.pool.refresh(refresh_token).await, "The session has ended: sign in again.")?;
    sessions::resume(&cx, &tokens, refresh_token, &request.headers).await?;
    Ok(Answer::new(tokens.into()))
}
