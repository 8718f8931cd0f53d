//! Access that ends before its token does: a suspended user, a session signed out of.
//!
//! An access token can't be taken back, so those that are not good any more are listed until they have
//! expired. `identity` decides; the event `access.revoked` takes the list to every context.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::event::NewEvent;
use crate::field::Invalid;
use crate::id::UserId;
use crate::time::Instant;

/// Whose access it is. Written `user:<id>` or `session:<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// All of a user's.
    User(UserId),
    /// That of one sign-in, through all its refreshes (the claim `origin_jti`).
    Session(Uuid),
}

impl Subject {
    /// Reads `user:<id>` or `session:<id>`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("must be user:<id> or session:<id>");
        let (kind, id) = text.split_once(':').ok_or_else(invalid)?;
        let id = Uuid::try_parse(id).map_err(|_| invalid())?;
        match kind {
            "user" => Ok(Self::User(UserId(id))),
            "session" => Ok(Self::Session(id)),
            _ => Err(invalid()),
        }
    }

    /// The id without the kind.
    pub const fn id(&self) -> Uuid {
        match self {
            Self::User(id) => id.0,
            Self::Session(id) => *id,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Session(id) => write!(f, "session:{id}"),
        }
    }
}

crate::text_value!(Subject, "Subject", {
    "type": "string", "pattern": "^(user|session):[0-9a-f-]{36}$", "description": "Whose access"
});

/// Tokens that are refused from now on. In JSON it is the `data` of `access.revoked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Whose.
    pub subject: Subject,
    /// Tokens with an older access version (the claim `access_version`) are refused.
    pub min_version: i64,
    /// When every such token has expired by itself, and the list may forget.
    pub kept_until: Instant,
}

impl Revocation {
    /// The least version that no token will ever have: all are refused. The largest whole number that every
    /// reader of JSON takes exactly (RFC 8259, section 6), and beyond any version.
    pub const EVERY_VERSION: i64 = (1 << 53) - 1;

    /// Every token of a user with an access version below `min_version`, which is the user's present one.
    /// Tokens are good for `token_life`, so a later one is of a newer version.
    pub fn user(id: UserId, min_version: i64, now: Timestamp, token_life: SignedDuration) -> Self {
        Self { subject: Subject::User(id), min_version, kept_until: after(now, token_life) }
    }

    /// Every token of a session, also those that a refresh would still give: so it is kept for
    /// `refresh_life`, as long as a refresh token is good.
    pub fn session(id: Uuid, now: Timestamp, refresh_life: SignedDuration) -> Self {
        let subject = Subject::Session(id);
        Self { subject, min_version: Self::EVERY_VERSION, kept_until: after(now, refresh_life) }
    }

    /// The event that tells every context. Its sequence rises with each revocation of the same subject: the
    /// version of a user, and 1 for a session, which is revoked once and for all.
    pub fn event(&self) -> NewEvent {
        let sequence = match self.subject {
            Subject::User(_) => self.min_version.max(1),
            Subject::Session(_) => 1,
        };
        NewEvent {
            kind: "access.revoked",
            version: 1,
            aggregate_type: "access",
            aggregate_id: self.subject.id(),
            sequence,
            data: json!({
                "subject": self.subject, "minVersion": self.min_version, "keptUntil": self.kept_until,
            }),
        }
    }
}

/// What would leave the calendar is kept for ever.
fn after(now: Timestamp, life: SignedDuration) -> Instant {
    now.checked_add(life).unwrap_or(Timestamp::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0193_b5a0_7c00_7000_8000_0000_0000_0003);

    fn now() -> Timestamp {
        "2027-01-31T17:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_revocation_is_read_from_its_event_as_it_was() {
        let minutes = SignedDuration::from_mins(15);
        for revocation in
            [Revocation::user(UserId(ID), 4, now(), minutes), Revocation::session(ID, now(), minutes)]
        {
            let event = revocation.event();
            assert_eq!(event.aggregate_id, ID);
            assert_eq!(serde_json::from_value::<Revocation>(event.data).unwrap(), revocation);
        }
    }

    #[test]
    fn a_users_event_is_numbered_by_the_version_and_a_sessions_is_the_only_one() {
        let life = SignedDuration::from_hours(24);
        let user = Revocation::user(UserId(ID), 4, now(), life).event();
        assert_eq!((user.sequence, &user.data["subject"]), (4, &json!(format!("user:{ID}"))));
        let session = Revocation::session(ID, now(), life).event();
        assert_eq!((session.sequence, &session.data["minVersion"]), (1, &json!(9_007_199_254_740_991_i64)));
        assert_eq!(session.data["keptUntil"], "2027-02-01T17:00:00Z");
    }

    #[test]
    fn a_subject_is_a_user_or_a_session() {
        for text in [format!("user:{ID}"), format!("session:{ID}")] {
            assert_eq!(Subject::parse(&text).unwrap().to_string(), text);
        }
        for text in ["", "user", "user:", "user:ada", &format!("tutor:{ID}"), &ID.to_string()] {
            assert!(Subject::parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn a_life_beyond_the_calendar_is_for_ever() {
        let revocation = Revocation::session(ID, now(), SignedDuration::MAX);
        assert_eq!(revocation.kept_until, Instant::new(Timestamp::MAX));
    }
}
