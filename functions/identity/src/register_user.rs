//! `POST /v1/auth/register`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{Registration, SignUpRole};
use lectern_domain::text::Line;
use lectern_domain::time::{Date, ZoneName};
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Accepted, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::enrol;
use crate::services::{Identity, USER_POOL};
use crate::sign_in::Password;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("register-user", Method::Post, "/v1/auth/register", register_user)
        .summary("Register as a student or a tutor; a code is sent to the email")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(&[RateLimit { per: Per::Address, burst: 20, period_seconds: 60 }])
}

/// What is needed for an account.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RegisterUser {
    email: Email,
    password: Password,
    first_name: Line<80>,
    last_name: Line<80>,
    date_of_birth: Date,
    role: SignUpRole,
    time_zone: ZoneName,
    /// BCP 47; `en` when left out.
    #[deserr(default)]
    #[schemars(default)]
    locale: Option<Line<35>>,
}

/// What comes next. The same whether or not the email had an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// `confirm_email`.
    next: &'static str,
    /// For people.
    message: &'static str,
}

async fn register_user(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, RegisterUser>,
) -> Result<Accepted<Registered>, Problem> {
    let body = request.body;
    let registration = Registration {
        email: body.email,
        first_name: body.first_name,
        last_name: body.last_name,
        role: body.role,
        date_of_birth: body.date_of_birth,
        time_zone: body.time_zone,
        locale: match body.locale {
            Some(locale) => locale,
            None => Line::parse("en").map_err(Problem::internal)?,
        },
    };
    enrol::check(&cx, &registration)?;
    match cx.pool.sign_up(&registration, body.password.as_str()).await {
        // The answers never tell whether an email is known (product.md, Identity).
        Ok(()) | Err(PoolError::EmailTaken) => {}
        Err(PoolError::PasswordRefused(why)) => return Err(FieldErrors::one("password", why).into()),
        Err(error) => return Err(error.into()),
    }
    Ok(Accepted::new(Registered {
        next: "confirm_email",
        message: "If this email has no account yet, a code is on its way to it.",
    }))
}
