//! What somebody tells us to get an account, and who may have one (product.md, Identity).

use jiff::civil;

use crate::email::Email;
use crate::field::FieldErrors;
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
    /// What the law lets a person decide alone.
    pub enum AgeGroup {
        /// Under 13: a parent must consent (COPPA).
        Child = "child",
        /// 13 to 17: a parent's email is needed before the first payment.
        Teen = "teen",
        /// Of age.
        Adult = "adult",
    }
}

impl AgeGroup {
    /// The group of somebody born on `birth`, on the day `today`; `None` for a birth in the future or more than
    /// 120 years ago. Birthdays on 29 February count on 1 March in other years.
    pub fn of(birth: Date, today: civil::Date, policy: &IdentityPolicy) -> Option<Self> {
        let years = age_years(birth.get(), today)?;
        Some(match years {
            years if years < policy.child_below_years => Self::Child,
            years if years < policy.adult_from_years => Self::Teen,
            _ => Self::Adult,
        })
    }

    /// Whether a parent has a say.
    pub const fn is_minor(self) -> bool {
        matches!(self, Self::Child | Self::Teen)
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

/// What somebody tells us to get an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// Email.
    pub email: Email,
    /// A minor's parent.
    pub parent_email: Option<Email>,
    /// First name.
    pub first_name: Line<80>,
    /// Last name; everybody's but a child's.
    pub last_name: Option<Line<80>>,
    /// Student or tutor.
    pub role: SignUpRole,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Time zone; UTC when it isn't told.
    pub time_zone: Option<ZoneName>,
    /// Language (BCP 47); English when it isn't told.
    pub locale: Option<Line<35>>,
}

impl Registration {
    /// Checks what depends on the day, the age above all; names every wrong field. `today` is the date in UTC.
    pub fn check(&self, today: civil::Date, policy: &IdentityPolicy) -> Result<AgeGroup, FieldErrors> {
        let mut errors = FieldErrors::default();
        let group = AgeGroup::of(self.date_of_birth, today, policy);
        match group {
            None => errors.push("dateOfBirth", "must be a date in the past, at most 120 years ago"),
            Some(AgeGroup::Child | AgeGroup::Teen) if self.role == SignUpRole::Tutor => errors.push(
                "dateOfBirth",
                format!("must be at least {} years ago: a tutor must be of age", policy.adult_from_years),
            ),
            Some(_) => {}
        }
        match (&self.parent_email, group) {
            (None, Some(AgeGroup::Child)) => {
                errors.push(
                    "parentEmail",
                    format!("is required under {}: a parent must consent", policy.child_below_years),
                );
            }
            (Some(_), Some(AgeGroup::Adult)) => {
                errors.push("parentEmail", format!("is only for people under {}", policy.adult_from_years));
            }
            (Some(parent), _) if *parent == self.email => {
                errors.push("parentEmail", "must differ from the child's own email");
            }
            _ => {}
        }
        if self.last_name.is_none() && group != Some(AgeGroup::Child) {
            errors.push("lastName", "is required");
        }
        match group {
            Some(group) if errors.0.is_empty() => Ok(group),
            _ => Err(errors),
        }
    }

