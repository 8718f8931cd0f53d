//! `PATCH /v1/users/me`.

use deserr::Deserr;
use lectern_domain::email::Email;
use lectern_domain::field::FieldErrors;
use lectern_domain::identity::{Avatar, ProfileChanges};
use lectern_domain::patch::{Removable, Replaced};
use lectern_domain::text::{Line, Prose};
use lectern_domain::time::ZoneName;
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;

use crate::effects::{Effects, follow_up};
use crate::precondition;
use crate::services::Identity;
use crate::store::users::{self, Stored};
use crate::views::UserView;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("update-own-user", Method::Patch, "/v1/users/me", update_own_user)
        .summary("Change what one tells of oneself: what isn't sent stays, null takes away; needs If-Match")
        .problems(&[
            &problem::NOT_FOUND,
            &problem::WRONG_STATE,
            &problem::CONCURRENT_CHANGE,
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
        ])
        .needs(&[Need::Database, Need::Bus])
}

/// A merge patch of one's account (RFC 7396).
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct UpdateOwnUser {
    #[deserr(default)]
    #[schemars(default)]
    first_name: Replaced<Line<80>>,
    #[deserr(default)]
    #[schemars(default)]
    last_name: Replaced<Line<80>>,
    #[deserr(default)]
    #[schemars(default)]
    time_zone: Replaced<ZoneName>,
    /// BCP 47.
    #[deserr(default)]
    #[schemars(default)]
    locale: Replaced<Line<35>>,
    #[deserr(default)]
    #[schemars(default)]
    bio: Removable<Prose<2000>>,
    /// All of them, at most 20.
    #[deserr(default)]
    #[schemars(default)]
    skills: Removable<Vec<Line<60>>>,
    #[deserr(default)]
    #[schemars(default)]
    avatar: Removable<Avatar>,
    /// A parent's; only for people from 13 to 17.
    #[deserr(default)]
    #[schemars(default)]
    parent_email: Replaced<Email>,
}

impl From<UpdateOwnUser> for ProfileChanges {
    fn from(body: UpdateOwnUser) -> Self {
        Self {
            first_name: body.first_name.0,
            last_name: body.last_name.0,
            time_zone: body.time_zone.0,
            locale: body.locale.0,
            bio: body.bio.0,
            skills: body.skills.0.map(Option::unwrap_or_default),
            avatar: body.avatar.0,
            parent_email: body.parent_email.0,
        }
    }
}

async fn update_own_user(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request<Nothing, Nothing, UpdateOwnUser>,
) -> Result<Answer<UserView>, Problem> {
    let stored = users::by_id(&cx.base.db, caller.id()).await?.ok_or_else(|| Problem::not_found("user"))?;
    let before = stored.user.sequence;
    precondition::required(request.if_match, before)?;
    // The token was good a moment ago; a suspension may have come in between.
    if let Err(error) = stored.user.role_for_token() {
        return Err(Problem::new(&problem::WRONG_STATE).detail(error.to_string()));
    }
    let (user, events) = stored.user.update(request.body.into(), cx.now(), &cx.policy)?;
    let effects = Effects::of(cx.seal(events));
    let stored = Stored { user, cognito_sub: stored.cognito_sub };
    if stored.user.sequence != before {
        if !users::update(&cx.base.db, &stored, before, &effects).await? {
            return Err(Problem::new(&problem::CONCURRENT_CHANGE));
        }
        follow_up(&cx, &effects).await;
    }
    let sequence = stored.user.sequence;
    Ok(Answer::new(UserView::from(stored.user)).etag(sequence))
}
