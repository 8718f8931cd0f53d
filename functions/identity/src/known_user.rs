//! Users as other services see them.

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{AgeGroup, ConsentScope, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::Line;
use lectern_domain::time::ZoneName;
use lectern_runtime::Cx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Identity;
use crate::store::users::Stored;

/// What services may know of a user: what they decide by, and a name to call the person by. No birth date,
/// and of a parent only whether there is one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownUser {
    user_id: UserId,
    first_name: Line<80>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Line<80>>,
    role: Role,
    status: UserStatus,
    time_zone: ZoneName,
    locale: Line<35>,
    /// On the day of the call.
    age_group: AgeGroup,
    /// A teen needs a parent's email before the first payment.
    has_parent_email: bool,
    /// What a child's parent consented to; what isn't in it is off. Empty for everybody else, who need
    /// nobody's.
    consent: Vec<ConsentScope>,
}

/// With the email, for whoever can't do without it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownUserWithEmail {
    #[serde(flatten)]
    user: KnownUser,
    email: Email,
}

impl KnownUser {
    /// On the day of the call.
    pub fn of(cx: &Cx<Identity>, stored: Stored) -> Self {
        let user = stored.user;
        Self {
            age_group: user.age_group(cx.now().to_zoned(jiff::tz::TimeZone::UTC).date(), &cx.policy),
            user_id: user.id,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            status: user.status,
            time_zone: user.time_zone,
            locale: user.locale,
            has_parent_email: user.parent_email.is_some(),
            consent: user.consent,
        }
    }
}

impl KnownUserWithEmail {
    /// On the day of the call.
    pub fn of(cx: &Cx<Identity>, stored: Stored) -> Self {
        let email = stored.user.email.clone();
        Self { user: KnownUser::of(cx, stored), email }
    }
}
