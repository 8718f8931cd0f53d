use proptest::prelude::*;

use super::*;
use crate::identity::SignUpRole;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn policy() -> IdentityPolicy {
    IdentityPolicy::default()
}

fn registered(role: SignUpRole, birth: civil::Date) -> User {
    let registration = Registration {
        email: Email::parse("ada@example.org").unwrap(),
        parent_email: None,
        first_name: Line::parse("Ada").unwrap(),
        last_name: Some(Line::parse("Lovelace").unwrap()),
        role,
        date_of_birth: birth.into(),
        time_zone: None,
        locale: None,
    };
    User::register(UserId(uuid::Uuid::nil()), registration, now()).0
}

fn active(role: SignUpRole) -> User {
    registered(role, civil::date(2000, 1, 1)).verify_email(now(), &policy()).unwrap().0
}

fn staff(role: Role) -> User {
    let name = || Line::parse("Ada").unwrap();
    let appointment = Appointment::of(Email::parse("ada@example.org").unwrap(), name(), name(), role);
    User::appoint(UserId(uuid::Uuid::nil()), appointment, now()).0
}

fn by(role: Role) -> Person {
    Person { id: UserId(uuid::Uuid::max()), role }
}

fn reason() -> Prose<1000> {
    Prose::parse("Broke the rules").unwrap()
}

fn kinds(events: &[NewEvent]) -> Vec<(&'static str, i64)> {
    events.iter().map(|e| (e.kind, e.sequence)).collect()
}

#[test]
fn an_email_is_verified_once() {
    let user = registered(SignUpRole::Tutor, civil::date(2000, 1, 1));
    assert_eq!(user.role_for_token(), Err(UserError::WrongStatus(UserStatus::PendingVerification)));
    let (user, events) = user.verify_email(now(), &policy()).unwrap();
    assert_eq!(kinds(&events), [("user.verified", 2), ("user.activated", 3)]);
    assert_eq!((user.role_for_token(), user.sequence), (Ok(Role::Tutor), 3));
    assert_eq!(user.verify_email(now(), &policy()), Err(UserError::WrongStatus(UserStatus::Active)));
}

#[test]
fn a_child_waits_for_its_parent() {
    let child = registered(SignUpRole::Student, civil::date(2016, 1, 1));
    let (child, events) = child.verify_email(now(), &policy()).unwrap();
    assert_eq!(kinds(&events), [("user.verified", 2)]);
    assert_eq!(child.role_for_token(), Err(UserError::WrongStatus(UserStatus::PendingConsent)));
    let (child, events) = child.consented(&[ConsentScope::Collection], now()).unwrap();
    assert_eq!(kinds(&events), [("user.activated", 3)]);
    assert_eq!(child.role_for_token(), Ok(Role::Student));
    let scopes = [ConsentScope::Collection, ConsentScope::Recording];
    let (child, events) = child.consented(&scopes, now()).unwrap();
    assert_eq!((child.consent.as_slice(), events.len()), (scopes.as_slice(), 0));
}

#[test]
fn a_suspension_ends_every_token_and_then_by_itself() {
    let until = Instant::from(now() + jiff::SignedDuration::from_hours(1));
    let user = active(SignUpRole::Student);
    let version = user.access_version;
    let (user, events) = user.suspend(by(Role::Admin), reason(), Some(until), now()).unwrap();
    assert_eq!(events[0].kind, "user.suspended");
    assert!(user.access_version > version && user.role_for_token().is_err());
    assert!(user.clone().lift_suspension(now()).is_none());
    let (user, events) = user.lift_suspension(until.get()).unwrap();
    assert_eq!((events[0].kind, user.status), ("user.reinstated", UserStatus::Active));
    assert!(user.suspension.is_none());
}

#[test]
fn a_suspension_without_an_end_is_ended_by_an_admin() {
    let (user, _) = active(SignUpRole::Tutor).suspend(by(Role::Admin), reason(), None, now()).unwrap();
    let later = now() + jiff::SignedDuration::from_hours(10_000);
    assert!(user.clone().lift_suspension(later).is_none());
    assert!(user.clone().reinstate(by(Role::Student), now()).is_err());
    let (user, _) = user.reinstate(by(Role::Admin), now()).unwrap();
    assert_eq!(user.reinstate(by(Role::Admin), now()), Err(UserError::WrongStatus(UserStatus::Active)));
}

