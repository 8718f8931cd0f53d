//! `POST /v1/auth/confirm`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::{Identity, USER_POOL};
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("confirm-user", Method::Post, "/v1/auth/confirm", confirm_user)
        .summary("Confirm the email with the code that was sent to it")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(&[RateLimit { per: Per::Address, burst: 20, period_seconds: 60 }])
        .problems(&[&problem::CODE_MISMATCH])
}

/// An emailed code.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ConfirmUser {
    email: Email,
    code: Line<20>,
}

/// What comes next.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// `sign_in`.
    next: &'static str,
}

async fn confirm_user(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, ConfirmUser>,
) -> Result<Answer<Confirmed>, Problem> {
    let body = request.body;
    match cx.pool.confirm_sign_up(&body.email, body.code.as_str()).await {
        Ok(()) => Ok(Answer::new(Confirmed { next: "sign_in" })),
        // Wrong, expired, used, or no such account: one answer.
        Err(PoolError::Refused(_)) => Err(Problem::new(&problem::CODE_MISMATCH)),
        Err(error) => Err(error.into()),
    }
}
