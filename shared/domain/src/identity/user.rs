//! The aggregate `User`.

use jiff::civil;
use serde_json::json;

use crate::email::Email;
use crate::event::NewEvent;
use crate::field::FieldErrors;
use crate::id::UserId;
use crate::role::Role;
use crate::text::Line;
use crate::time::{Date, ZoneName};

use super::IdentityPolicy;

crate::words! {
    /// What a person may sign up as. Staff are made by staff.
    pub enum SignUpRole {
        /// Wants to learn.
        Student = "student",
        /// Wants to teach.
        Tutor = "tutor",
    }
}

impl From<SignUpRole> for Role {
    fn from(role: SignUpRole) -> Self {
        match role {
            SignUpRole::Student => Self::Student,
            SignUpRole::Tutor => Self::Tutor,
        }
    }
}

crate::words! {
    /// State of an account.
    pub enum UserStatus {
        /// Waits for the emailed code.
        PendingVerification = "pending_verification",
        /// A child that waits for its parent.
        PendingConsent = "pending_consent",
        /// Can sign in.
        Active = "active",
        /// Can't, by a decision of an admin.
        Suspended = "suspended",
        /// Is no more.
        Erased = "erased",
    }
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Our id.
    pub id: UserId,
    /// Unique among all that aren't erased.
    pub email: Email,
    /// First name.
    pub first_name: Line<80>,
    /// Last name.
    pub last_name: Line<80>,
    /// What they act as.
    pub role: Role,
    /// State.
    pub status: UserStatus,
    /// Date of birth; staff have none.
    pub date_of_birth: Option<Date>,
    /// Where they live, for showing times.
    pub time_zone: ZoneName,
    /// BCP 47.
    pub locale: Line<35>,
    /// Number of the aggregate's last event.
    pub sequence: i64,
}

/// What somebody tells us to get an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// Email.
    pub email: Email,
    /// First name.
    pub first_name: Line<80>,
    /// Last name.
    pub last_name: Line<80>,
    /// Student or tutor.
    pub role: SignUpRole,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Time zone.
    pub time_zone: ZoneName,
    /// Language.
    pub locale: Line<35>,
}

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

/// What a staff account is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Appointment {
    /// Email.
    pub email: Email,
    /// First name.
    pub first_name: Line<80>,
    /// Last name.
    pub last_name: Line<80>,
    /// Admin or superadmin.
    pub role: StaffRole,
    /// Language.
    pub locale: Line<35>,
}

/// Why an account can't go where it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// It isn't waiting for a code.
    #[error("the account does not wait for its email to be verified")]
    NotPendingVerification,
    /// It can't sign in.
    #[error("the account is {}", .0.as_str())]
    NotActive(UserStatus),
}

impl Registration {
    /// Checks what depends on the day: the age. `today` is the date in UTC.
    ///
    /// A child can't register yet: the way with a parent's consent isn't built, and without consent nothing of
    /// a child may be kept (COPPA; product.md, Identity).
    pub fn check(&self, today: civil::Date, policy: IdentityPolicy) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        let birth = self.date_of_birth.get();
        let age = age_years(birth, today);
        match age {
            None => errors.push("dateOfBirth", "must be a date in the past, at most 120 years ago"),
            Some(age) if age < policy.child_below_years => errors.push(
                "dateOfBirth",
                format!(
                    "must be at least {} years ago: younger children can't register",
                    policy.child_below_years
                ),
            ),
            Some(age) if self.role == SignUpRole::Tutor && age < policy.tutor_from_years => errors.push(
                "dateOfBirth",
                format!("must be at least {} years ago: a tutor must be of age", policy.tutor_from_years),
            ),
            Some(_) => {}
        }
        errors.into_result()
    }
}

/// Whole years from birth to `today`; `None` for a birth in the future or more than 120 years ago.
fn age_years(birth: civil::Date, today: civil::Date) -> Option<u8> {
    if birth > today {
        return None;
    }
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    let years = today.year() - birth.year() - i16::from(!had_birthday);
    u8::try_from(years).ok().filter(|years| *years <= 120)
}

impl User {
    /// A new account that waits for the emailed code. The registration must have been checked.
    pub fn register(id: UserId, registration: Registration) -> (Self, Vec<NewEvent>) {
        let user = Self {
            id,
            email: registration.email,
            first_name: registration.first_name,
            last_name: registration.last_name,
            role: registration.role.into(),
            status: UserStatus::PendingVerification,
            date_of_birth: Some(registration.date_of_birth),
            time_zone: registration.time_zone,
            locale: registration.locale,
            sequence: 1,
        };
        let event = user.event("user.registered", 1, json!({ "role": user.role }));
        (user, vec![event])
    }

