//! What accounts do to tutors.

use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_domain::role::Role;
use lectern_runtime::testing::{As, TestRequest, deliver};
use lectern_tutoring::{
    check_slot, erase_tutoring_user, export_tutoring_data, get_own_tutor_profile, get_own_verification,
    get_tutor, get_tutor_terms, list_slots, project_accounts, put_tutor_profile, search_tutors,
};
use serde_json::{Value, json};

use super::world::{NOW, World, as_nobody, as_tutor, at, availability, profile, user};

fn event(id: UserId, kind: &str, sequence: i64, data: Value) -> Envelope {
    Envelope {
        id: EventId(user().0),
        kind: kind.to_owned(),
        version: 1,
        occurred_at: at(NOW).into(),
        aggregate: AggregateRef { kind: "user".to_owned(), id: id.0, sequence },
        actor: format!("user:{id}"),
        correlation_id: "c".to_owned(),
        causation_id: "c".to_owned(),
        data,
    }
}

fn activated(id: UserId, sequence: i64, role: Role) -> Envelope {
    event(id, "user.activated", sequence, json!({ "role": role }))
}

fn suspended(id: UserId, sequence: i64) -> Envelope {
    event(id, "user.suspended", sequence, json!({ "role": "tutor", "until": null }))
}

fn reinstated(id: UserId, sequence: i64) -> Envelope {
    event(id, "user.reinstated", sequence, json!({ "role": "tutor" }))
}

fn changed(id: UserId, sequence: i64, from: Role, to: Role) -> Envelope {
    event(id, "user.role_changed", sequence, json!({ "from": from, "to": to }))
}

async fn taken(world: &World, events: &[Envelope]) {
    assert_eq!(deliver(&project_accounts::use_case(), &world.services, events).await, 0);
}

/// Whether the tutor is listed: by the search, the profile, the slots and the check of a slot alike.
async fn is_listed(world: &World, id: UserId) -> bool {
    let found = world.send(search_tutors::use_case(), as_nobody()).await;
    let found = found.data()["items"].as_array().unwrap().iter().any(|i| i["tutorId"] == json!(id));
    let read = world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await.status;
    let slots = world.send(list_slots::use_case(), as_nobody().path("tutorId", id)).await.status;
    let wanted =
        json!({ "tutorId": id, "start": "2027-05-04T10:00:00Z", "minutes": 60, "subject": "algebra" });
    let wanted = TestRequest::new(As::Service("book-lesson")).json(&wanted);
    let check = world.send(check_slot::use_case(), wanted).await.status;
    let status = if found { 200 } else { 404 };
    assert_eq!([read, slots, check], [status; 3], "listed everywhere or nowhere");
    found
}

#[tokio::test]
async fn a_tutors_profile_begins_with_the_account() {
    let world = World::new().await;
    let (id, student) = (user(), user());
    let read = |id| world.send(get_own_tutor_profile::use_case(), as_tutor(id));
    assert_eq!(read(id).await.status, 404);
    taken(&world, &[activated(id, 3, Role::Tutor), activated(student, 3, Role::Student)]).await;
    let (begun, trips) = world.counted(read(id)).await;
    assert_eq!((begun.status, begun.headers["etag"].as_str(), trips), (200, "\"0\"", 1));
    assert_eq!((&begun.data()["tutorId"], &begun.data()["profile"]), (&json!(id), &Value::Null));
    assert!(begun.data().as_object().unwrap().contains_key("profile"));
    let missing: Vec<_> =
        begun.data()["missing"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect();
    assert_eq!(missing, ["profile", "identity_document", "qualification"]);
    assert_eq!(read(student).await.status, 404);

    let (verification, trips) =
        world.counted(world.send(get_own_verification::use_case(), as_tutor(id))).await;
    assert_eq!((verification.headers["etag"].as_str(), trips), ("\"0\"", 1));
    let expected = json!({ "status": "draft", "missing": begun.data()["missing"], "history": [] });
    assert_eq!(verification.data(), &expected);
    let unknown = world.send(get_own_verification::use_case(), as_tutor(user())).await;
    assert_eq!((unknown.status, unknown.problem()), (404, "not-found"));

    let made = as_tutor(id).header("if-match", "\"0\"").json(&profile());
    assert_eq!(world.send(put_tutor_profile::use_case(), made).await.status, 200);
    assert_eq!(read(id).await.data()["displayName"], "Ada L.");
}

#[tokio::test]
async fn a_suspended_tutor_is_not_listed_until_reinstated() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    taken(&world, &[activated(id, 3, Role::Tutor)]).await;
    assert!(is_listed(&world, id).await);
    let ((), trips) = world.counted(taken(&world, &[suspended(id, 4)])).await;
    assert_eq!(trips, 1);
    assert!(!is_listed(&world, id).await);
    let request = TestRequest::new(As::Service("book-lesson")).path("tutorId", id);
    let terms = world.send(get_tutor_terms::use_case(), request).await;
    assert_eq!(
        (&terms.data()["listed"], &terms.data()["verificationStatus"]),
        (&json!(false), &json!("approved"))
    );
    assert!(world.look("SELECT 1 FROM tutor_search WHERE ended_by IS NULL").await.is_empty());
    taken(&world, &[reinstated(id, 5)]).await;
    assert!(is_listed(&world, id).await);
    assert_eq!(
        world.look("SELECT 1 FROM free_states WHERE stale").await.len(),
        1,
        "free times are computed anew"
    );
}

