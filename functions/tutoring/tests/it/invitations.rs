use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_runtime::testing::{Answered, TestRequest, invoke};
use lectern_tutoring::{
    accept_match_invitation, decline_match_invitation, expire_match_invitations, get_match_request,
    get_own_tutor_profile, get_tutor, invite_tutors, list_match_invitations,
};
use serde_json::{Value, json};

use super::matching::{ask, wish};
use super::world::{World, as_nobody, as_student, as_tutor, availability, profile, user};

/// A request of a student that found these tutors.
async fn found(world: &World, student: UserId, count: usize) -> (String, Vec<UserId>) {
    let mut tutors = Vec::new();
    for _ in 0..count {
        tutors.push(world.approved(&profile(), &availability()).await);
    }
    let asked = ask(world, student, &wish()).await;
    assert_eq!(asked.data()["items"].as_array().unwrap().len(), count);
    (asked.data()["matchRequestId"].as_str().unwrap().to_owned(), tutors)
}

fn invitation(student: UserId, request: &str, tutors: &[UserId]) -> TestRequest {
    let body = json!({ "tutorIds": tutors });
    as_student(student).path("matchRequestId", request).header("idempotency-key", user()).json(&body)
}

async fn invite(world: &World, student: UserId, request: &str, tutors: &[UserId]) -> Answered {
    world.send(invite_tutors::use_case(), invitation(student, request, tutors)).await
}

/// A tutor with one invitation; gives both ids, and the student's.
pub async fn invited(world: &World) -> (UserId, String, UserId) {
    let student = user();
    let (request, tutors) = found(world, student, 1).await;
    let answer = invite(world, student, &request, &tutors).await;
    (tutors[0], answer.data()["items"][0]["invitationId"].as_str().unwrap().to_owned(), student)
}

pub async fn accept(world: &World, tutor: UserId, id: &str) -> Answered {
    world.send(accept_match_invitation::use_case(), as_tutor(tutor).path("invitationId", id)).await
}

async fn decline(world: &World, tutor: UserId, id: &str) -> Answered {
    world.send(decline_match_invitation::use_case(), as_tutor(tutor).path("invitationId", id)).await
}

async fn list(world: &World, tutor: UserId, query: &[(&str, &str)]) -> Value {
    let request = query.iter().fold(as_tutor(tutor), |r, (name, value)| r.query(name, value));
    world.send(list_match_invitations::use_case(), request).await.data().clone()
}

async fn expire(world: &World) {
    invoke(&expire_match_invitations::use_case(), &world.services, json!({})).await.unwrap();
}

/// What everybody sees as the tutor's response time.
async fn response_minutes(world: &World, tutor: UserId) -> Value {
    let public = world.send(get_tutor::use_case(), as_nobody().path("tutorId", tutor)).await;
    let own = world.send(get_own_tutor_profile::use_case(), as_tutor(tutor)).await;
    assert_eq!(public.data()["responseMinutes"], own.data()["responseMinutes"]);
    public.data()["responseMinutes"].clone()
}

#[tokio::test]
async fn a_student_invites_a_tutor_who_accepts_and_only_then_learns_who_asks() {
    let world = World::new().await;
    let student = user();
    let (request, tutors) = found(&world, student, 2).await;
    let (sent, trips) = world.counted(invite(&world, student, &request, &tutors)).await;
    assert_eq!((sent.status, trips), (201, 3), "load, save, mark as published");
    assert_eq!(sent.data()["invitationsLeft"], 3);
    let first = &sent.data()["items"][0];
    assert_eq!((&first["status"], &first["expiresAt"]), (&json!("pending"), &json!("2027-05-05T12:00:00Z")));

    let (listed, trips) = world.counted(list(&world, tutors[0], &[])).await;
    let shown = &listed["items"][0];
    assert_eq!((&shown["request"], trips), (&wish(), 1));
    assert!(!listed.to_string().contains(&student.to_string()), "the tutor isn't told who asks");
    let id = first["invitationId"].as_str().unwrap();
    assert_eq!(accept(&world, tutors[1], id).await.status, 404, "somebody else's");
    world.clock.advance(SignedDuration::from_mins(90));
    let (accepted, trips) = world.counted(accept(&world, tutors[0], id)).await;
    assert_eq!((accepted.status, trips), (200, 3));
    assert_eq!(
        (&accepted.data()["status"], &accepted.data()["studentId"]),
        (&json!("accepted"), &json!(student))
    );
    assert_eq!(accepted.headers["etag"], "\"2\"");

    let kept = as_student(student).path("matchRequestId", &request);
    let kept = world.send(get_match_request::use_case(), kept).await;
    let states: Vec<_> = kept.data()["items"].as_array().unwrap().iter().map(|m| &m["invitation"]).collect();
    let state_of =
        |tutor: UserId| states.iter().find(|s| s["tutorId"] == json!(tutor)).unwrap()["status"].clone();
    assert_eq!((state_of(tutors[0]), state_of(tutors[1])), (json!("accepted"), json!("pending")));
    assert_eq!(kept.headers["etag"], "\"5\"", "two for the request, two and one for the invitations");
    let kinds: Vec<_> = world.bus.kinds().into_iter().filter(|kind| kind.starts_with("match.")).collect();
    assert_eq!(kinds, ["match.requested", "match.requested", "match.accepted"]);
    let event = world.bus.events().pop().unwrap();
    assert_eq!((event.aggregate.id.to_string().as_str(), event.aggregate.sequence), (id, 2));
    assert_eq!(event.data["studentId"], json!(student));
}

