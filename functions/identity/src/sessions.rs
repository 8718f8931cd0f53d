//! Sessions: sign-ins that their owner can see and end.
//!
//! A session is what the user pool calls `origin_jti`: one sign-in with all of its refreshes. Its row is
//! written when the API gives tokens out. A sign-in whose row can't be written fails (503), and its refresh
//! token is taken back: a session that isn't listed could not be ended by itself. Sign-ins on the hosted page
//! are not ours to see; theirs is written down when they first show up here, by a refresh or by a look at the
//! list, and `everywhere` ends them in any case.
//!
//! A session ends in our database first, with its access tokens refused in the same statement; the user pool
//! is told after it. Should that fail, a refresh through our API still finds the session ended, and what the
//! pool itself would give has the same `origin_jti`, which every context refuses.

use std::collections::HashMap;

use lectern_domain::id::{SessionId, UserId};
use lectern_domain::role::Actor;
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Problem, problem};
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::services::Identity;
use crate::store::sessions::{self, NewSession};
use crate::store::users::{self, Stored};
use crate::user_pool::{TokenClaims, Tokens};

/// Longest name of a device that is kept; also in the schema.
const DEVICE_LENGTH_MAX: usize = 200;
/// How often the end of all sessions is tried when the account changes at the same moment.
const TRIES_MAX: u32 = 5;

lectern_domain::words! {
    /// Why all sessions of somebody end; for the audit log.
    pub enum EndReason {
        /// They changed their password.
        PasswordChanged = "password_changed",
        /// They set a new password with an emailed code.
        PasswordReset = "password_reset",
        /// They signed out everywhere.
        SignedOut = "signed_out",
    }
}

/// What a client calls itself (`User-Agent`), cut to what is kept; without control characters.
pub fn device(headers: &HashMap<String, String>) -> Option<String> {
    let name = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"))?.1;
    let device: String = name.chars().filter(|c| !c.is_control()).take(DEVICE_LENGTH_MAX).collect();
    let device = device.trim();
    (!device.is_empty()).then(|| device.to_owned())
}

/// A session that is seen for the first time.
pub fn seen(cx: &Cx<Identity>, claims: TokenClaims, headers: &HashMap<String, String>) -> NewSession {
    NewSession {
        id: claims.session,
        user: claims.user,
        device: device(headers),
        access_version: claims.access_version,
        at: cx.now(),
        expires_at: cx.now() + cx.policy.session_life,
    }
}

/// Writes a fresh sign-in down. When that fails its refresh token is taken back, and nobody gets the tokens.
pub async fn begin(
    cx: &Cx<Identity>,
    tokens: &Tokens,
    headers: &HashMap<String, String>,
) -> Result<(), Problem> {
    let written = write_down(cx, tokens, headers).await;
    if written.is_err() {
        revoke(cx, tokens.refresh.as_deref()).await;
    }
    written
}

/// Writes down that a session was refreshed, with the refresh token that it was done with. One that was ended
/// is a 401, and is taken back at the pool, which may not know yet. When nobody can say, the tokens are kept
/// back (503), and the client may come again.
pub async fn resume(
    cx: &Cx<Identity>,
    tokens: &Tokens,
    refresh_token: &str,
    headers: &HashMap<String, String>,
) -> Result<(), Problem> {
    let written = write_down(cx, tokens, headers).await;
    if written.as_ref().is_err_and(|problem| *problem.kind() == problem::SIGN_IN_FAILED) {
        revoke(cx, Some(refresh_token)).await;
    }
    written
}

async fn write_down(
    cx: &Cx<Identity>,
    tokens: &Tokens,
    headers: &HashMap<String, String>,
) -> Result<(), Problem> {
    let session = seen(cx, tokens.claims()?, headers);
    match sessions::keep(&cx.base.db, &session).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(Problem::new(&problem::SIGN_IN_FAILED).detail("The session has ended: sign in again."))
        }
        Err(error) => Err(Problem::unavailable(error)),
    }
}

/// Takes a refresh token back at the pool, as well as can be: what counts is in our database.
pub async fn revoke(cx: &Cx<Identity>, refresh_token: Option<&str>) {
    let Some(token) = refresh_token else { return };
    if let Err(error) = cx.pool.revoke(token).await {
        tracing::warn!(cause = %error, "refresh token not taken back at the pool; here its session is over");
    }
}

/// Ends one session, which may not have been written down yet. One that has ended already stays as it is.
pub async fn end(cx: &Cx<Identity>, session: &NewSession) -> Result<(), DbError> {
    let effects = Effects::default().revoke_session(cx, session.id);
    if sessions::end_or_note(&cx.base.db, session, &effects).await? {
        follow_up(cx, &effects).await;
    }
    Ok(())
}

/// Ends a session out of the list; `false` when it isn't this user's, or isn't live.
pub async fn end_listed(cx: &Cx<Identity>, user: UserId, id: SessionId) -> Result<bool, DbError> {
    let effects = Effects::default().revoke_session(cx, id);
    let ended = sessions::end(&cx.base.db, user, id, cx.now(), &effects).await?;
    if ended {
        follow_up(cx, &effects).await;
    }
    Ok(ended)
}

/// Ends every session of an account and refuses its access tokens, also those of sessions that aren't listed.
/// Gives up ([`DbError::Unavailable`]) when the account keeps changing at the same moment. An erased one has
/// none.
pub async fn end_all(
    cx: &Cx<Identity>,
    stored: Stored,
    actor: &Actor,
    reason: EndReason,
) -> Result<(), DbError> {
    let id = stored.user.id;
    let mut present = Some(stored);
    for _ in 0..TRIES_MAX {
        let Some(stored) = present else { return Ok(()) };
        let before = stored.user.sequence;
        let Ok(user) = stored.user.end_sessions(cx.now()) else { return Ok(()) };
        let effects = Effects::default()
            .audit(cx, actor, "user.sessions_ended", id, json!({ "reason": reason }))
            .revoke_user(cx, &user)
            .align(cx, id, stored.cognito_sub.as_deref(), true);
        let stored = Stored { user, cognito_sub: stored.cognito_sub };
        if users::update(&cx.base.db, &stored, before, &effects).await? {
            follow_up(cx, &effects).await;
            return Ok(());
        }
        present = users::by_id(&cx.base.db, id).await?;
    }
    Err(DbError::Unavailable("the account keeps changing".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device_of(name: &str) -> Option<String> {
        device(&HashMap::from([("User-Agent".to_owned(), name.to_owned())]))
    }

    #[test]
    fn a_device_is_what_the_client_calls_itself_without_what_is_no_text() {
        assert_eq!(device_of("Firefox/140.0\u{0}\u{1b}[31m\n").as_deref(), Some("Firefox/140.0[31m"));
        assert_eq!(device_of(" \t\n"), None);
        assert_eq!(device(&HashMap::new()), None);
    }

    #[test]
    fn a_long_name_of_a_device_is_cut_by_characters() {
        assert_eq!(device_of(&"ä".repeat(300)), Some("ä".repeat(200)));
    }
}
