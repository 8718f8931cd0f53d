//! `GET /v1/users/me/sessions`.

use jiff::Timestamp;
use lectern_domain::id::SessionId;
use lectern_domain::time::Instant;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Identity;
use crate::sessions;
use crate::store::sessions as store;
use crate::user_pool::TokenClaims;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("list-own-sessions", Method::Get, "/v1/users/me/sessions", list_own_sessions)
        .summary("List the sessions that one is signed in with")
}

/// The live sessions, the last used first; at most 100.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSessions {
    items: Vec<OwnSession>,
}

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSession {
    session_id: SessionId,
    /// What the client called itself (`User-Agent`).
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// When it began; one of the hosted sign-in page, when it was first seen here.
    began_at: Instant,
    /// When it was last refreshed.
    used_at: Instant,
    /// When it ends by itself.
    expires_at: Instant,
    /// Whether this very request belongs to it.
    current: bool,
}

async fn list_own_sessions(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request,
) -> Result<Answer<OwnSessions>, Problem> {
    // The user pool writes it into every access token.
    let token = request.token.and_then(|token| Some((token.session?, token.version)));
    let (session, access_version) = token.ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED))?;
    let current = SessionId(session);
    let claims = TokenClaims { user: caller.id(), session: current, access_version };
    let live = store::live(&cx.base.db, &sessions::seen(&cx, claims, &request.headers)).await?;
    let instant = |at: Timestamp| Instant::from(at);
    let items = live.into_iter().map(|session| OwnSession {
        current: session.id == current,
        session_id: session.id,
        device: session.device,
        began_at: instant(session.began_at),
        used_at: instant(session.used_at),
        expires_at: instant(session.expires_at),
    });
    Ok(Answer::new(OwnSessions { items: items.collect() }))
}