#[test]
fn a_suspension_ends_after_it_begins() {
    let user = active(SignUpRole::Student);
    let outcome = user.suspend(by(Role::Admin), reason(), Some(now().into()), now());
    assert_eq!(outcome, Err(UserError::EndsInThePast));
}

#[test]
fn staff_is_made_and_unmade_by_superadmins_alone() {
    let make = |by_role, to| active(SignUpRole::Student).change_role(by(by_role), to, now(), &policy());
    for to in [Role::Admin, Role::Superadmin] {
        assert_eq!(make(Role::Admin, to), Err(UserError::NotYours));
        assert!(make(Role::Superadmin, to).is_ok());
    }
    assert!(make(Role::Admin, Role::Tutor).is_ok());
    let unmake = |by_role| staff(Role::Admin).change_role(by(by_role), Role::Student, now(), &policy());
    assert_eq!(unmake(Role::Admin), Err(UserError::NotYours));
    assert!(unmake(Role::Superadmin).is_ok());
}

#[test]
fn a_role_changes_only_while_active_and_never_to_itself() {
    let outcome = active(SignUpRole::Tutor).change_role(by(Role::Admin), Role::Tutor, now(), &policy());
    assert_eq!(outcome, Err(UserError::SameRole(Role::Tutor)));
    let (suspended, _) = active(SignUpRole::Tutor).suspend(by(Role::Admin), reason(), None, now()).unwrap();
    let outcome = suspended.change_role(by(Role::Admin), Role::Student, now(), &policy());
    assert_eq!(outcome, Err(UserError::WrongStatus(UserStatus::Suspended)));
}

#[test]
fn a_minor_neither_teaches_nor_becomes_staff() {
    let teen = registered(SignUpRole::Student, civil::date(2010, 1, 1));
    let (teen, _) = teen.verify_email(now(), &policy()).unwrap();
    assert_eq!(teen.clone().become_tutor(now(), &policy()), Err(UserError::NotOfAge));
    let outcome = teen.change_role(by(Role::Superadmin), Role::Admin, now(), &policy());
    assert_eq!(outcome, Err(UserError::NotOfAge));
    let (tutor, events) = active(SignUpRole::Student).become_tutor(now(), &policy()).unwrap();
    assert_eq!((tutor.role, events[0].kind), (Role::Tutor, "user.role_changed"));
}

#[test]
fn an_account_is_erased_once() {
    let (erased, events) = active(SignUpRole::Student).erase(now()).unwrap();
    assert_eq!(events[0].kind, "user.erased");
    assert_eq!(erased.erase(now()), Err(UserError::WrongStatus(UserStatus::Erased)));
}

#[test]
fn a_teen_names_a_parent_and_nobody_else_does() {
    let parent = || ProfileChanges {
        parent_email: Some(Email::parse("byron@example.org").unwrap()),
        ..ProfileChanges::default()
    };
    let born = |year| registered(SignUpRole::Student, civil::date(year, 1, 1));
    let teen = born(2010).update(parent(), now(), &policy()).unwrap().0;
    assert_eq!(teen.parent_email.unwrap().as_str(), "byron@example.org");
    for year in [2016, 2000] {
        let refused = born(year).update(parent(), now(), &policy()).unwrap_err();
        assert_eq!(refused.0[0].field, "parentEmail");
    }
    let own = ProfileChanges { parent_email: Some(born(2010).email), ..ProfileChanges::default() };
    assert_eq!(born(2010).update(own, now(), &policy()).unwrap_err().0[0].field, "parentEmail");
}

