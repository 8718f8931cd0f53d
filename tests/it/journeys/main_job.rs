//! The main job of product.md: from two registrations to a tutor paid for a lesson.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::contract::{files, literals, read};
use crate::support::http::Call;
use crate::support::lessons::{Lesson, Pair};
use crate::support::people::PASSWORD;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

#[tokio::test]
async fn a_student_finds_a_tutor_books_pays_and_learns_and_the_tutor_is_paid() {
    let world = World::shared().await;
    let (student, tutor) = (world.student().await, world.newcomer().await);
    world.put_profile(&tutor).await;
    world.put_hours(&tutor).await;
    let verification = world.submit(&tutor).await;
    let hidden = world.api.read(&format!("/v1/tutors/{}", tutor.id)).await;
    hidden.is_problem(404, "not-found");
    is_waiting_for_an_admin(&world, &verification).await;
    world.approve(&verification).await;
    world.stripe.onboard(&tutor.id).await;
    is_found(&world, &tutor.id).await;

    let start = world.free_time(&tutor, 48).await;
    let pair = Pair { student, tutor, start };
    let lesson = world.book(&pair).await;
    assert_eq!(lesson.pay("pm_card_visa").await.1["status"], "succeeded");
    let scheduled = lesson.is("scheduled").await;
    assert_eq!(scheduled["price"], json!({ "amount": 4500, "currency": "USD" }));
    until("the time is not offered any more", SOON, async || {
        (!world.is_free(&pair.tutor, &pair.start).await).then_some(())
    })
    .await;
    let held = lesson.payment_is("held").await;
    assert_eq!(
        (&held["platformFee"]["amount"], &held["tutorEarnings"]["amount"]),
        (&json!(900), &json!(3600))
    );
    earnings_are(&world, &pair, [3600, 0, 0]).await;

    lesson.complete().await.data(200);
    lesson.payment_is("released").await;
    earnings_are(&world, &pair, [0, 3600, 0]).await;
    for (person, lessons) in [(&pair.student, 1), (&pair.tutor, 1)] {
        let listed = world.api.get("/v1/lessons?status=completed", &person.access_token).await;
        assert_eq!(listed.data(200)["total"], lessons);
    }
    lesson.is_at_rest().await;
    its_events_are_stored(&world, &lesson).await;
}

async fn is_waiting_for_an_admin(world: &World, verification: &str) {
    let admin = world.staff("admin").await;
    let mut offset = 0;
    loop {
        let path = format!("/v1/admin/verifications?status=submitted&limit=100&offset={offset}");
        let answer = world.api.get(&path, &admin.access_token).await;
        let page = answer.data(200);
        let items = page["items"].as_array().unwrap();
        if items.iter().any(|item| item["verificationId"] == verification) {
            return;
        }
        assert_eq!(page["hasNext"], true, "{verification} is not in the list");
        offset += items.len();
    }
}

async fn is_found(world: &World, tutor: &str) {
    until("the tutor is found", SOON, async || {
        let answer = world.api.read("/v1/tutors?subject=algebra&q=tested&limit=100").await;
        let items = answer.data(200)["items"].as_array().unwrap().clone();
        items.iter().any(|item| item["tutorId"] == tutor).then_some(())
    })
    .await;
    world.api.read(&format!("/v1/tutors/{tutor}")).await.data(200);
}

/// Held, payable, paid.
async fn earnings_are(world: &World, pair: &Pair, wanted: [i64; 3]) {
    let [held, payable, paid] = wanted;
    let wanted = json!({ "currency": "USD", "held": held, "payable": payable, "inTransit": 0, "paid": paid });
    until(&format!("the earnings are {wanted}"), SOON, async || {
        let answer = world.api.get("/v1/earnings", &pair.tutor.access_token).await;
        (answer.data(200)["balances"] == json!([wanted])).then_some(())
    })
    .await;
}

