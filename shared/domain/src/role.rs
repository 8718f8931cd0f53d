//! Who a caller is.

use crate::id::UserId;

crate::words! {
    /// What a signed-in person acts as; in the access token.
    pub enum Role {
        /// Finds, books, pays, learns.
        Student = "student",
        /// Teaches and is paid.
        Tutor = "tutor",
        /// Keeps the place safe.
        Admin = "admin",
        /// Makes and unmakes admins.
        Superadmin = "superadmin",
    }
}

impl Role {
    /// Whether it may use the routes of administration. A superadmin is an admin too.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Admin | Self::Superadmin)
    }
}

/// A signed-in person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Our own id of the user.
    pub id: UserId,
    /// The role in the token.
    pub role: Role,
}

/// Who or what caused an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(UserId),
    /// The platform itself: a schedule, a consumer, a state machine. Carries the use case's name.
    System(String),
    /// Somebody without an account yet.
    Anonymous,
    /// A parent, by the secret link in a mail. Has no account, so there is no id.
    Guardian,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::System(name) => write!(f, "system:{name}"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::Guardian => f.write_str("guardian"),
        }
    }
}
