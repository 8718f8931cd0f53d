//! Typed identifiers: UUIDv7, so that they sort by time of creation, and one Rust type for each kind of thing,
//! so that a lesson's id can't be given where a user's is wanted.

use jiff::Timestamp;
use uuid::Uuid;

/// Makes a UUIDv7 from a moment and ten random bytes. The caller brings both: the domain has no clock and no
/// randomness.
pub fn uuid_v7(at: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Declares one kind of id.
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// Reads the usual form with hyphens.
            pub fn parse(text: &str) -> Result<Self, $crate::field::Invalid> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| $crate::field::Invalid::new("must be a UUID"))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        $crate::text_value!($name, stringify!($name), { "type": "string", "format": "uuid" });
    };
}

id_type!(
    /// A person with an account. Also the id of a tutor: one account, both profiles.
    UserId
);
id_type!(
    /// A submission of a tutor's profile for verification.
    VerificationId
);
id_type!(
    /// A lesson.
    LessonId
);
id_type!(
    /// A payment.
    PaymentId
);
id_type!(
    /// A payout to a tutor's bank.
    PayoutId
);
id_type!(
    /// A payer's complaint to their bank about a payment.
    DisputeId
);
id_type!(
    /// A domain event.
    EventId
);
id_type!(
    /// A parent's consent.
    ConsentId
);
id_type!(
    /// A session: the user pool's `origin_jti`, the same in every access token of one sign-in.
    SessionId
);
id_type!(
    /// A download of everything that is held on a person.
    ExportId
);
id_type!(
    /// A tutor's change of the hours of one date.
    OverrideId
);
id_type!(
    /// A file that a tutor hands in for verification.
    DocumentId
);
id_type!(
    /// A tutor's photo.
    PhotoId
);
id_type!(
    /// What a student looks for in a tutor, with the tutors that were found.
    MatchRequestId
);
id_type!(
    /// A student's question to one of those tutors whether to teach.
    InvitationId
);
id_type!(
    /// A difference between the ledger and Stripe.
    DifferenceId
);
