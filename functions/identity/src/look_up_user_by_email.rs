//! `GET /internal/users/by-email/{email}`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase, problem};
use schemars::JsonSchema;

use crate::known_user::KnownUserWithEmail;
use crate::services::Identity;
use crate::store::users;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http(
        "look-up-user-by-email",
        Method::Get,
        "/internal/users/by-email/{email}",
        look_up_user_by_email,
    )
    .summary("Look a user up by email, whatever its case; status says whether it was verified")
    .problems(&[&problem::NOT_FOUND])
}

/// Whose email.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct EmailPath {
    /// Percent-encoded.
    email: Email,
}

async fn look_up_user_by_email(
    cx: Cx<Identity>,
    _caller: Service,
    request: Request<EmailPath>,
) -> Result<Answer<KnownUserWithEmail>, Problem> {
    let stored = users::by_email(&cx.base.db, &request.path.email).await?;
    let stored = stored.ok_or_else(|| Problem::not_found("user"))?;
    let sequence = stored.user.sequence;
    Ok(Answer::new(KnownUserWithEmail::of(&cx, stored)).etag(sequence))
}
