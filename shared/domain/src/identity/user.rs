//! The aggregate `User`.

use jiff::{Timestamp, civil};
use serde_json::{Value, json};

use crate::email::Email;
use crate::event::NewEvent;
use crate::field::FieldErrors;
use crate::id::UserId;
use crate::role::{Person, Role};
use crate::text::{Line, Prose};
use crate::time::{Date, Instant, ZoneName};

use super::profile::SKILLS_MAX;
use super::{AgeGroup, Appointment, Avatar, ConsentScope, IdentityPolicy, ProfileChanges, Registration};

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

/// Why an account is suspended, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspension {
    /// The admin who decided.
    pub by: UserId,
    /// Why; for admins alone.
    pub reason: Prose<1000>,
    /// When it ends by itself; `None` for one that an admin must end.
    pub until: Option<Instant>,
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Our id.
    pub id: UserId,
    /// Unique among all that aren't erased.
    pub email: Email,
    /// A minor's parent.
    pub parent_email: Option<Email>,
    /// First name.
    pub first_name: Line<80>,
    /// Last name; a child has none before its parent's consent.
    pub last_name: Option<Line<80>>,
    /// What they act as.
    pub role: Role,
    /// State.
    pub status: UserStatus,
    /// Date of birth; who was appointed has none, and counts as of age.
    pub date_of_birth: Option<Date>,
    /// Where they live, for showing times.
    pub time_zone: ZoneName,
    /// BCP 47.
    pub locale: Line<35>,
    /// A few words about themselves.
    pub bio: Option<Prose<2000>>,
    /// Skills.
    pub skills: Vec<Line<60>>,
    /// Picture.
    pub avatar: Option<Avatar>,
    /// What a child's parent consented to; empty for everybody else.
    pub consent: Vec<ConsentScope>,
    /// While suspended.
    pub suspension: Option<Suspension>,
    /// Goes into each access token. When it rises, every token made before is worth nothing.
    pub access_version: i64,
    /// When the account began.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Number of the aggregate's last event or change.
    pub sequence: i64,
}

/// Why an account can't go where it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// It is in a state in which this can't be done.
    #[error("the account is {}", .0.as_str())]
    WrongStatus(UserStatus),
    /// It has this role already.
    #[error("the user is {} already", .0.as_str())]
    SameRole(Role),
    /// Not this person's to do.
    #[error("this takes a superadmin, and never concerns oneself")]
    NotYours,
    /// A minor can't teach and can't be staff.
    #[error("the user is not of age")]
    NotOfAge,
    /// A suspension ends after it begins.
    #[error("the suspension would have ended already")]
    EndsInThePast,
}

/// What a command gives: the account as it is then, and what happened.
pub type Changed = (User, Vec<NewEvent>);

impl User {
    /// A new account that waits for the emailed code. The registration must have been checked and cut down to
    /// what may be kept ([`Registration::minimal`]).
    pub fn register(id: UserId, registration: Registration, now: Timestamp) -> Changed {
        let mut user = Self {
            id,
            email: registration.email,
            parent_email: registration.parent_email,
            first_name: registration.first_name,
            last_name: registration.last_name,
            role: registration.role.into(),
            status: UserStatus::PendingVerification,
            date_of_birth: Some(registration.date_of_birth),
            time_zone: registration.time_zone.unwrap_or_else(ZoneName::utc),
            locale: registration.locale.unwrap_or_else(default_locale),
            bio: None,
            skills: Vec::new(),
            avatar: None,
            consent: Vec::new(),
            suspension: None,
            access_version: 1,
            created_at: now.into(),
            updated_at: now.into(),
            sequence: 0,
        };
        let event = user.changed("user.registered", now);
        (user, vec![event])
    }

    /// An account made by somebody entitled to: it is active at once, since the maker vouches for the email and
    /// for the age.
    pub fn appoint(id: UserId, appointment: Appointment, now: Timestamp) -> Changed {
        let (mut user, mut events) = Self::begin_appointment(id, appointment, now);
        user.status = UserStatus::Active;
        events.push(user.changed("user.activated", now));
        (user, events)
    }

    /// The first half of [`Self::appoint`], for whoever has to make the account in the user pool in between: it
    /// waits like one whose email isn't verified, and like that is erased should nobody go on.
    pub fn begin_appointment(id: UserId, appointment: Appointment, now: Timestamp) -> Changed {
        let mut user = Self {
            id,
            email: appointment.email,
            parent_email: None,
            first_name: appointment.first_name,
            last_name: Some(appointment.last_name),
            role: appointment.role,
            status: UserStatus::PendingVerification,
            date_of_birth: None,
            time_zone: appointment.time_zone,
            locale: appointment.locale,
            bio: None,
            skills: Vec::new(),
            avatar: None,
            consent: Vec::new(),
            suspension: None,
            access_version: 1,
            created_at: now.into(),
            updated_at: now.into(),
            sequence: 0,
        };
        let event = user.changed("user.registered", now);
        (user, vec![event])
    }

