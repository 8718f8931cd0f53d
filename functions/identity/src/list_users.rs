//! `GET /v1/admin/users`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::identity::UserStatus;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::role::Role;
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Identity;
use crate::store::directory::{self, Filter, Listed};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("list-users", Method::Get, "/v1/admin/users", list_users)
        .summary("List accounts, the newest first; erased ones only when they are asked for")
}

/// Which accounts.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListUsers {
    /// Only of this role.
    #[deserr(default)]
    #[schemars(default)]
    role: Option<Role>,
    /// Only in this state; without it everybody who isn't erased.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<UserStatus>,
    /// Only with this in email, first or last name (or across "first last"), whatever its case.
    #[deserr(default)]
    #[schemars(default)]
    text: Option<Line<100>>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// An account in the list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedUser {
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<Line<80>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Line<80>>,
    role: Role,
    status: UserStatus,
    /// When a suspension ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_until: Option<Instant>,
    created_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Instant>,
}

impl From<Listed> for ListedUser {
    fn from(listed: Listed) -> Self {
        Self {
            user_id: listed.id,
            email: listed.email,
            first_name: listed.first_name,
            last_name: listed.last_name,
            role: listed.role,
            status: listed.status,
            suspended_until: listed.suspended_until.map(Into::into),
            created_at: listed.created_at.into(),
            erased_at: listed.erased_at.map(Into::into),
        }
    }
}

async fn list_users(
    cx: Cx<Identity>,
    _caller: Admin,
    request: Request<Nothing, ListUsers>,
) -> Result<Answer<CursorPage<ListedUser>>, Problem> {
    let query = request.query;
    let after = query.cursor.map(|cursor| cursor.position::<UserId>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?;
    let limit = limit_or_default(query.limit);
    let text = query.text.map(|text| text.as_str().to_owned());
    let filter = Filter { status: query.status, role: query.role, text };
    let found = directory::page(&cx.base.db, &filter, after, limit + 1).await?;
    let items = found.into_iter().map(ListedUser::from).collect();
    Ok(Answer::new(CursorPage::cut(items, limit, |user| user.user_id)))
}