#[tokio::test]
async fn an_answer_given_again_changes_nothing_and_the_other_one_is_refused() {
    let world = World::new().await;
    let (tutor, id, _) = invited(&world).await;
    let declined = decline(&world, tutor, &id).await;
    assert_eq!((&declined.data()["status"], declined.data().get("studentId")), (&json!("declined"), None));
    let (again, trips) = world.counted(decline(&world, tutor, &id)).await;
    assert_eq!((again.data(), trips), (declined.data(), 1));
    assert_eq!(accept(&world, tutor, &id).await.problem(), "wrong-state");
    let kinds: Vec<_> = world.bus.kinds().into_iter().filter(|kind| kind.starts_with("match.")).collect();
    assert_eq!(kinds, ["match.requested", "match.declined"]);
}

#[tokio::test]
async fn fifty_answers_at_once_have_one_effect() {
    let world = World::new().await;
    let (tutor, id, _) = invited(&world).await;
    let answers = (0..50).map(|n| {
        let (services, request) = (world.another(), as_tutor(tutor).path("invitationId", &id));
        let use_case = if n % 2 == 0 {
            accept_match_invitation::use_case()
        } else {
            decline_match_invitation::use_case()
        };
        async move { request.send(&use_case, &services).await.status }
    });
    let statuses = futures::future::join_all(answers).await;
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
    let answered: Vec<_> =
        world.bus.kinds().into_iter().filter(|kind| kind.starts_with("match.")).skip(1).collect();
    assert_eq!(answered.len(), 1);
    let row = &world.look("SELECT 'match.' || status, sequence FROM match_invitations").await[0];
    assert_eq!((row.get::<_, String>(0), row.get::<_, i64>(1)), (answered[0].clone(), 2));
}

#[tokio::test]
async fn no_more_than_five_are_invited_however_many_are_asked_for_at_once() {
    let world = World::new().await;
    let student = user();
    let (request, tutors) = found(&world, student, 7).await;
    let sending = tutors.iter().map(|tutor| {
        let (services, request) = (world.another(), invitation(student, &request, &[*tutor]));
        async move { request.send(&invite_tutors::use_case(), &services).await.status }
    });
    let statuses = futures::future::join_all(sending).await;
    assert!(statuses.iter().all(|status| [201, 409, 422].contains(status)), "{statuses:?}");
    for tutor in &tutors {
        invite(&world, student, &request, &[*tutor]).await;
    }
    assert_eq!(world.look("SELECT 1 FROM match_invitations").await.len(), 5);
    let events = world.bus.kinds().into_iter().filter(|kind| kind == "match.requested").count();
    assert_eq!(events, 5);
}

#[tokio::test]
async fn whom_one_can_not_invite_is_named_and_nobody_is_invited_then() {
    let world = World::new().await;
    let student = user();
    let (request, tutors) = found(&world, student, 3).await;
    let stranger = world.approved(&profile(), &availability()).await;
    invite(&world, student, &request, &tutors[..1]).await.data();
    world.look(&format!("UPDATE tutors SET active = false WHERE id = '{}'", tutors[2])).await;
    let refused = invite(&world, student, &request, &[tutors[1], tutors[0], stranger, tutors[2]]).await;
    assert_eq!(refused.bad_fields(), ["tutorIds[1]", "tutorIds[2]", "tutorIds[3]"]);
    assert_eq!(invite(&world, user(), &request, &tutors[1..2]).await.status, 404);
    assert_eq!(invite(&world, student, &request, &[]).await.bad_fields(), ["tutorIds"]);
    assert_eq!(world.look("SELECT 1 FROM match_invitations").await.len(), 1);
}

