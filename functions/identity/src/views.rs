//! Users as callers see them.

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Avatar, ConsentScope, User, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::{Line, Prose};
use lectern_domain::time::{Date, Instant, ZoneName};
use schemars::JsonSchema;
use serde::Serialize;

/// An account as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    user_id: UserId,
    email: Email,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_email: Option<Email>,
    first_name: Line<80>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Line<80>>,
    role: Role,
    status: UserStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Date>,
    time_zone: ZoneName,
    locale: Line<35>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<Prose<2000>>,
    skills: Vec<Line<60>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<Avatar>,
    /// What a child's parent consented to; what isn't in it is off.
    consent: Vec<ConsentScope>,
    created_at: Instant,
    updated_at: Instant,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id,
            email: user.email,
            parent_email: user.parent_email,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            status: user.status,
            date_of_birth: user.date_of_birth,
            time_zone: user.time_zone,
            locale: user.locale,
            bio: user.bio,
            skills: user.skills,
            avatar: user.avatar,
            consent: user.consent,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
