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
    Tutoring, approve_verification, check_slot, export_tutoring_data, functions, get_own_tutor_profile,
    get_tutor, list_slots, list_verifications, put_availability, put_tutor_profile, search_tutors,
    submit_verification,
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