#[test]
fn a_change_names_its_fields_and_not_their_values() {
    let changes = ProfileChanges {
        first_name: Some(Line::parse("Augusta").unwrap()),
        bio: Some(None),
        ..ProfileChanges::default()
    };
    let (user, events) = active(SignUpRole::Student).update(changes, now(), &policy()).unwrap();
    assert_eq!(events[0].data, json!({ "fields": ["firstName", "bio"] }));
    let (same, events) = user.clone().update(ProfileChanges::default(), now(), &policy()).unwrap();
    assert_eq!((same, events.len()), (user, 0));
}

proptest! {
    /// Nobody administers themselves, and only a superadmin administers staff.
    #[test]
    fn admins_keep_to_students_and_tutors(
        actor in prop::sample::select(Role::ALL), target in prop::sample::select(Role::ALL), own in any::<bool>()
    ) {
        let user = staff(target);
        let id = if own { user.id } else { UserId(uuid::Uuid::max()) };
        let allowed = user.suspend(Person { id, role: actor }, reason(), None, now()).is_ok();
        let entitled = match actor {
            Role::Superadmin => true,
            Role::Admin => !target.is_staff(),
            _ => false,
        };
        prop_assert_eq!(allowed, entitled && !own);
    }

    /// Whatever is done in whatever order: the sequence and the access version never fall, and a token's role is
    /// had only while active.
    #[test]
    fn any_order_of_commands_keeps_the_rules(steps in prop::collection::vec(0_u8..7, 0..14)) {
        let mut user = registered(SignUpRole::Student, civil::date(2000, 1, 1));
        for step in steps {
            let before = user.clone();
            let outcome = match step {
                0 => user.verify_email(now(), &policy()),
                1 => user.suspend(by(Role::Admin), reason(), None, now()),
                2 => user.reinstate(by(Role::Admin), now()),
                3 => user.become_tutor(now(), &policy()),
                4 => user.change_role(by(Role::Admin), Role::Student, now(), &policy()),
                5 => user.end_sessions(now()).map(|user| (user, Vec::new())),
                _ => user.erase(now()),
            };
            user = match outcome {
                Ok((after, events)) => {
                    prop_assert!(after.sequence > before.sequence);
                    prop_assert_eq!(events.last().map_or(after.sequence, |e| e.sequence), after.sequence);
                    after
                }
                Err(_) => before.clone(),
            };
            prop_assert!(user.access_version >= before.access_version);
            prop_assert_eq!(user.role_for_token().is_ok(), user.status == UserStatus::Active);
            prop_assert_eq!(user.suspension.is_some(), user.status == UserStatus::Suspended);
            prop_assert!(before.status != UserStatus::Erased || user == before);
        }
    }
}

#[test]
fn an_appointment_waits_for_its_second_half_and_what_is_said_then_counts() {
    let name = |name: &str| Line::parse(name).unwrap();
    let as_role = |first: &str, role: Role| {
        Appointment::of(Email::parse("ada@example.org").unwrap(), name(first), name("Lovelace"), role)
    };
    let id = UserId(uuid::Uuid::nil());
    let (begun, events) = User::begin_appointment(id, as_role("Ada", Role::Admin), now());
    assert_eq!(
        (begun.status, kinds(&events)),
        (UserStatus::PendingVerification, vec![("user.registered", 1)])
    );
    assert!(begun.is_being_appointed() && begun.role_for_token().is_err());
    let (user, events) = begun.finish_appointment(as_role("Augusta", Role::Superadmin), now()).unwrap();
    assert_eq!(kinds(&events), [("user.activated", 2)]);
    assert_eq!((user.first_name.as_str(), user.role_for_token()), ("Augusta", Ok(Role::Superadmin)));
    let again = user.finish_appointment(as_role("Ada", Role::Admin), now());
    assert_eq!(again.unwrap_err(), UserError::WrongStatus(UserStatus::Active));
}

#[test]
fn whoever_signs_up_is_not_taken_for_somebody_being_appointed() {
    let pending = registered(SignUpRole::Student, civil::date(2000, 1, 1));
    assert!(!pending.is_being_appointed());
    let appointment = Appointment::of(
        pending.email.clone(),
        pending.first_name.clone(),
        pending.first_name.clone(),
        Role::Superadmin,
    );
    assert!(pending.finish_appointment(appointment, now()).is_err());
}