    /// Whether it was begun by [`Self::begin_appointment`] and nobody went on yet. Whoever signs up says when they
    /// were born.
    pub fn is_being_appointed(&self) -> bool {
        self.status == UserStatus::PendingVerification && self.date_of_birth.is_none()
    }

    /// The second half of [`Self::appoint`]. What is said now counts: it may not be the request that began.
    pub fn finish_appointment(
        mut self,
        appointment: Appointment,
        now: Timestamp,
    ) -> Result<Changed, UserError> {
        if !self.is_being_appointed() {
            return Err(UserError::WrongStatus(self.status));
        }
        self.first_name = appointment.first_name;
        self.last_name = Some(appointment.last_name);
        self.role = appointment.role;
        self.time_zone = appointment.time_zone;
        self.locale = appointment.locale;
        self.status = UserStatus::Active;
        let event = self.changed("user.activated", now);
        Ok((self, vec![event]))
    }

    /// The group of their age on the day `today`. Who was appointed is of age.
    pub fn age_group(&self, today: civil::Date, policy: &IdentityPolicy) -> AgeGroup {
        let group = self.date_of_birth.map(|birth| AgeGroup::of(birth, today, policy));
        // A birth date that was valid once and isn't now can only be one of more than 120 years ago.
        group.flatten().unwrap_or(AgeGroup::Adult)
    }

    /// The emailed code was right. A child waits for its parent then, everybody else is active.
    pub fn verify_email(mut self, now: Timestamp, policy: &IdentityPolicy) -> Result<Changed, UserError> {
        self.must_be(UserStatus::PendingVerification)?;
        let mut events = vec![self.changed("user.verified", now)];
        if self.age_group(date_utc(now), policy) == AgeGroup::Child {
            self.status = UserStatus::PendingConsent;
        } else {
            self.status = UserStatus::Active;
            events.push(self.changed("user.activated", now));
        }
        Ok((self, events))
    }

    /// The parent consented to `scopes`, or changed them.
    pub fn consented(mut self, scopes: &[ConsentScope], now: Timestamp) -> Result<Changed, UserError> {
        self.consent = scopes.to_vec();
        match self.status {
            UserStatus::PendingConsent => {
                self.status = UserStatus::Active;
                let event = self.changed("user.activated", now);
                Ok((self, vec![event]))
            }
            UserStatus::Active | UserStatus::Suspended => {
                self.touch(now);
                Ok((self, Vec::new()))
            }
            status => Err(UserError::WrongStatus(status)),
        }
    }

    /// The role for a token; only an active account gets one.
    pub fn role_for_token(&self) -> Result<Role, UserError> {
        self.must_be(UserStatus::Active)?;
        Ok(self.role)
    }

    /// Changes what the person tells of themselves. Names every field that can't be changed like this.
    pub fn update(
        mut self,
        changes: ProfileChanges,
        now: Timestamp,
        policy: &IdentityPolicy,
    ) -> Result<Changed, FieldErrors> {
        let mut errors = FieldErrors::default();
        if let Some(parent) = &changes.parent_email {
            match self.age_group(date_utc(now), policy) {
                AgeGroup::Adult => errors
                    .push("parentEmail", format!("is only for people under {}", policy.adult_from_years)),
                // Whoever has consented is the parent; another can't be put in their place by the child.
                AgeGroup::Child => errors.push("parentEmail", "can't be changed by a child"),
                AgeGroup::Teen if *parent == self.email => {
                    errors.push("parentEmail", "must differ from your own email");
                }
                AgeGroup::Teen => {}
            }
        }
        if changes.skills.as_ref().is_some_and(|skills| skills.len() > SKILLS_MAX) {
            errors.push("skills", format!("must have at most {SKILLS_MAX} items"));
        }
        errors.into_result()?;
        let fields = changes.fields();
        if fields.is_empty() {
            return Ok((self, Vec::new()));
        }
        self.first_name = changes.first_name.unwrap_or(self.first_name);
        self.last_name = changes.last_name.or(self.last_name);
        self.time_zone = changes.time_zone.unwrap_or(self.time_zone);
        self.locale = changes.locale.unwrap_or(self.locale);
        self.bio = changes.bio.unwrap_or(self.bio);
        self.skills = changes.skills.unwrap_or(self.skills);
        self.avatar = changes.avatar.unwrap_or(self.avatar);
        self.parent_email = changes.parent_email.or(self.parent_email);
        let event = self.event_with("user.profile_updated", now, json!({ "fields": fields }));
        Ok((self, vec![event]))
    }

    /// Ends every session: a password was changed, or the person wants out everywhere.
    pub fn end_sessions(mut self, now: Timestamp) -> Result<Self, UserError> {
        if self.status == UserStatus::Erased {
            return Err(UserError::WrongStatus(UserStatus::Erased));
        }
        self.access_version += 1;
        self.touch(now);
        Ok(self)
    }

