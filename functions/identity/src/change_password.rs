//! `POST /v1/auth/change-password`.
//!
//! The user pool checks the old password and sets the new one; then our side ends every session, the caller's
//! own too, and the caller is signed in anew. The first step can't be taken back, so what fails after it
//! fails towards fewer sessions: when our database can't be reached, the pool at least takes back every
//! refresh token, and no session lives longer than an access token.

use std::collections::HashMap;

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::role::Actor;
use lectern_postgres::DbError;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;

use crate::services::{ACCESS_TOPIC, Identity, USER_POOL};
use crate::sessions::{self, EndReason};
use crate::sign_in::{Password, Session};
use crate::store::users::{self, Stored};
use crate::user_pool::{PoolError, is_for_own_account};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("change-password", Method::Post, "/v1/auth/change-password", change_password)
        .summary("Change one's password; ends every session and begins a fresh one")
        .needs(&[Need::Database, Need::Bus, USER_POOL, ACCESS_TOPIC])
        .rate_limits(&[
            RateLimit { per: Per::Address, burst: 20, period_seconds: 60 },
            RateLimit { per: Per::Caller, burst: 5, period_seconds: 900 },
        ])
        .problems(&[&problem::NOT_FOUND, &problem::SIGN_IN_FAILED])
}

/// The password that is, and the one that shall be.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ChangePassword {
    old_password: Password,
    new_password: Password,
}

async fn change_password(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request<Nothing, Nothing, ChangePassword>,
) -> Result<Answer<Session>, Problem> {
    let token = bearer(&request.headers).ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED))?;
    if !is_for_own_account(token) {
        return Err(Problem::new(&problem::FORBIDDEN).detail(
            "This session began on the sign-in page, which keeps passwords to itself. Sign in with your \
             password (POST /v1/auth/login) to change it, or set a new one by an emailed code \
             (POST /v1/auth/forgot-password).",
        ));
    }
    let stored = users::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("user"))?;
    let (old, new) = (request.body.old_password.as_str(), request.body.new_password.as_str());
    cx.pool.change_password(token, old, new).await.map_err(refusal)?;
    let email = stored.user.email.clone();
    end_sessions(&cx, stored).await?;
    let changed = |cause: String| {
        Problem::new(&problem::SIGN_IN_FAILED)
            .detail("The password is changed, and every session has ended: sign in with the new one.")
            .cause(cause)
    };
    let tokens = cx.pool.sign_in(&email, new).await.map_err(|error| changed(error.to_string()))?;
    let begun = sessions::begin(&cx, &tokens, &request.headers).await;
    begun.map_err(|problem| changed(problem.cause_text().unwrap_or_default().to_owned()))?;
    Ok(Answer::new(tokens.into()))
}

/// The caller's access token as it came: the user pool wants to see it itself.
fn bearer(headers: &HashMap<String, String>) -> Option<&str> {
    let value = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?.1;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Cognito has one error for a wrong password and for a token that it doesn't take (any more); its words
/// differ.
fn refusal(error: PoolError) -> Problem {
    match error {
        PoolError::Refused(why) if why.to_ascii_lowercase().contains("token") => {
            Problem::new(&problem::UNAUTHENTICATED).detail("The session has ended: sign in again.").cause(why)
        }
        PoolError::Refused(_) => FieldErrors::one("oldPassword", "is not your password").into(),
        PoolError::PasswordRefused(why) => FieldErrors::one("newPassword", why).into(),
        other => other.into(),
    }
}

/// Ends every session, here and at the pool; at the pool alone when it can't be done here.
async fn end_sessions(cx: &Cx<Identity>, stored: Stored) -> Result<(), Problem> {
    let (username, actor) = (stored.cognito_sub.clone(), Actor::User(stored.user.id));
    let Err(error) = sessions::end_all(cx, stored, &actor, EndReason::PasswordChanged).await else {
        return Ok(());
    };
    tracing::error!(cause = %error, "password changed, but sessions not ended here; the pool is told");
    match cx.pool.sign_out(username.as_deref().unwrap_or_default()).await {
        Ok(()) => Ok(()),
        Err(refused) => Err(not_ended(&error, &refused)),
    }
}

fn not_ended(here: &DbError, at_the_pool: &PoolError) -> Problem {
    Problem::unavailable(format!("{here}; {at_the_pool}")).detail(
        "The password is changed, but older sessions may go on: sign in with the new one, \
         and sign out everywhere.",
    )
}
