//! `GET /v1/admin/users/{userId}`.

use lectern_domain::id::{ConsentId, UserId};
use lectern_domain::identity::{AgeGroup, ConsentScope, ConsentStatus, UserStatus};
use lectern_domain::role::Actor;
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::administer::{SuspensionView, UserPath};
use crate::effects::Effects;
use crate::services::Identity;
use crate::store::directory::{self, ParentsWord, Seen};
use crate::store::users::Stored;
use crate::views::UserView;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-user", Method::Get, "/v1/admin/users/{userId}", get_user)
        .summary("Read an account; that it was read is written to the audit log")
        .problems(&[&problem::NOT_FOUND])
}

/// An account as admins see it, or what is left of one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AdminsView {
    /// An account.
    Kept(Box<AdminsUser>),
    /// What is left of an erased one.
    Erased(ErasedUser),
}

/// An account as admins see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminsUser {
    #[serde(flatten)]
    user: UserView,
    age_group: AgeGroup,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionView>,
    /// How a child's parent decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    parental_consent: Option<ParentalConsent>,
}

/// How a parent's consent stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParentalConsent {
    consent_id: ConsentId,
    status: ConsentStatus,
    scopes: Vec<ConsentScope>,
    requested_at: Instant,
    /// When the time for an answer is over.
    expires_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Instant>,
}

/// What is left of an erased account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasedUser {
    user_id: UserId,
    /// `erased`.
    status: UserStatus,
    erased_at: Instant,
}

impl From<ParentsWord> for ParentalConsent {
    fn from(word: ParentsWord) -> Self {
        Self {
            consent_id: word.id,
            status: word.status,
            scopes: word.scopes,
            requested_at: word.requested_at.into(),
            expires_at: word.expires_at.into(),
            decided_at: word.decided_at.map(Into::into),
        }
    }
}

async fn get_user(
    cx: Cx<Identity>,
    caller: Admin,
    request: Request<UserPath>,
) -> Result<Answer<AdminsView>, Problem> {
    let id = request.path.user_id;
    let noted = Effects::default().audit(&cx, &Actor::User(caller.id()), "user.read", id, json!({}));
    let seen = directory::look_at(&cx.base.db, id, &noted).await?;
    match seen.ok_or_else(|| Problem::not_found("user"))? {
        Seen::Kept(stored, word) => Ok(kept(&cx, *stored, word)),
        Seen::Erased(user_id, at) => {
            let left = ErasedUser { user_id, status: UserStatus::Erased, erased_at: at.into() };
            Ok(Answer::new(AdminsView::Erased(left)))
        }
    }
}

fn kept(cx: &Cx<Identity>, stored: Stored, word: Option<ParentsWord>) -> Answer<AdminsView> {
    let mut user = stored.user;
    let sequence = user.sequence;
    let view = AdminsUser {
        age_group: user.age_group(cx.now().to_zoned(jiff::tz::TimeZone::UTC).date(), &cx.policy),
        suspension: user.suspension.take().map(Into::into),
        parental_consent: word.map(Into::into),
        user: user.into(),
    };
    Answer::new(AdminsView::Kept(Box::new(view))).etag(sequence)
}
