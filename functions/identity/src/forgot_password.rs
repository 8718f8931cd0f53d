//! `POST /v1/auth/forgot-password`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_runtime::{Accepted, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::resend_code::{CODE_LETTERS, sent_or_not};
use crate::services::{Identity, USER_POOL};
use crate::steady::steady;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("forgot-password", Method::Post, "/v1/auth/forgot-password", forgot_password)
        .summary("Send a code for a new password")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(CODE_LETTERS)
}

/// Whose password.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ForgotPassword {
    email: Email,
}

/// What comes next. The same whether or not the email has an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetBegun {
    /// `reset_password`.
    next: &'static str,
    /// For people.
    message: &'static str,
}

async fn forgot_password(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, ForgotPassword>,
) -> Result<Accepted<ResetBegun>, Problem> {
    steady(&cx, async { sent_or_not(cx.pool.forgot_password(&request.body.email).await) }).await?;
    Ok(Accepted::new(ResetBegun {
        next: "reset_password",
        message: "If this email has an account, a code is on its way to it.",
    }))
}