async fn its_events_are_stored(world: &World, lesson: &Lesson<'_>) {
    let account = ["payout_account.ready"];
    let tutor = [
        "tutor.profile_created",
        "tutor.availability_changed",
        "tutor.verification_submitted",
        "tutor.approved",
    ];
    let people = ["user.registered", "user.verified", "user.activated"];
    let of_lesson = ["lesson.requested", "lesson.scheduled", "lesson.started", "lesson.completed"];
    let of_payment = ["payment.created", "payment.held", "payment.released"];
    let pair = lesson.pair;
    let payment = lesson.payment().await;
    for (aggregate, id, kinds) in [
        ("lesson", lesson.id.as_str(), &of_lesson[..]),
        ("payment", &payment, &of_payment),
        ("tutor", &pair.tutor.id, &tutor),
        ("user", &pair.student.id, &people),
        ("payout_account", &pair.tutor.id, &account),
    ] {
        world.assert_events(aggregate, id, kinds).await;
    }
}

/// A new event needs a journey that leads to it, and asks the event store for it by name.
#[test]
fn the_journeys_know_every_event() {
    let mut named = BTreeSet::new();
    for path in files("tests/it/journeys", ".rs") {
        named.extend(literals(&read(&path)));
    }
    let all = files("events", ".schema.json").into_iter();
    let all = all.map(|path| path.trim_start_matches("events/").trim_end_matches(".schema.json").to_owned());
    let unknown: Vec<_> = all.filter(|kind| kind != "envelope" && !named.contains(kind)).collect();
    assert!(unknown.is_empty(), "no journey leads to {unknown:?}");
}

#[tokio::test]
async fn a_profile_is_changed_only_by_who_has_seen_its_present_version() {
    let world = World::shared().await;
    let tutor = world.newcomer().await;
    let first = world.put_profile(&tutor).await;
    let etag = first.header("etag").unwrap().to_owned();
    let profile = json!({
        "displayName": "Another Name", "headline": "Algebra, tested", "bio": "I exist for a few seconds.",
        "timeZone": "Europe/London", "country": "GB", "languages": [{ "language": "en", "level": "native" }],
        "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4500, "currency": "USD" },
    });
    let put = || Call::new("PUT", "/v1/tutors/me").token(&tutor.access_token).body(profile.clone());
    world.api.call(put()).await.is_problem(428, "precondition-required");
    world.api.call(put().header("if-match", &etag)).await.data(200);
    world.api.call(put().header("if-match", &etag)).await.is_problem(412, "precondition-failed");
    world.assert_events("tutor", &tutor.id, &["tutor.profile_created", "tutor.profile_updated"]).await;
}

#[tokio::test]
async fn a_session_is_refreshed_and_every_wrong_field_is_named_at_once() {
    let world = World::shared().await;
    let email = world.register("student").await;
    let login = json!({ "email": email, "password": PASSWORD });
    let session = world.identity("/v1/auth/login", &login).await.data(200).clone();
    let refresh = json!({ "refreshToken": session["refreshToken"] });
    let refreshed = world.identity("/v1/auth/refresh", &refresh).await.data(200).clone();
    world.api.get("/v1/users/me", refreshed["accessToken"].as_str().unwrap()).await.data(200);

    let wrong = json!({ "email": email, "password": "not-the-password" });
    world.identity("/v1/auth/login", &wrong).await.is_problem(401, "sign-in-failed");
    let refused = async |wrong: &Value, fields: &[&str]| {
        let answer = world.identity("/v1/auth/register", wrong).await;
        answer.is_problem(422, "invalid-fields");
        let errors = answer.body["errors"].as_array().unwrap().iter();
        let named: BTreeSet<_> = errors.map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields.iter().copied().collect());
    };
    let wrong = json!({ "email": "nobody", "password": "short", "role": "admin", "shoeSize": 43 });
    refused(&wrong, &["email", "password", "role", "shoeSize", "firstName", "dateOfBirth"]).await;
    // What else is needed depends on the age.
    let adult = json!({ "email": email, "password": PASSWORD, "role": "tutor", "firstName": "Test",
        "dateOfBirth": "1990-05-17", "parentEmail": email });
    refused(&adult, &["lastName", "parentEmail", "timeZone"]).await;
}
