//! `POST /v1/admin/users`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{Appointment, StaffRole};
use lectern_domain::role::Actor;
use lectern_domain::text::Line;
use lectern_domain::time::ZoneName;
use lectern_runtime::{Created, Cx, Method, Nothing, Problem, Request, Superadmin, UseCase};
use schemars::JsonSchema;

use crate::appoint::{AppointedUser, Maker, NEEDS, PROBLEMS, appoint};
use crate::services::Identity;

const NAME: &str = "appoint-staff-user";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http(NAME, Method::Post, "/v1/admin/users", appoint_staff_user)
        .summary("Make an admin or a superadmin; a code is mailed to them, with which they set a password")
        .idempotent()
        .problems(PROBLEMS)
        .needs(NEEDS)
}

/// Who is to be made.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct AppointStaffUser {
    email: Email,
    first_name: Line<80>,
    last_name: Line<80>,
    role: StaffRole,
    /// UTC when left out.
    #[deserr(default)]
    #[schemars(default)]
    time_zone: Option<ZoneName>,
    /// BCP 47; `en` when left out.
    #[deserr(default)]
    #[schemars(default)]
    locale: Option<Line<35>>,
}

async fn appoint_staff_user(
    cx: Cx<Identity>,
    caller: Superadmin,
    request: Request<Nothing, Nothing, AppointStaffUser>,
) -> Result<Created<AppointedUser>, Problem> {
    let key = request.idempotency_key()?.clone();
    let body = request.body;
    let appointment = Appointment::of(body.email, body.first_name, body.last_name, body.role.into())
        .living(body.time_zone, body.locale);
    let (actor, id) = (Actor::User(caller.id()), caller.id().to_string());
    appoint(&cx, Maker { actor: &actor, caller: &id, use_case: NAME, key: &key }, appointment).await
}
