//! A download of everything that is held on a person (product.md, Privacy).

use jiff::Timestamp;
use serde_json::json;

use super::IdentityPolicy;
use crate::event::NewEvent;
use crate::id::{ExportId, UserId};
use crate::time::Instant;

crate::words! {
    /// How an export stands, as its owner sees it.
    pub enum ExportStatus {
        /// It is being gathered.
        Pending = "pending",
        /// It can be fetched.
        Ready = "ready",
        /// It could not be made: ask for another.
        Failed = "failed",
        /// It is deleted: it was kept for a week.
        Expired = "expired",
    }
}

/// How an export is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportState {
    /// It is being gathered.
    Pending,
    /// It is there.
    Ready {
        /// Size of the archive.
        bytes: i64,
        /// When it is deleted.
        expires_at: Instant,
    },
    /// It was given up.
    Failed,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// Whose.
    pub user_id: UserId,
    /// How it is kept; how it stands follows from that and from the time ([`Export::status`]).
    pub state: ExportState,
    /// When it was asked for.
    pub requested_at: Instant,
}

impl Export {
    /// Asks for one.
    pub fn request(id: ExportId, user_id: UserId, now: Timestamp) -> (Self, Vec<NewEvent>) {
        let event = NewEvent {
            kind: "export.requested",
            version: 1,
            aggregate_type: "export",
            aggregate_id: id.0,
            sequence: 1,
            data: json!({ "userId": user_id }),
        };
        (Self { id, user_id, state: ExportState::Pending, requested_at: now.into() }, vec![event])
    }

    /// How it stands at `now`. What was not made in time counts as failed, without anybody having to note it:
    /// the owner can ask for another, and whoever tries once more after all makes it ready.
    pub fn status(&self, now: Timestamp, policy: &IdentityPolicy) -> ExportStatus {
        match self.state {
            ExportState::Pending if self.requested_at.get() + policy.export_overdue <= now => {
                ExportStatus::Failed
            }
            ExportState::Pending => ExportStatus::Pending,
            ExportState::Ready { expires_at, .. } if expires_at.get() <= now => ExportStatus::Expired,
            ExportState::Ready { .. } => ExportStatus::Ready,
            ExportState::Failed => ExportStatus::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn requested() -> (Export, Vec<NewEvent>) {
        Export::request(ExportId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)), START)
    }

    #[test]
    fn its_event_names_the_owner_and_nothing_more() {
        let (_, events) = requested();
        assert_eq!((events[0].kind, events[0].sequence), ("export.requested", 1));
        assert_eq!(events[0].data, json!({ "userId": UserId(Uuid::from_u128(2)) }));
    }

    #[test]
    fn an_export_fails_by_itself_when_it_is_overdue_and_expires_when_it_was_kept_long_enough() {
        let policy = IdentityPolicy::default();
        let moment = SignedDuration::from_micros(1);
        let (mut export, _) = requested();
        let overdue = START + policy.export_overdue;
        assert_eq!(export.status(overdue - moment, &policy), ExportStatus::Pending);
        assert_eq!(export.status(overdue, &policy), ExportStatus::Failed);
        let expires = START + policy.export_kept;
        export.state = ExportState::Ready { bytes: 1, expires_at: expires.into() };
        assert_eq!(export.status(expires - moment, &policy), ExportStatus::Ready);
        assert_eq!(export.status(expires, &policy), ExportStatus::Expired);
        export.state = ExportState::Failed;
        assert_eq!(export.status(START, &policy), ExportStatus::Failed);
    }
}
