//! `POST /v1/auth/register`.
//!
//! The answer never tells whether the email has an account (product.md, Identity): it is the same, and leaves
//! at the same time. The user pool is asked for an account in any case, so that what it says of the rest (the
//! password, its own health) is the same too. When it says that the email is taken, its owner gets a letter:
//! the code again, or, when the account was confirmed, that there is one. Should that letter fail, it is only
//! logged.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{AgeGroup, Registration, SignUpRole, UserStatus};
use lectern_domain::text::Line;
use lectern_domain::time::{Date, ZoneName};
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Accepted, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account_letter;
use crate::enrol;
use crate::services::{Identity, MAIL, USER_POOL};
use crate::sign_in::Password;
use crate::steady::steady;
use crate::store::users;
use crate::user_pool::PoolError;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("register-user", Method::Post, "/v1/auth/register", register_user)
        .summary("Register as a student or a tutor; a code is sent to the email")
        .needs(&[Need::Database, USER_POOL, MAIL])
        .rate_limits(&[
            // A class behind one address registers together.
            RateLimit { per: Per::Address, burst: 20, period_seconds: 60 },
            // Each is a letter to the address.
            RateLimit { per: Per::Field("email"), burst: 5, period_seconds: 3_600 },
        ])
}

/// Longest email that can be a name at the user pool (Cognito, `SignUp`).
const EMAIL_LENGTH_MAX: usize = 128;

/// What is needed for an account.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct RegisterUser {
    email: Email,
    password: Password,
    first_name: Line<80>,
    /// Everybody's but a child's: of a child it isn't kept before its parent's consent.
    #[deserr(default)]
    #[schemars(default)]
    last_name: Option<Line<80>>,
    /// A minor's parent: required under 13, and not the child's own.
    #[deserr(default)]
    #[schemars(default)]
    parent_email: Option<Email>,
    date_of_birth: Date,
    role: SignUpRole,
    /// Required, but of a child it isn't kept before its parent's consent.
    #[deserr(default)]
    #[schemars(default)]
    time_zone: Option<ZoneName>,
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
        parent_email: body.parent_email,
        locale: body.locale,
    };
    let registration = check(&cx, registration)?;
    steady(&cx, sign_up(&cx, &registration, &body.password)).await?;
    Ok(Accepted::new(Registered {
        next: "confirm_email",
        message: "If this email has no account yet, a code is on its way to it.",
    }))
}

/// The registration cut down to what may be kept, when all of it is right. Unlike the hosted page, the API
/// can ask for the time zone of everybody of whom it may be kept.
fn check(cx: &Cx<Identity>, registration: Registration) -> Result<Registration, FieldErrors> {
    let today = cx.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let child = AgeGroup::of(registration.date_of_birth, today, &cx.policy) == Some(AgeGroup::Child);
    let checked = enrol::check(cx, &registration);
    let mut errors = checked.as_ref().err().cloned().unwrap_or_default();
    if registration.time_zone.is_none() && !child {
        errors.push("timeZone", "is required");
    }
    if registration.email.as_str().len() > EMAIL_LENGTH_MAX {
        errors.push("email", format!("must have at most {EMAIL_LENGTH_MAX} characters"));
    }
    errors.into_result()?;
    Ok(registration.minimal(checked?))
}

async fn sign_up(cx: &Cx<Identity>, registration: &Registration, password: &Password) -> Result<(), Problem> {
    match cx.pool.sign_up(registration, password.as_str()).await {
        Ok(()) => Ok(()),
        // The account is there; the code can be asked for again.
        Err(error @ PoolError::Undelivered(_)) => {
            tracing::warn!(cause = %error, "registered, but without a code");
            Ok(())
        }
        Err(PoolError::EmailTaken) => write_to_owner(cx, &registration.email).await,
        Err(PoolError::PasswordRefused(why)) => Err(FieldErrors::one("password", why).into()),
        Err(error) => Err(error.into()),
    }
}

/// Writes to whoever has the account: the code again while it waits for one, else that it is there.
async fn write_to_owner(cx: &Cx<Identity>, email: &Email) -> Result<(), Problem> {
    let known = users::by_email(&cx.base.db, email).await?.map(|stored| stored.user);
    if known.as_ref().is_none_or(|user| user.status == UserStatus::PendingVerification) {
        match cx.pool.resend_code(email).await {
            Ok(()) => return Ok(()),
            // Confirmed at the pool; our own row follows at the first sign-in.
            Err(PoolError::Refused(_)) => {}
            Err(error) => {
                tracing::warn!(cause = %error, "code not sent again");
                return Ok(());
            }
        }
    }
    let letter = account_letter::letter(known.as_ref().map_or("", |user| user.locale.as_str()));
    if let Err(fault) = cx.mail.post(email, &letter).await {
        tracing::warn!(cause = fault.message, "letter to the owner of the account not posted");
    }
    Ok(())
}