#[tokio::test]
async fn a_tutor_who_becomes_a_student_is_not_listed_and_can_come_back() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    taken(&world, &[changed(id, 4, Role::Tutor, Role::Student)]).await;
    assert!(!is_listed(&world, id).await);
    taken(&world, &[changed(id, 5, Role::Student, Role::Tutor)]).await;
    assert!(is_listed(&world, id).await);
}

#[tokio::test]
async fn every_order_of_an_accounts_events_ends_the_same_and_each_counts_once() {
    let world = World::new().await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let (stays, goes) = (
            world.approved(&profile(), &availability()).await,
            world.approved(&profile(), &availability()).await,
        );
        let staying = [activated(stays, 3, Role::Tutor), suspended(stays, 4), reinstated(stays, 5)];
        let going = [activated(goes, 3, Role::Tutor), suspended(goes, 7), reinstated(goes, 5)];
        for events in [staying, going] {
            let events: Vec<_> = order.iter().map(|n: &usize| events[*n].clone()).collect();
            taken(&world, &events).await;
            taken(&world, &events).await;
        }
        assert_eq!(
            (is_listed(&world, stays).await, is_listed(&world, goes).await),
            (true, false),
            "{order:?}"
        );
    }
    assert_eq!(world.look("SELECT 1 FROM inbox").await.len(), 36);
}

#[tokio::test]
async fn a_profile_of_somebody_who_is_suspended_meanwhile_is_not_listed_even_when_both_come_at_once() {
    let world = World::new().await;
    for _ in 0..10 {
        let (id, other) = (user(), world.another());
        taken(&world, &[activated(id, 3, Role::Tutor)]).await;
        let (put, project) = (put_tutor_profile::use_case(), project_accounts::use_case());
        let suspension = [suspended(id, 4)];
        let (made, failed) = futures::join!(
            as_tutor(id).json(&profile()).send(&put, &world.services),
            deliver(&project, &other, &suspension)
        );
        assert_eq!((made.status, failed), (200, 0));
        let active = world.look(&format!("SELECT active FROM tutors WHERE id = '{id}'")).await;
        assert!(!active[0].get::<_, bool>(0));
    }
}

#[tokio::test]
async fn an_erased_account_leaves_its_id_alone_and_does_not_come_back() {
    let world = World::new().await;
    let (tutor, student) = (world.approved(&profile(), &availability()).await, user());
    taken(&world, &[activated(tutor, 3, Role::Tutor), activated(student, 3, Role::Student)]).await;
    let held = async |id| {
        let request = TestRequest::new(As::Service("build-export")).path("userId", id);
        let page = world.send(export_tutoring_data::use_case(), request).await;
        let items = page.data()["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["kind"] == "account").map(|item| item["data"].clone())
    };
    assert_eq!(held(tutor).await, Some(json!({ "userId": tutor, "role": "tutor", "active": true })));
    assert_eq!(held(student).await.unwrap()["role"], "student");
    for (id, role) in [(tutor, "tutor"), (student, "student")] {
        let erased = event(id, "user.erased", 6, json!({ "role": role }));
        assert_eq!(deliver(&erase_tutoring_user::use_case(), &world.services, &[erased]).await, 0);
        assert_eq!(held(id).await, None);
        taken(&world, &[suspended(id, 4), reinstated(id, 5), reinstated(id, 7)]).await;
        assert_eq!(held(id).await, None, "not by an event that comes late");
        assert_eq!(world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await.status, 404);
    }
    let left = world.look("SELECT 1 FROM tutor_accounts WHERE role IS NULL AND NOT active").await;
    assert_eq!(left.len(), 2);
}

#[tokio::test]
async fn an_event_that_can_not_be_read_goes_back_alone() {
    let world = World::new().await;
    let (good, bad) = (user(), user());
    let broken = event(bad, "user.suspended", 4, json!({ "role": "king" }));
    let events = [broken, activated(good, 3, Role::Tutor)];
    assert_eq!(deliver(&project_accounts::use_case(), &world.services, &events).await, 1);
    assert_eq!(world.look("SELECT 1 FROM tutor_accounts").await.len(), 1);
}
