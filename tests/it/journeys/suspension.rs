//! A suspended user's live token stops working: in `identity` at once, everywhere else within seconds.

use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::database;
use crate::support::forbidden::Forbidden;
use crate::support::http::{Answer, Call};
use crate::support::people::{PASSWORD, Person};
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// product.md: "Suspending a user blocks sign-in at once and ends every session within seconds".
const BOUND: Duration = Duration::from_secs(5);
/// A route of each other context that a tutor may call.
const ELSEWHERE: [(&str, &str); 3] =
    [("tutoring", "/v1/tutors/me"), ("booking", "/v1/lessons"), ("payments", "/v1/earnings")];

async fn act(world: &World, admin: &Person, whom: &str, what: &str, body: Value) -> Answer {
    let path = format!("/v1/admin/users/{whom}/{what}");
    world.api.post(&path, &admin.access_token, body).await
}

/// Makes every context look at the token now: whatever it remembers is as fresh as can be.
async fn is_let_in_everywhere(world: &World, person: &Person) {
    let calls = ELSEWHERE.map(|(_, path)| world.api.get(path, &person.access_token));
    for answer in join_all(calls).await {
        answer.data(200);
    }
}

/// When, from `since`, the last call began with which a context took the token. How long it takes to answer is not
/// counted: on a busy machine that says nothing about what it remembers.
async fn last_taken(world: &World, path: &str, token: &str, since: Instant) -> Duration {
    let mut last = Duration::ZERO;
    loop {
        let asked = since.elapsed();
        let answer = world.api.get(path, token).await;
        if answer.status != 200 {
            answer.is_problem(401, "unauthenticated");
            return last;
        }
        assert!(asked < SOON, "{path} takes the token for ever");
        last = asked;
    }
}

/// Suspends, and measures; each context's figure is of a call that began then and was let in.
async fn suspension_holds(world: &World, what: &str) -> (Person, Person) {
    let (admin, tutor) = futures::join!(world.staff("admin"), world.newcomer());
    world.put_profile(&tutor).await;
    is_let_in_everywhere(world, &tutor).await;
    act(world, &admin, &tutor.id, "suspend", json!({ "reason": "a test" })).await.data(200);
    let since = Instant::now();
    let next = world.api.get("/v1/users/me", &tutor.access_token).await;
    next.is_problem(401, "unauthenticated");
    let measured = join_all(ELSEWHERE.map(|(_, path)| last_taken(world, path, &tutor.access_token, since)));
    for ((context, _), after) in ELSEWHERE.iter().zip(measured.await) {
        eprintln!("suspension, {what}: {context} takes it for {} ms", after.as_millis());
        assert!(after < BOUND, "{what}: {context} took the token for {after:?}");
    }
    world.login(&tutor.email, PASSWORD).await.is_problem(401, "sign-in-failed");
    world.refresh(&tutor.refresh_token).await.is_problem(401, "sign-in-failed");
    (admin, tutor)
}

#[tokio::test]
async fn a_suspended_users_token_is_refused_at_once_by_identity_and_within_five_seconds_elsewhere() {
    let world = World::shared().await;
    let (admin, tutor) = suspension_holds(&world, "all is well").await;
    act(&world, &admin, &tutor.id, "suspend", json!({ "reason": "again" }))
        .await
        .is_problem(409, "wrong-state");
    act(&world, &admin, &tutor.id, "reinstate", json!({})).await.data(200);
    // The old session stays over; a new one is to be had.
    world.api.get("/v1/users/me", &tutor.access_token).await.is_problem(401, "unauthenticated");
    let back = until("the reinstated can sign in", SOON, async || {
        (world.login(&tutor.email, PASSWORD).await.status == 200).then_some(())
    });
    back.await;
    is_let_in_everywhere(&world, &world.sign_in(&tutor.email, PASSWORD).await).await;
    let kinds = ["user.registered", "user.verified", "user.activated", "user.suspended", "user.reinstated"];
    world.assert_events("user", &tutor.id, &kinds).await;
    world.assert_events("access", &tutor.id, &["access.revoked"]).await;
}

#[tokio::test]
async fn the_bound_holds_while_the_bus_is_down() {
    let world = World::alone().await;
    let broken = Forbidden::to(&world, "suspend-user", &["events:PutEvents"]).await;
    let (_, tutor) = suspension_holds(&world, "the bus is down").await;
    assert!(world.aws.events("access", &tutor.id).await.is_empty(), "the bus was not down");
    broken.allow().await;
    let sql = "UPDATE outbox SET created_at = created_at - interval '1 hour', claimed_until = NULL
               WHERE published_at IS NULL";
    database::rows("identity", sql, &[]).await;
    world.settle().await;
    world.assert_events("access", &tutor.id, &["access.revoked"]).await;
}

#[tokio::test]
async fn the_bound_holds_while_the_topic_is_down() {
    let world = World::alone().await;
    let broken = Forbidden::to(&world, "suspend-user", &["sns:Publish"]).await;
    let (_, tutor) = suspension_holds(&world, "the topic is down").await;
    broken.allow().await;
    world.assert_events("access", &tutor.id, &["access.revoked"]).await;
}

#[tokio::test]
async fn a_suspension_with_an_end_is_lifted_by_the_schedule() {
    let world = World::shared().await;
    let (admin, student) = futures::join!(world.staff("admin"), world.student());
    let past = json!({ "reason": "a test", "until": Timestamp::now() - SignedDuration::from_secs(1) });
    act(&world, &admin, &student.id, "suspend", past).await.is_problem(422, "invalid-fields");
    let until_then = json!({ "reason": "a test", "until": Timestamp::now() + SignedDuration::from_secs(3) });
    act(&world, &admin, &student.id, "suspend", until_then).await.data(200);
    world.aws.invoke("lift-suspensions", &json!({})).await;
    world.login(&student.email, PASSWORD).await.is_problem(401, "sign-in-failed");
    until("the suspension is lifted", SOON, async || {
        world.aws.invoke("lift-suspensions", &json!({})).await;
        (world.login(&student.email, PASSWORD).await.status == 200).then_some(())
    })
    .await;
    let kinds = ["user.registered", "user.verified", "user.activated", "user.suspended", "user.reinstated"];
    world.assert_events("user", &student.id, &kinds).await;
}

#[tokio::test]
async fn nobody_suspends_whom_they_may_not() {
    let world = World::shared().await;
    let (admin, superadmin) = futures::join!(world.staff("admin"), world.staff("superadmin"));
    let body = || json!({ "reason": "a test" });
    for whom in [&superadmin.id, &admin.id] {
        act(&world, &admin, whom, "suspend", body()).await.is_problem(403, "forbidden");
    }
    act(&world, &superadmin, &superadmin.id, "suspend", body()).await.is_problem(403, "forbidden");
    let call = Call::new("DELETE", "/v1/users/me").token(&superadmin.access_token);
    world.api.call(call).await.is_problem(409, "wrong-state");
    let nobody = uuid::Uuid::now_v7().to_string();
    act(&world, &admin, &nobody, "suspend", body()).await.is_problem(404, "not-found");
}
