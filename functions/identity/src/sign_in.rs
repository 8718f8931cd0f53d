//! `POST /v1/auth/login`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::{FieldErrors, Invalid};
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Anyone, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::{Identity, USER_POOL};
use crate::sessions;
use crate::steady::steady_refusal;
use crate::user_pool::{PoolError, Tokens};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("sign-in", Method::Post, "/v1/auth/login", sign_in)
        .summary("Sign in with email and password")
        .needs(&[Need::Database, USER_POOL])
        .rate_limits(&[
            // A family or a class behind one address comes in together.
            RateLimit { per: Per::Address, burst: 60, period_seconds: 60 },
            RateLimit { per: Per::Field("email"), burst: 10, period_seconds: 900 },
        ])
        .problems(&[&problem::SIGN_IN_FAILED])
}

/// A password on its way to the user pool: never kept, never logged. The pool checks what it is made of.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Reads a password of 12 to 256 characters (Cognito takes no longer one, and none in spaces).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(12..=256).contains(&text.chars().count()) {
            return Err(Invalid::new("must have 12 to 256 characters"));
        }
        // What Cognito would refuse is refused here, before anybody is looked for: the answer tells nothing
        // then.
        if text.trim().len() != text.len() {
            return Err(Invalid::new("must not begin or end with a space"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Deserr<FieldErrors> for Password {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let text = <String as Deserr<FieldErrors>>::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|e| FieldErrors::at(location, e.0))
    }
}

impl JsonSchema for Password {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Password".into()
    }
    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "password", "minLength": 12, "maxLength": 256 })
    }
}

/// Email and password.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct SignIn {
    email: Email,
    password: Password,
}

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// For the `Authorization: Bearer` header.
    access_token: String,
    /// Says who signed in, for the client to read.
    id_token: String,
    /// For `POST /v1/auth/refresh`; a refresh gives no new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Life of the access token, in seconds.
    expires_in: i32,
    /// `Bearer`.
    token_type: &'static str,
}

impl From<Tokens> for Session {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access,
            id_token: tokens.id,
            refresh_token: tokens.refresh,
            expires_in: tokens.expires_in_seconds,
            token_type: "Bearer",
        }
    }
}

/// One answer for every reason: the answers never tell whether an email is known (product.md, Identity).
pub(crate) fn tokens(outcome: Result<Tokens, PoolError>, detail: &str) -> Result<Tokens, Problem> {
    match outcome {
        Ok(tokens) => Ok(tokens),
        Err(error @ (PoolError::Refused(_) | PoolError::TriggerRefused(_) | PoolError::Exhausted)) => {
            Err(Problem::new(&problem::SIGN_IN_FAILED).detail(detail).cause(error))
        }
        Err(error) => Err(error.into()),
    }
}

async fn sign_in(
    cx: Cx<Identity>,
    _caller: Anyone,
    request: Request<Nothing, Nothing, SignIn>,
) -> Result<Answer<Session>, Problem> {
    steady_refusal(&cx, begin(&cx, &request)).await
}

async fn begin(
    cx: &Cx<Identity>,
    request: &Request<Nothing, Nothing, SignIn>,
) -> Result<Answer<Session>, Problem> {
    let outcome = cx.pool.sign_in(&request.body.email, request.body.password.as_str()).await;
    let tokens = tokens(outcome, "Email or password is wrong, or the account can't sign in (yet).")?;
    sessions::begin(cx, &tokens, &request.headers).await?;
    Ok(Answer::new(tokens.into()))
}
