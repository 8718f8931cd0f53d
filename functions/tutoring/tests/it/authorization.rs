use std::collections::BTreeSet;

use jiff::SignedDuration;
use lectern_domain::revocation::Revocation;
use lectern_domain::role::Role;
use lectern_postgres::testing::take_back;
use lectern_runtime::caller::Access;
use lectern_runtime::testing::{As, TestRequest};
use lectern_runtime::use_case::Trigger;
use lectern_runtime::{Method, UseCase};
use lectern_tutoring::{
    Tutoring, add_availability_override, announce_document, announce_photo, approve_verification, check_slot,
    claim_verification, export_tutoring_data, functions, get_document_link, get_own_availability,
    get_own_photo, get_own_tutor_profile, get_own_verification, get_tutor, get_tutor_terms, get_verification,
    list_own_documents, list_slots, list_subjects, list_verifications, put_availability, put_busy_calendar,
    put_rates, put_subject, put_taught_subjects, put_tutor_profile, reject_verification,
    remove_availability_override, remove_busy_calendar, remove_document, request_verification_changes,
    search_tutors, show_photo, submit_verification,
};
use lectern_tutoring::{
    accept_match_invitation, add_favourite, decline_match_invitation, get_match_request, invite_tutors,
    list_favourites, list_match_invitations, remove_favourite, request_match,
};

use super::world::{World, as_tutor, user};

fn routes() -> Vec<UseCase<Tutoring>> {
    vec![
        put_tutor_profile::use_case(),
        get_own_tutor_profile::use_case(),
        put_availability::use_case(),
        submit_verification::use_case(),
        list_verifications::use_case(),
        approve_verification::use_case(),
        search_tutors::use_case(),
        get_tutor::use_case(),
        list_slots::use_case(),
        check_slot::use_case(),
        export_tutoring_data::use_case(),
        get_own_availability::use_case(),
        add_availability_override::use_case(),
        remove_availability_override::use_case(),
        put_busy_calendar::use_case(),
        remove_busy_calendar::use_case(),
        list_subjects::use_case(),
        put_subject::use_case(),
        announce_document::use_case(),
        list_own_documents::use_case(),
        remove_document::use_case(),
        get_document_link::use_case(),
        announce_photo::use_case(),
        get_own_photo::use_case(),
        show_photo::use_case(),
        get_own_verification::use_case(),
        get_verification::use_case(),
        claim_verification::use_case(),
        reject_verification::use_case(),
        request_verification_changes::use_case(),
        put_taught_subjects::use_case(),
        put_rates::use_case(),
        get_tutor_terms::use_case(),
        add_favourite::use_case(),
        remove_favourite::use_case(),
        list_favourites::use_case(),
        request_match::use_case(),
        get_match_request::use_case(),
        invite_tutors::use_case(),
        list_match_invitations::use_case(),
        accept_match_invitation::use_case(),
        decline_match_invitation::use_case(),
    ]
}

fn access(use_case: &UseCase<Tutoring>) -> Access {
    match &use_case.meta.trigger {
        Trigger::Http(http) => http.access,
        other => panic!("{other:?} is no route"),
    }
}

#[test]
fn each_route_of_the_context_is_tested_here() {
    let here: BTreeSet<_> = routes().iter().map(|u| u.meta.name).collect();
    let all = functions().into_iter().filter(|f| matches!(f.meta.trigger, Trigger::Http(_)));
    assert_eq!(here, all.map(|f| f.meta.name).collect::<BTreeSet<_>>());
}

#[test]
fn each_route_is_for_whom_it_is_meant() {
    const TUTOR: Access = Access::Roles(&[Role::Tutor]);
    const STUDENT: Access = Access::Roles(&[Role::Student]);
    const STAFF: Access = Access::Roles(&[Role::Admin, Role::Superadmin]);
    let expected = [
        TUTOR,
        TUTOR,
        TUTOR,
        TUTOR,
        STAFF,
        STAFF,
        Access::Public,
        Access::Public,
        Access::Public,
        Access::Iam,
        Access::Iam,
        TUTOR,
        TUTOR,
        TUTOR,
        TUTOR,
        TUTOR,
        Access::Public,
        STAFF,
        TUTOR,
        TUTOR,
        TUTOR,
        STAFF,
        TUTOR,
        TUTOR,
        Access::Public,
        TUTOR,
        STAFF,
        STAFF,
        STAFF,
        STAFF,
        TUTOR,
        TUTOR,
        Access::Iam,
        STUDENT,
        STUDENT,
        STUDENT,
        STUDENT,
        STUDENT,
        STUDENT,
        TUTOR,
        TUTOR,
        TUTOR,
    ];
    for (route, expected) in routes().iter().zip(expected) {
        assert_eq!(access(route), expected, "{}", route.meta.name);
    }
}

#[tokio::test]
async fn each_route_refuses_everybody_else_before_it_looks_at_anything() {
    let world = World::new().await;
    for route in routes() {
        let mut callers = vec![(As::Nobody, None), (As::Service("book-lesson"), None)];
        callers.extend(Role::ALL.iter().map(|role| (As::User(user(), *role), Some(*role))));
        for (caller, role) in callers {
            let expected = match (access(&route), role, &caller) {
                (Access::Public, ..) => None,
                (Access::Iam, _, As::Service(_)) => None,
                (Access::Iam, ..) => Some(401),
                (Access::Roles(roles), Some(role), _) => (!roles.contains(&role)).then_some(403),
                (Access::Roles(_), None, _) => Some(401),
            };
            let answer = TestRequest::new(caller.clone()).send(&route, &world.services).await;
            match expected {
                Some(status) => assert_eq!(answer.status, status, "{} as {caller:?}", route.meta.name),
                None => assert!(![401, 403].contains(&answer.status), "{} as {caller:?}", route.meta.name),
            }
        }
    }
    assert_eq!(world.look("SELECT 1 FROM tutors").await.len(), 0);
}

#[tokio::test]
async fn a_user_whose_access_was_taken_back_is_refused_two_seconds_later_and_not_with_a_newer_token() {
    let world = World::new().await;
    let id = user();
    let read = |request: TestRequest| world.send(get_own_tutor_profile::use_case(), request);
    assert_eq!(read(as_tutor(id)).await.status, 404);
    let revocation = Revocation::user(id, 2, world.clock.now(), SignedDuration::from_mins(15));
    take_back(&world.services, &revocation).await;
    world.clock.advance(SignedDuration::from_secs(2));
    let refused = read(as_tutor(id)).await;
    assert_eq!((refused.status, refused.problem()), (401, "unauthenticated"));
    assert_eq!(read(as_tutor(id).access_version(2)).await.status, 404);
}

#[test]
fn what_creates_needs_an_idempotency_key() {
    for route in routes() {
        if let Trigger::Http(http) = &route.meta.trigger {
            let creates = http.method == Method::Post && http.status == 201;
            assert_eq!(http.idempotent, creates, "{}", route.meta.name);
        }
    }
}