    /// An admin suspends the account, for good or until a moment in the future.
    pub fn suspend(
        mut self,
        admin: Person,
        reason: Prose<1000>,
        until: Option<Instant>,
        now: Timestamp,
    ) -> Result<Changed, UserError> {
        self.must_be_administered_by(admin)?;
        self.must_be(UserStatus::Active)?;
        if until.is_some_and(|until| until.get() <= now) {
            return Err(UserError::EndsInThePast);
        }
        self.status = UserStatus::Suspended;
        self.access_version += 1;
        let event = self.event_with("user.suspended", now, json!({ "role": self.role, "until": until }));
        self.suspension = Some(Suspension { by: admin.id, reason, until });
        Ok((self, vec![event]))
    }

    /// An admin ends the suspension.
    pub fn reinstate(self, admin: Person, now: Timestamp) -> Result<Changed, UserError> {
        self.must_be_administered_by(admin)?;
        self.end_suspension(now)
    }

    /// The suspension's own time is over. Nothing happens to one that has none, or still runs.
    pub fn lift_suspension(self, now: Timestamp) -> Option<Changed> {
        let until = self.suspension.as_ref()?.until?;
        if until.get() > now { None } else { self.end_suspension(now).ok() }
    }

    fn end_suspension(mut self, now: Timestamp) -> Result<Changed, UserError> {
        self.must_be(UserStatus::Suspended)?;
        self.status = UserStatus::Active;
        self.suspension = None;
        let event = self.changed("user.reinstated", now);
        Ok((self, vec![event]))
    }

    /// An admin makes the user something else: student or tutor; a superadmin also admin or superadmin.
    pub fn change_role(
        self,
        admin: Person,
        role: Role,
        now: Timestamp,
        policy: &IdentityPolicy,
    ) -> Result<Changed, UserError> {
        self.must_be_administered_by(admin)?;
        if role.is_staff() && admin.role != Role::Superadmin {
            return Err(UserError::NotYours);
        }
        self.become_role(role, now, policy)
    }

    /// A student begins to teach (product.md: one account, both profiles).
    pub fn become_tutor(self, now: Timestamp, policy: &IdentityPolicy) -> Result<Changed, UserError> {
        if self.role.is_staff() {
            return Err(UserError::NotYours);
        }
        self.become_role(Role::Tutor, now, policy)
    }

    fn become_role(
        mut self,
        role: Role,
        now: Timestamp,
        policy: &IdentityPolicy,
    ) -> Result<Changed, UserError> {
        self.must_be(UserStatus::Active)?;
        if role == self.role {
            return Err(UserError::SameRole(role));
        }
        if role != Role::Student && self.age_group(date_utc(now), policy).is_minor() {
            return Err(UserError::NotOfAge);
        }
        let from = std::mem::replace(&mut self.role, role);
        self.access_version += 1;
        let event = self.event_with("user.role_changed", now, json!({ "from": from, "to": role }));
        Ok((self, vec![event]))
    }

    /// Ends the account. What is personal goes with the row's update (`store::users::erase`); here the state
    /// changes, once: an erased account can't be erased again.
    pub fn erase(mut self, now: Timestamp) -> Result<Changed, UserError> {
        if self.status == UserStatus::Erased {
            return Err(UserError::WrongStatus(UserStatus::Erased));
        }
        self.status = UserStatus::Erased;
        self.suspension = None;
        self.access_version += 1;
        let event = self.changed("user.erased", now);
        Ok((self, vec![event]))
    }

    /// Admins look after students and tutors, superadmins after everybody; nobody after themselves.
    fn must_be_administered_by(&self, admin: Person) -> Result<(), UserError> {
        let entitled = match admin.role {
            Role::Superadmin => true,
            Role::Admin => !self.role.is_staff(),
            Role::Student | Role::Tutor => false,
        };
        if entitled && admin.id != self.id { Ok(()) } else { Err(UserError::NotYours) }
    }

    fn must_be(&self, status: UserStatus) -> Result<(), UserError> {
        if self.status == status { Ok(()) } else { Err(UserError::WrongStatus(self.status)) }
    }

    fn touch(&mut self, now: Timestamp) {
        self.sequence += 1;
        self.updated_at = now.into();
    }

    fn changed(&mut self, kind: &'static str, now: Timestamp) -> NewEvent {
        self.event_with(kind, now, json!({ "role": self.role }))
    }

    fn event_with(&mut self, kind: &'static str, now: Timestamp, data: Value) -> NewEvent {
        self.touch(now);
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "user",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}

fn date_utc(now: Timestamp) -> civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// English: what a person gets who doesn't say.
#[expect(clippy::expect_used, reason = "a constant that the tests read")]
pub(super) fn default_locale() -> Line<35> {
    Line::parse("en").expect("a language")
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