#[tokio::test]
async fn the_same_key_invites_once() {
    let world = World::new().await;
    let student = user();
    let (request, tutors) = found(&world, student, 2).await;
    let sent = invitation(student, &request, &tutors);
    let (use_case, other) = (invite_tutors::use_case(), world.another());
    let (a, b) =
        futures::join!(sent.clone().send(&use_case, &world.services), sent.clone().send(&use_case, &other));
    assert_eq!(a.data(), b.data());
    let again = world.send(invite_tutors::use_case(), sent).await;
    assert_eq!((again.status, again.data()), (201, a.data()));
    assert_eq!(world.look("SELECT 1 FROM match_invitations").await.len(), 2);
}

#[tokio::test]
async fn after_two_days_an_invitation_is_over_whether_or_not_anybody_has_noted_it() {
    let world = World::new().await;
    let (tutor, id, _) = invited(&world).await;
    world.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(accept(&world, tutor, &id).await.problem(), "wrong-state");
    let before = list(&world, tutor, &[("status", "expired")]).await;
    assert_eq!(before["items"][0]["status"], "expired");
    assert_eq!(list(&world, tutor, &[("status", "pending")]).await["items"], json!([]));
    assert_eq!(response_minutes(&world, tutor).await, Value::Null);
    expire(&world).await;
    let ((), trips) = world.counted(expire(&world)).await;
    assert_eq!(trips, 2);
    assert_eq!(list(&world, tutor, &[("status", "expired")]).await, before);
    assert_eq!(response_minutes(&world, tutor).await, json!(2_880), "silence is no fast answer");
    assert_eq!(accept(&world, tutor, &id).await.problem(), "wrong-state");
}

#[tokio::test]
async fn the_response_time_is_the_median_of_ninety_days() {
    let world = World::new().await;
    let (tutor, student) = (world.approved(&profile(), &availability()).await, user());
    let mut ids = Vec::new();
    for _ in 0..3 {
        let asked = ask(&world, student, &wish()).await;
        let request = asked.data()["matchRequestId"].as_str().unwrap().to_owned();
        let sent = invite(&world, student, &request, &[tutor]).await;
        ids.push(sent.data()["items"][0]["invitationId"].as_str().unwrap().to_owned());
    }
    assert_eq!(response_minutes(&world, tutor).await, Value::Null);
    let mut seen = Vec::new();
    for (id, minutes) in ids.iter().zip([10, 50, 540]) {
        world.clock.advance(SignedDuration::from_mins(minutes));
        if minutes == 50 { decline(&world, tutor, id).await } else { accept(&world, tutor, id).await }.data();
        seen.push(response_minutes(&world, tutor).await);
    }
    assert_eq!(seen, [json!(10), json!(10), json!(60)], "10, 60 and 600 minutes");
    // The first answer is ninety days old now, and the others are not.
    world.clock.advance(SignedDuration::from_hours(24 * 90) - SignedDuration::from_mins(590));
    expire(&world).await;
    assert_eq!(response_minutes(&world, tutor).await, json!(60));
    world.clock.advance(SignedDuration::from_mins(590));
    expire(&world).await;
    assert_eq!(response_minutes(&world, tutor).await, Value::Null);
}

#[tokio::test]
async fn two_answers_of_a_tutor_at_once_are_both_in_the_response_time() {
    let world = World::new().await;
    for _ in 0..5 {
        let (tutor, student) = (world.approved(&profile(), &availability()).await, user());
        let mut ids = Vec::new();
        for _ in 0..3 {
            let asked = ask(&world, student, &wish()).await;
            let request = asked.data()["matchRequestId"].as_str().unwrap().to_owned();
            let sent = invite(&world, student, &request, &[tutor]).await;
            ids.push(sent.data()["items"][0]["invitationId"].as_str().unwrap().to_owned());
            world.clock.advance(SignedDuration::from_mins(30));
        }
        let answers = ids.iter().map(|id| {
            let (services, request) = (world.another(), as_tutor(tutor).path("invitationId", id));
            async move { request.send(&accept_match_invitation::use_case(), &services).await.status }
        });
        assert_eq!(futures::future::join_all(answers).await, [200; 3]);
        assert_eq!(response_minutes(&world, tutor).await, json!(60), "of 90, 60 and 30");
    }
}

#[tokio::test]
async fn pages_of_invitations_go_on_where_the_one_before_ended() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    for _ in 0..5 {
        let student = user();
        let asked = ask(&world, student, &wish()).await;
        invite(&world, student, asked.data()["matchRequestId"].as_str().unwrap(), &[tutor]).await.data();
    }
    let all = list(&world, tutor, &[]).await["items"].as_array().unwrap().clone();
    let mut page = list(&world, tutor, &[("limit", "2")]).await;
    let mut seen = page["items"].as_array().unwrap().clone();
    while let Some(cursor) = page["nextCursor"].as_str().map(str::to_owned) {
        page = list(&world, tutor, &[("limit", "2"), ("cursor", &cursor)]).await;
        seen.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!((seen.len(), seen), (5, all));
}