    /// A staff account, made by somebody entitled to: it is active at once, since the maker vouches for the
    /// email.
    pub fn appoint(id: UserId, appointment: Appointment) -> (Self, Vec<NewEvent>) {
        let mut user = Self {
            id,
            email: appointment.email,
            first_name: appointment.first_name,
            last_name: appointment.last_name,
            role: appointment.role.into(),
            status: UserStatus::Active,
            date_of_birth: None,
            time_zone: ZoneName::utc(),
            locale: appointment.locale,
            sequence: 0,
        };
        let registered = user.next_event("user.registered");
        let activated = user.next_event("user.activated");
        (user, vec![registered, activated])
    }

    /// The emailed code was right.
    pub fn verify_email(mut self) -> Result<(Self, Vec<NewEvent>), UserError> {
        if self.status != UserStatus::PendingVerification {
            return Err(UserError::NotPendingVerification);
        }
        self.status = UserStatus::Active;
        let verified = self.next_event("user.verified");
        let activated = self.next_event("user.activated");
        Ok((self, vec![verified, activated]))
    }

    /// The role for a token; only an active account gets one.
    pub fn role_for_token(&self) -> Result<Role, UserError> {
        match self.status {
            UserStatus::Active => Ok(self.role),
            status => Err(UserError::NotActive(status)),
        }
    }

    fn next_event(&mut self, kind: &'static str) -> NewEvent {
        self.sequence += 1;
        self.event(kind, self.sequence, json!({ "role": self.role }))
    }

    fn event(&self, kind: &'static str, sequence: i64, data: serde_json::Value) -> NewEvent {
        NewEvent { kind, version: 1, aggregate_type: "user", aggregate_id: self.id.0, sequence, data }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn registration(role: SignUpRole, birth: civil::Date) -> Registration {
        Registration {
            email: Email::parse("ada@example.org").unwrap(),
            first_name: Line::parse("Ada").unwrap(),
            last_name: Line::parse("Lovelace").unwrap(),
            role,
            date_of_birth: birth.into(),
            time_zone: ZoneName::utc(),
            locale: Line::parse("en").unwrap(),
        }
    }

    fn allowed(role: SignUpRole, birth: civil::Date, today: civil::Date) -> bool {
        registration(role, birth).check(today, IdentityPolicy::default()).is_ok()
    }

    #[test]
    fn ages_count_from_the_birthday_itself() {
        let today = civil::date(2026, 11, 21);
        assert!(allowed(SignUpRole::Student, civil::date(2013, 11, 21), today));
        assert!(!allowed(SignUpRole::Student, civil::date(2013, 11, 22), today));
        assert!(allowed(SignUpRole::Tutor, civil::date(2008, 11, 21), today));
        assert!(!allowed(SignUpRole::Tutor, civil::date(2008, 11, 22), today));
        assert!(!allowed(SignUpRole::Student, civil::date(2026, 11, 22), today));
        assert!(!allowed(SignUpRole::Student, civil::date(1905, 11, 20), today));
    }

    #[test]
    fn a_leap_day_birthday_counts_on_the_first_of_march() {
        let birth = civil::date(2008, 2, 29);
        assert!(!allowed(SignUpRole::Tutor, birth, civil::date(2026, 2, 28)));
        assert!(allowed(SignUpRole::Tutor, birth, civil::date(2026, 3, 1)));
    }

    #[test]
    fn an_email_is_verified_once() {
        let birth = civil::date(2000, 1, 1);
        let (user, events) =
            User::register(UserId(uuid::Uuid::nil()), registration(SignUpRole::Tutor, birth));
        assert_eq!(events[0].kind, "user.registered");
        assert_eq!(user.role_for_token(), Err(UserError::NotActive(UserStatus::PendingVerification)));
        let (user, events) = user.verify_email().unwrap();
        assert_eq!(
            events.iter().map(|e| (e.kind, e.sequence)).collect::<Vec<_>>(),
            [("user.verified", 2), ("user.activated", 3)]
        );
        assert_eq!((user.role_for_token(), user.sequence), (Ok(Role::Tutor), 3));
        assert_eq!(user.verify_email(), Err(UserError::NotPendingVerification));
    }

    proptest! {
        #[test]
        fn nobody_becomes_staff_by_signing_up(role in prop::sample::select(SignUpRole::ALL)) {
            prop_assert!(!Role::from(role).is_staff());
        }

        #[test]
        fn whoever_may_teach_may_learn(days in 0_i32..45_000) {
            let today = civil::date(2026, 11, 21);
            let birth = today.checked_sub(jiff::Span::new().days(days)).unwrap();
            prop_assert!(!allowed(SignUpRole::Tutor, birth, today) || allowed(SignUpRole::Student, birth, today));
        }
    }
}