    /// What may be kept of it. Of a child, before its parent's consent: first name, birth date and the two
    /// emails, nothing else (COPPA; product.md, Identity).
    #[must_use]
    pub fn minimal(self, group: AgeGroup) -> Self {
        match group {
            AgeGroup::Child => Self { last_name: None, time_zone: None, locale: None, ..self },
            AgeGroup::Teen | AgeGroup::Adult => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: civil::Date = civil::date(2026, 11, 21);

    fn registration(role: SignUpRole, birth: civil::Date) -> Registration {
        Registration {
            email: Email::parse("ada@example.org").unwrap(),
            parent_email: None,
            first_name: Line::parse("Ada").unwrap(),
            last_name: Some(Line::parse("Lovelace").unwrap()),
            role,
            date_of_birth: birth.into(),
            time_zone: Some(ZoneName::parse("Europe/London").unwrap()),
            locale: None,
        }
    }

    fn group(birth: civil::Date, today: civil::Date) -> Option<AgeGroup> {
        AgeGroup::of(birth.into(), today, &IdentityPolicy::default())
    }

    fn wrong_fields(registration: &Registration) -> Vec<String> {
        let checked = registration.check(TODAY, &IdentityPolicy::default());
        checked.err().map(|e| e.0.into_iter().map(|e| e.field).collect()).unwrap_or_default()
    }

    #[test]
    fn ages_count_from_the_birthday_itself() {
        assert_eq!(group(civil::date(2013, 11, 22), TODAY), Some(AgeGroup::Child));
        assert_eq!(group(civil::date(2013, 11, 21), TODAY), Some(AgeGroup::Teen));
        assert_eq!(group(civil::date(2008, 11, 22), TODAY), Some(AgeGroup::Teen));
        assert_eq!(group(civil::date(2008, 11, 21), TODAY), Some(AgeGroup::Adult));
        assert_eq!(group(civil::date(2026, 11, 22), TODAY), None);
        assert_eq!(group(civil::date(1905, 11, 20), TODAY), None);
    }

    #[test]
    fn a_leap_day_birthday_counts_on_the_first_of_march() {
        let birth = civil::date(2008, 2, 29);
        assert_eq!(group(birth, civil::date(2026, 2, 28)), Some(AgeGroup::Teen));
        assert_eq!(group(birth, civil::date(2026, 3, 1)), Some(AgeGroup::Adult));
    }

    #[test]
    fn a_child_needs_a_parent_with_another_email_and_no_last_name() {
        let child =
            Registration { last_name: None, ..registration(SignUpRole::Student, civil::date(2016, 1, 1)) };
        assert_eq!(wrong_fields(&child), ["parentEmail"]);
        let own = Registration { parent_email: Some(child.email.clone()), ..child.clone() };
        assert_eq!(wrong_fields(&own), ["parentEmail"]);
        let parent = Email::parse("byron@example.org").unwrap();
        assert!(wrong_fields(&Registration { parent_email: Some(parent), ..child }).is_empty());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let tutor = Registration {
            last_name: None,
            parent_email: Some(Email::parse("ada@example.org").unwrap()),
            ..registration(SignUpRole::Tutor, civil::date(2010, 1, 1))
        };
        assert_eq!(wrong_fields(&tutor), ["dateOfBirth", "parentEmail", "lastName"]);
    }

    #[test]
    fn an_adult_names_no_parent() {
        let adult = Registration {
            parent_email: Some(Email::parse("byron@example.org").unwrap()),
            ..registration(SignUpRole::Student, civil::date(2000, 1, 1))
        };
        assert_eq!(wrong_fields(&adult), ["parentEmail"]);
    }

    #[test]
    fn of_a_child_only_the_least_is_kept() {
        let child = registration(SignUpRole::Student, civil::date(2016, 1, 1)).minimal(AgeGroup::Child);
        assert_eq!((child.last_name, child.time_zone, child.locale), (None, None, None));
        let teen = registration(SignUpRole::Student, civil::date(2012, 1, 1));
        assert_eq!(teen.clone().minimal(AgeGroup::Teen), teen);
    }

    proptest! {
        #[test]
        fn nobody_becomes_staff_by_signing_up(role in prop::sample::select(SignUpRole::ALL)) {
            prop_assert!(!Role::from(role).is_staff());
        }

        #[test]
        fn nobody_grows_younger(days in 0_i32..43_000, later in 0_i32..800) {
            let birth = TODAY.checked_sub(jiff::Span::new().days(days)).unwrap();
            let then = TODAY.checked_add(jiff::Span::new().days(later)).unwrap();
            let order = |g: Option<AgeGroup>| g.map(|g| AgeGroup::ALL.iter().position(|a| *a == g));
            prop_assert!(order(group(birth, TODAY)) <= order(group(birth, then)));
        }

        #[test]
        fn a_tutor_is_of_age(days in 0_i32..43_000) {
            let birth = TODAY.checked_sub(jiff::Span::new().days(days)).unwrap();
            let allowed = wrong_fields(&registration(SignUpRole::Tutor, birth)).is_empty();
            prop_assert_eq!(allowed, group(birth, TODAY) == Some(AgeGroup::Adult));
        }
    }
}
