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
use crate::steady::steady_refusal;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("confirm-user", Method::Post, "/v1/auth/confirm", confirm_user)
        .summary("Confirm the email with the code that was sent to it")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(CODE_TRIES)
        .problems(&[&problem::CODE_MISMATCH])
}

/// How often an emailed code of six digits may be tried: with one account at most 10 times in a quarter of an
/// hour (5 at once, and 5 that come back meanwhile) and 40 times on the first day, so guessing one succeeds
/// in less than one of 20 000 tries at an account. From one address a family or a class has more.
pub(crate) const CODE_TRIES: &[RateLimit] = &[
    RateLimit { per: Per::Address, burst: 20, period_seconds: 60 },
    RateLimit { per: Per::Field("email"), burst: 5, period_seconds: 900 },
    RateLimit { per: Per::Field("email"), burst: 20, period_seconds: 86_400 },
];

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
    steady_refusal(&cx, confirm(&cx, &request.body)).await
}

async fn confirm(cx: &Cx<Identity>, body: &ConfirmUser) -> Result<Answer<Confirmed>, Problem> {
    match cx.pool.confirm_sign_up(&body.email, body.code.as_str()).await {
        Ok(()) => Ok(Answer::new(Confirmed { next: "sign_in" })),
        // Wrong, expired, used, tried too often, or no such account: one answer.
        Err(PoolError::Refused(_) | PoolError::Exhausted) => Err(Problem::new(&problem::CODE_MISMATCH)),
        Err(error) => Err(error.into()),
    }
}
