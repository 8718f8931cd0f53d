//! Makes an admin or a superadmin: how the first one comes to be (docs/operations.md). Invoked by an operator
//! with the right in IAM; no route leads here.

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Appointment, StaffRole, User};
use lectern_domain::role::{Actor, Role};
use lectern_domain::text::Line;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::services::{Identity, USER_POOL};
use crate::store::users::{self, Stored};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::invoke("create-staff-user", create_staff_user)
        .summary("Make an admin or a superadmin; the same email again only sets the password")
        .needs(&[Need::Database, USER_POOL])
}

/// Who is to be made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateStaffUser {
    email: Email,
    password: String,
    first_name: Line<80>,
    last_name: Line<80>,
    role: StaffRole,
}

/// Who was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffUser {
    user_id: UserId,
}

async fn create_staff_user(cx: Cx<Identity>, input: CreateStaffUser) -> Result<StaffUser, Fault> {
    let known = users::by_email(&cx.base.db, &input.email).await?;
    if known.as_ref().is_some_and(|k| k.user.role != Role::from(input.role)) {
        return Err(Fault::bad_input("the email has an account with another role"));
    }
    let appointment = Appointment::of(input.email, input.first_name, input.last_name, input.role.into());
    let sub = cx.pool.appoint(&appointment, &input.password).await.map_err(Fault::transient)?;
    let before = known.as_ref().map_or(0, |k| k.user.sequence);
    let (user, events) = match known {
        // Begun by an admin's request that did not come to its end.
        Some(known) if known.user.is_being_appointed() => {
            known.user.finish_appointment(appointment, cx.now()).map_err(Fault::bad_input)?
        }
        Some(known) => return Ok(StaffUser { user_id: known.user.id }),
        None => User::appoint(UserId(cx.fresh_id()), appointment, cx.now()),
    };
    let effects = Effects::of(cx.seal(events)).audit(
        &cx,
        &Actor::System("create-staff-user".to_owned()),
        "user.appointed",
        user.id,
        json!({ "role": user.role }),
    );
    let user_id = user.id;
    let stored = Stored { user, cognito_sub: Some(sub) };
    let saved = match before {
        0 => users::insert(&cx.base.db, &stored, &effects).await?,
        before => users::update(&cx.base.db, &stored, before, &effects).await?,
    };
    if !saved {
        return Err(Fault::transient("the email got an account at the same moment"));
    }
    follow_up(&cx, &effects).await;
    Ok(StaffUser { user_id })
}
