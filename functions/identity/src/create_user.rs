//! `POST /internal/users`: a user whom another service brings along.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{Appointment, SignUpRole};
use lectern_domain::text::Line;
use lectern_domain::time::ZoneName;
use lectern_runtime::caller::Caller as _;
use lectern_runtime::{Created, Cx, Method, Nothing, Problem, Request, Service, UseCase};
use schemars::JsonSchema;

use crate::appoint::{AppointedUser, Maker, NEEDS, PROBLEMS, appoint};
use crate::services::Identity;

const NAME: &str = "create-user";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http(NAME, Method::Post, "/internal/users", create_user)
        .summary("Make an account for somebody of age with a known email; a code is mailed to them")
        .idempotent()
        .problems(PROBLEMS)
        .needs(NEEDS)
}

/// Who is to be made. The service vouches for the email, and that the person is of age.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct CreateUser {
    email: Email,
    first_name: Line<80>,
    last_name: Line<80>,
    role: SignUpRole,
    /// UTC when left out.
    #[deserr(default)]
    #[schemars(default)]
    time_zone: Option<ZoneName>,
    /// BCP 47; `en` when left out.
    #[deserr(default)]
    #[schemars(default)]
    locale: Option<Line<35>>,
}

async fn create_user(
    cx: Cx<Identity>,
    caller: Service,
    request: Request<Nothing, Nothing, CreateUser>,
) -> Result<Created<AppointedUser>, Problem> {
    let key = request.idempotency_key()?.clone();
    let body = request.body;
    let appointment = Appointment::of(body.email, body.first_name, body.last_name, body.role.into())
        .living(body.time_zone, body.locale);
    let actor = caller.actor();
    let name = actor.to_string();
    appoint(&cx, Maker { actor: &actor, caller: &name, use_case: NAME, key: &key }, appointment).await
}
