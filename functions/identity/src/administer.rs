//! What an admin's commands on an account have in common: load, look at the version, decide, save, follow up.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Changed, Suspension, User, UserError, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::Prose;
use lectern_domain::time::Instant;
use lectern_runtime::problem::ProblemType;
use lectern_runtime::{Answer, Cx, Problem, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::effects::{Effects, follow_up};
use crate::precondition;
use crate::services::Identity;
use crate::store::users::{self, LAST_SUPERADMIN, Stored};

/// What these commands may be refused with.
pub const PROBLEMS: &[&ProblemType] =
    &[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE, &problem::PRECONDITION_FAILED];

/// Whose account.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct UserPath {
    /// The user's id.
    pub user_id: UserId,
}

/// An account as it stands after an admin's command; what else is known of the person is not needed there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountState {
    user_id: UserId,
    role: Role,
    status: UserStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionView>,
    updated_at: Instant,
}

/// Why an account is suspended, and until when; for admins alone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuspensionView {
    /// The admin who decided.
    by: UserId,
    reason: Prose<1000>,
    /// When it ends by itself; absent when an admin must end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
}

impl From<Suspension> for SuspensionView {
    fn from(suspension: Suspension) -> Self {
        Self { by: suspension.by, reason: suspension.reason, until: suspension.until }
    }
}

/// Changes the account of `id` as `change` decides, together with what `along` adds to its effects: it is
/// given them with the events in, the role before, and the account as it will be. With `if_match` only the
/// version that the admin has seen is changed.
pub(crate) async fn administer(
    cx: &Cx<Identity>,
    id: UserId,
    if_match: Option<i64>,
    change: impl FnOnce(User) -> Result<Changed, UserError>,
    along: impl FnOnce(Effects, Role, &Stored) -> Effects,
) -> Result<Answer<AccountState>, Problem> {
    let db = &cx.base.db;
    let stored = users::by_id(db, id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let (before, role) = (stored.user.sequence, stored.user.role);
    precondition::looked_at(if_match, before)?;
    let (user, events) = change(stored.user).map_err(refused)?;
    let stored = Stored { user, cognito_sub: stored.cognito_sub };
    let effects = along(Effects::of(cx.seal(events)), role, &stored);
    match users::update(db, &stored, before, &effects).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::new(&problem::CONCURRENT_CHANGE)),
        Err(error) if error.is_constraint(LAST_SUPERADMIN) => {
            return Err(Problem::new(&problem::WRONG_STATE)
                .detail("The last superadmin can't be demoted or suspended."));
        }
        Err(error) => return Err(error.into()),
    }
    follow_up(cx, &effects).await;
    let user = stored.user;
    let state = AccountState {
        user_id: user.id,
        role: user.role,
        status: user.status,
        suspension: user.suspension.map(Into::into),
        updated_at: user.updated_at,
    };
    Ok(Answer::new(state).etag(user.sequence))
}

fn refused(error: UserError) -> Problem {
    let kind = match error {
        UserError::NotYours => &problem::FORBIDDEN,
        UserError::EndsInThePast => return FieldErrors::one("until", "must be in the future").into(),
        UserError::WrongStatus(_) | UserError::SameRole(_) | UserError::NotOfAge => &problem::WRONG_STATE,
    };
    Problem::new(kind).detail(format!("{error}."))
}
