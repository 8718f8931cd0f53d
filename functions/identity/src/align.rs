//! Brings accounts of the user pool in line with our users.
//!
//! Our database decides; Cognito follows. A change that concerns Cognito (a suspension, an erasure, the end of all
//! sessions) writes a row in its own transaction that says whose account has to be looked at, not what to do: what
//! to do follows from the user's present state. So tries may fail, be repeated and overtake each other, and the last
//! state wins. Meanwhile our own side holds: `pre_token_generation` gives tokens to active users alone, and
//! older access tokens are on the list of revoked ones.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::identity::UserStatus;
use lectern_runtime::{Cx, Fault};

use crate::services::Identity;
use crate::store::alignments::{self, Due};
use crate::user_pool::PoolError;

/// How long the change's own function has, before `align-user-pool` tries.
pub const FIRST_RETRY: SignedDuration = SignedDuration::from_secs(30);
/// Longest pause between two tries.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(60);

/// Brings one user's account in line, if it has to be. A fault when the pool didn't do it: it stays due.
pub async fn one(cx: &Cx<Identity>, user: UserId) -> Result<(), Fault> {
    match alignments::of_user(&cx.base.db, user).await? {
        Some(due) => settle(cx, &due).await,
        None => Ok(()),
    }
}

/// Does what is due for one account, and writes down that it is done, or when to try again.
pub async fn settle(cx: &Cx<Identity>, due: &Due) -> Result<(), Fault> {
    match bring_in_line(cx, due).await {
        Ok(()) => Ok(alignments::done(&cx.base.db, due, cx.now()).await?),
        Err(error) => {
            let pause = FIRST_RETRY * (1 << due.tries.clamp(0, 7));
            alignments::later(&cx.base.db, due, cx.now() + pause.min(PAUSE_MAX)).await?;
            Err(Fault::transient(error))
        }
    }
}

async fn bring_in_line(cx: &Cx<Identity>, due: &Due) -> Result<(), PoolError> {
    match due.status {
        UserStatus::Erased => return cx.pool.delete(&due.username).await,
        UserStatus::Suspended => cx.pool.set_enabled(&due.username, false).await?,
        UserStatus::Active => cx.pool.set_enabled(&due.username, true).await?,
        UserStatus::PendingVerification | UserStatus::PendingConsent => {}
    }
    if due.sign_out {
        cx.pool.sign_out(&due.username).await?;
    }
    Ok(())
}
