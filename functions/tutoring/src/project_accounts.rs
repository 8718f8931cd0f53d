//! Keeps which accounts are tutors' and can be used, out of identity's events: with it a tutor's profile
//! begins, and the tutor is listed while the account is active.
//!
//! Each of the events says all that is kept: a role changes only while the account is active (product.md,
//! Identity). So they may come in any order, and the newest is what counts.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Deserialize;

use crate::services::Tutoring;
use crate::store::accounts::{self, Account};

const NAME: &str = "project-accounts";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let kinds = &["user.activated", "user.role_changed", "user.suspended", "user.reinstated"];
    UseCase::consumer(NAME, kinds, project_accounts)
        .summary("Begin a tutor's profile, and list the tutor while the account is active")
}

/// What is needed of an event: the role at the time, or the one that it is now.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AccountData {
    Changed { to: Role },
    Stays { role: Role },
}

async fn project_accounts(cx: Cx<Tutoring>, event: Envelope) -> Result<(), Fault> {
    let data: AccountData = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    let account = Account {
        user_id: UserId(event.aggregate.id),
        role: match data {
            AccountData::Changed { to: role } | AccountData::Stays { role } => role,
        },
        active: event.kind != "user.suspended",
        sequence: event.aggregate.sequence,
    };
    let changed = accounts::take(&cx.base.db, NAME, event.id, account).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, changed, "account event taken in");
    Ok(())
}
