//! The access token of a call, and whether it is refused though it has not expired yet.

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::UserId;
use uuid::Uuid;

use crate::caller::Access;
use crate::http::Event;
use crate::problem::{self, Problem};
use crate::services::Services;

/// What names an access token when access is taken back: whose, of which sign-in, and how old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessToken {
    /// Whose it is (the claim `user_id`).
    pub user: UserId,
    /// The sign-in it comes from, the same through all refreshes (the claim `origin_jti`, which Cognito
    /// writes).
    pub session: Option<Uuid>,
    /// The user's access version when it was made (the claim `access_version`); 0 when the token does not say
    /// so, which is older than any.
    pub version: i64,
}

impl AccessToken {
    /// Of a request whose token the gateway has checked; `None` without one that names a user of ours.
    pub fn of(event: &Event) -> Option<Self> {
        let claims = event.claims()?;
        let user = claims.get("user_id").and_then(|id| UserId::parse(id).ok())?;
        let session = claims.get("origin_jti").and_then(|id| Uuid::try_parse(id).ok());
        let version = claims.get("access_version").and_then(|version| version.parse().ok()).unwrap_or(0);
        Some(Self { user, session, version })
    }
}

/// Knows which tokens are refused.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Whether the token has been taken back. `now` is the moment of the call. An error refuses the call too:
    /// who can't be checked isn't let in.
    async fn is_revoked(&self, token: &AccessToken, now: Timestamp) -> Result<bool, Problem>;
}

/// Lets a call go on, unless its token has been taken back. Asked for people only: a service is stopped by
/// its role.
pub(crate) async fn check<S: Services>(
    services: &S,
    access: Access,
    event: &Event,
    now: Timestamp,
) -> Result<(), Problem> {
    let (Access::Roles(_), Some(revocations)) = (access, services.revocations()) else { return Ok(()) };
    let token = AccessToken::of(event).ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED))?;
    if revocations.is_revoked(&token, now).await? {
        return Err(Problem::new(&problem::UNAUTHENTICATED).detail("The session has ended: sign in again."));
    }
    Ok(())
}
