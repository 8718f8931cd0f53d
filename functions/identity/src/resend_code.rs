//! `POST /v1/auth/resend-code`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Accepted, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::{Identity, USER_POOL};
use crate::steady::steady;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("resend-code", Method::Post, "/v1/auth/resend-code", resend_code)
        .summary("Send the code of a registration again")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(CODE_LETTERS)
}

/// How often a code may be asked for: each is a letter to the address, and a code more to guess.
pub(crate) const CODE_LETTERS: &[RateLimit] = &[
    RateLimit { per: Per::Address, burst: 20, period_seconds: 60 },
    RateLimit { per: Per::Field("email"), burst: 3, period_seconds: 900 },
    RateLimit { per: Per::Field("email"), burst: 10, period_seconds: 86_400 },
];

/// Whose code.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ResendCode {
    email: Email,
}

/// What comes next. The same whether or not a code was sent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeSent {
    /// `confirm_email`.
    next: &'static str,
    /// For people.
    message: &'static str,
}

async fn resend_code(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, ResendCode>,
) -> Result<Accepted<CodeSent>, Problem> {
    steady(&cx, async { sent_or_not(cx.pool.resend_code(&request.body.email).await) }).await?;
    Ok(Accepted::new(CodeSent {
        next: "confirm_email",
        message: "If this email waits for a code, one is on its way to it.",
    }))
}

/// What the pool says of an account goes to the log alone: none, confirmed already, tried too often, an
/// address that takes no mail. Only what would be said of every email is said.
pub(crate) fn sent_or_not(outcome: Result<(), PoolError>) -> Result<(), Problem> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error @ (PoolError::TooMany | PoolError::Unavailable(_))) => Err(error.into()),
        Err(error) => {
            tracing::info!(cause = %error, "no code was sent");
            Ok(())
        }
    }
}
