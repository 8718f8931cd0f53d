//! People who are made by others: staff, and users that a service brings along.

use crate::email::Email;
use crate::role::Role;
use crate::text::Line;
use crate::time::ZoneName;

crate::words! {
    /// What a member of staff may be.
    pub enum StaffRole {
        /// Keeps the place safe.
        Admin = "admin",
        /// Makes and unmakes admins.
        Superadmin = "superadmin",
    }
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Admin => Self::Admin,
            StaffRole::Superadmin => Self::Superadmin,
        }
    }
}

/// What an account is made of that somebody else makes. They vouch for the email and that the person is of age.
#[derive(Clone, Debug, PartialEq)]
pub struct Appointment {
    /// Email.
    pub email: Email,
    /// First name.
    pub first_name: Line<80>,
    /// Last name.
    pub last_name: Line<80>,
    /// What they will be.
    pub role: Role,
    /// Time zone.
    pub time_zone: ZoneName,
    /// Language.
    pub locale: Line<35>,
}

impl Appointment {
    /// Of somebody who told neither zone nor language: UTC, English.
    pub fn of(email: Email, first_name: Line<80>, last_name: Line<80>, role: Role) -> Self {
        let (time_zone, locale) = (ZoneName::utc(), super::user::default_locale());
        Self { email, first_name, last_name, role, time_zone, locale }
    }

    /// With zone and language, where they were told.
    #[must_use]
    pub fn living(mut self, time_zone: Option<ZoneName>, locale: Option<Line<35>>) -> Self {
        self.time_zone = time_zone.unwrap_or(self.time_zone);
        self.locale = locale.unwrap_or(self.locale);
        self
    }
}
