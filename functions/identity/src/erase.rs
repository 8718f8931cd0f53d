//! Erasure: the end of an account at its owner's or a parent's wish, or by law (product.md, Identity).
//!
//! Here the user's row is emptied and a tombstone put up, in one statement with the event `user.erased`, on which
//! every other context takes away or pseudonymises its share; the account in the user pool is deleted right after,
//! or by `align-user-pool`. Access tokens are refused from then on.

use lectern_domain::identity::UserError;
use lectern_domain::role::Actor;
use lectern_postgres::DbError;
use lectern_runtime::Cx;
use serde_json::json;

use crate::effects::{Effects, follow_up};
use crate::services::Identity;
use crate::store::erasures::{self, Wish};
use crate::store::users::{LAST_SUPERADMIN, Stored};

/// Why somebody could not be erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// It is done already.
    #[error(transparent)]
    Refused(#[from] UserError),
    /// The last superadmin stays.
    #[error("the last superadmin can't be erased")]
    LastSuperadmin,
    /// The account was changed at the same moment: read it again and try again.
    #[error("the account was changed at the same moment")]
    Concurrent,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Erases a user, once: of two at the same moment one finds it done or changed.
pub async fn erase(cx: &Cx<Identity>, stored: Stored, wish: Wish, actor: &Actor) -> Result<(), EraseError> {
    let (before, email) = (stored.user.sequence, stored.user.email.clone());
    let (user, events) = stored.user.erase(cx.now())?;
    // An account whose email was never verified is known to the pool by its email alone.
    let username = stored.cognito_sub.clone().unwrap_or_else(|| email.as_str().to_owned());
    let effects = Effects::of(cx.seal(events))
        .audit(cx, actor, "user.erased", user.id, json!({ "wish": wish }))
        .revoke_user(cx, &user)
        .align(cx, user.id, Some(&username), false);
    let stored = Stored { user, cognito_sub: stored.cognito_sub };
    match erasures::erase(&cx.base.db, &stored, before, wish, cx.now(), &effects).await {
        Ok(true) => {
            follow_up(cx, &effects).await;
            Ok(())
        }
        Ok(false) => Err(EraseError::Concurrent),
        Err(error) if error.is_constraint(LAST_SUPERADMIN) => Err(EraseError::LastSuperadmin),
        Err(error) => Err(error.into()),
    }
}
