//! `POST /v1/auth/reset-password`.
//!
//! The user pool takes the code and sets the password; its trigger `post-confirmation` ends every session,
//! also when the password was reset on the hosted page.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::text::Line;
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::confirm_user::CODE_TRIES;
use crate::services::{Identity, USER_POOL};
use crate::sign_in::Password;
use crate::steady::steady_refusal;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("reset-password", Method::Post, "/v1/auth/reset-password", reset_password)
        .summary("Set a new password with the code that was sent to the email; ends every session")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(CODE_TRIES)
        .problems(&[&problem::CODE_MISMATCH])
}

/// An emailed code, and the password that shall be.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ResetPassword {
    email: Email,
    code: Line<20>,
    new_password: Password,
}

/// What comes next.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordReset {
    /// `sign_in`.
    next: &'static str,
}

async fn reset_password(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, ResetPassword>,
) -> Result<Answer<PasswordReset>, Problem> {
    steady_refusal(&cx, reset(&cx, &request.body)).await
}

async fn reset(cx: &Cx<Identity>, body: &ResetPassword) -> Result<Answer<PasswordReset>, Problem> {
    let (code, password) = (body.code.as_str(), body.new_password.as_str());
    match cx.pool.reset_password(&body.email, code, password).await {
        Ok(()) => Ok(Answer::new(PasswordReset { next: "sign_in" })),
        // Wrong, expired, used, tried too often, or no such account: one answer.
        Err(PoolError::Refused(_) | PoolError::Exhausted) => Err(Problem::new(&problem::CODE_MISMATCH)),
        Err(PoolError::PasswordRefused(why)) => Err(FieldErrors::one("newPassword", why).into()),
        // The pool calls the trigger when the password is set. Only who had the right code comes here.
        Err(error @ PoolError::TriggerRefused(_)) => Err(Problem::unavailable(error).detail(
            "The new password is set, but older sessions may go on for a while: sign in, \
             and sign out everywhere.",
        )),
        Err(error) => Err(error.into()),
    }
}
