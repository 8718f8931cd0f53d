//! Takes away what `tutoring` holds on somebody who was erased (product.md, Privacy).
//!
//! Gone: documents and photo with their files, the profile with name, texts, country and price, the hours,
//! submissions that nobody has decided yet, the words of decisions, kept answers, ratings, what was taught;
//! favourites, matching requests and invitations, of whichever side. What stays names nobody: an empty row that
//! is not listed, so that the tutor is neither found nor booked from now on; that the profile was submitted and
//! decided, and when (a decision is kept for ever); that the account is erased; and the times of lessons, by id,
//! which are the students' past as well.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Deserialize;

use crate::files::prefixes;
use crate::services::{FILES, Tutoring};
use crate::store::erasures;

const NAME: &str = "erase-tutoring-user";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::consumer(NAME, &["user.erased"], erase_tutoring_user)
        .summary("Take away what tutoring holds on an erased user")
        .needs(&[Need::Database, FILES])
}

/// What is needed of the event.
#[derive(Debug, Deserialize)]
struct ErasedData {
    role: Role,
}

async fn erase_tutoring_user(cx: Cx<Tutoring>, event: Envelope) -> Result<(), Fault> {
    let data: ErasedData = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    let (user, tutor) = (UserId(event.aggregate.id), data.role == Role::Tutor);
    let sequence = event.aggregate.sequence;
    let first_time = erasures::erase(&cx.base.db, NAME, event.id, user, tutor, sequence, cx.now()).await?;
    // Each time that the event comes, since an earlier one may have got no further than the rows. Found by
    // the owner's id, because the rows are gone. An upload that comes after this, or was being looked at,
    // finds no row and is deleted.
    let mut files = 0;
    for prefix in prefixes(user) {
        for key in cx.files.list(&prefix).await? {
            cx.files.delete(&key).await?;
            files += 1;
        }
    }
    tracing::info!(use_case = NAME, event_id = %event.id, first_time, files, "user erased");
    Ok(())
}
