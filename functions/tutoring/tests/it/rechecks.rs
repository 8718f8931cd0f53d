//! An approved tutor who has changed is looked at again.

use jiff::SignedDuration;
use lectern_domain::id::{UserId, VerificationId};
use lectern_tutoring::{
    approve_verification, claim_verification, get_own_verification, get_tutor, list_slots, put_rates,
    put_taught_subjects, put_tutor_profile, reject_verification, request_verification_changes, search_tutors,
    submit_verification,
};
use serde_json::{Value, json};

use super::world::{
    World, as_admin, as_nobody, as_tutor, availability, profile, profile_of, submission, user,
};

impl World {
    async fn changes(&self, id: UserId, profile: &Value) {
        let own = self.send(lectern_tutoring::get_own_tutor_profile::use_case(), as_tutor(id)).await;
        let request = as_tutor(id).header("if-match", &own.headers["etag"]).json(profile);
        self.send(put_tutor_profile::use_case(), request).await.data();
    }

    async fn own_verification(&self, id: UserId) -> Value {
        self.send(get_own_verification::use_case(), as_tutor(id)).await.data().clone()
    }

    /// The re-check that waits.
    async fn queued(&self) -> Option<String> {
        let sql = "SELECT id::text FROM verifications WHERE kind = 'recheck' AND decided_by IS NULL";
        self.look(sql).await.first().map(|row| row.get(0))
    }

    async fn is_found(&self, id: UserId) -> bool {
        let found = self.send(search_tutors::use_case(), as_nobody()).await;
        let listed = found.data()["items"].as_array().unwrap().iter().any(|i| i["tutorId"] == json!(id));
        let read = self.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await.status;
        let slots = self.send(list_slots::use_case(), as_nobody().path("tutorId", id)).await.status;
        assert_eq!((listed, read == 200), (read == 200, slots == 200), "found everywhere or nowhere");
        listed
    }
}

fn because(verification: &str) -> lectern_runtime::testing::TestRequest {
    as_admin(user()).path("verificationId", verification).json(&json!({ "reason": "Looked at." }))
}

#[tokio::test]
async fn another_name_or_other_subjects_queue_a_recheck_once_and_the_approval_stays() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let mut headline = profile();
    headline["headline"] = json!("Patience with proofs");
    world.changes(id, &headline).await;
    assert_eq!(world.queued().await, None, "a headline was not what was verified");
    world.changes(id, &profile_of("Augusta L.", "h", "algebra")).await;
    let queued = world.queued().await.unwrap();
    world.changes(id, &profile_of("Augusta L.", "h", "calculus")).await;
    assert_eq!(world.queued().await.unwrap(), queued, "whoever decides sees both changes");
    assert!(world.is_found(id).await);
    let own = world.own_verification(id).await;
    assert_eq!((&own["status"], &own["recheckStatus"]), (&json!("approved"), &json!("submitted")));
    assert_eq!((&own["kind"], &own["missing"]), (&json!("recheck"), &json!([])));
    assert_eq!(own["history"].as_array().unwrap().len(), 2);
    let submitted = world.send(submit_verification::use_case(), submission(id)).await;
    assert_eq!(submitted.problem(), "wrong-state", "it is submitted already");
    let kinds = world.bus.kinds();
    let submissions = kinds.iter().filter(|kind| *kind == "tutor.verification_submitted").count();
    assert_eq!(submissions, 1, "what queues a re-check is an event already: {kinds:?}");
}

#[tokio::test]
async fn subjects_have_a_route_of_their_own_and_prices_are_not_rechecked() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let rates = json!({ "hourlyRate": { "amount": 5_000, "currency": "EUR" } });
    let put = as_tutor(id).header("if-match", "\"4\"").json(&rates);
    world.send(put_rates::use_case(), put).await.data();
    assert_eq!(world.queued().await, None);
    let subjects =
        json!({ "subjects": [{ "subject": "calculus", "levels": ["school"], "yearsOfExperience": 1 }] });
    let put = as_tutor(id).header("if-match", "\"5\"").json(&subjects);
    let (answer, trips) = world.counted(world.send(put_taught_subjects::use_case(), put)).await;
    assert_eq!((&answer.data()["verification"]["recheckStatus"], trips), (&json!("submitted"), 3));
    assert!(world.queued().await.is_some());
}

#[tokio::test]
async fn a_recheck_that_finds_nothing_closes_and_leaves_the_place_in_the_search() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let approved_at = "SELECT approved_at::text FROM tutors";
    let before = world.look(approved_at).await[0].get::<_, String>(0);
    world.clock.advance(SignedDuration::from_hours(5));
    world.changes(id, &profile_of("Augusta L.", "h", "algebra")).await;
    let queued = world.queued().await.unwrap();
    let first = as_admin(user()).path("verificationId", &queued);
    world.send(claim_verification::use_case(), first).await.data();
    world.clock.advance(SignedDuration::from_hours(24));
    let admin = user();
    let request = |use_case| {
        let request = as_admin(admin).path("verificationId", &queued);
        world.send(use_case, request.json(&json!({})))
    };
    let claim = as_admin(admin).path("verificationId", &queued);
    world.send(claim_verification::use_case(), claim).await.data();
    assert_eq!(world.own_verification(id).await["recheckStatus"], "in_review");
    assert!(world.is_found(id).await);
    let closed = request(approve_verification::use_case()).await;
    assert_eq!((&closed.data()["kind"], &closed.data()["status"]), (&json!("recheck"), &json!("approved")));
    let own = world.own_verification(id).await;
    assert_eq!((&own["status"], own.get("recheckStatus")), (&json!("approved"), None));
    assert!(world.is_found(id).await);
    assert_eq!(world.look(approved_at).await[0].get::<_, String>(0), before);
    let event = world.bus.events().pop().unwrap();
    assert_eq!((event.kind.as_str(), &event.data["kind"]), ("tutor.approved", &json!("recheck")));
    world.changes(id, &profile_of("Ada L.", "h", "algebra")).await;
    assert_ne!(world.queued().await.unwrap(), queued, "the next change queues the next one");
}

#[tokio::test]
async fn a_rejected_recheck_takes_the_tutor_off_every_list() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.changes(id, &profile_of("Augusta L.", "h", "algebra")).await;
    assert!(world.is_found(id).await);
    let queued = world.queued().await.unwrap();
    world.send(reject_verification::use_case(), because(&queued)).await.data();
    assert!(!world.is_found(id).await);
    let own = world.own_verification(id).await;
    assert_eq!((&own["status"], own.get("recheckStatus")), (&json!("rejected"), None));
    let stale = world.look("SELECT 1 FROM free_states WHERE stale").await;
    assert_eq!(stale.len(), 1, "what a search knows of the free times is computed anew");
    world.changes(id, &profile_of("Ada L.", "h", "algebra")).await;
    assert_eq!(world.queued().await, None, "a rejection is final");
}

#[tokio::test]
async fn a_recheck_that_requests_changes_leaves_the_approval_and_is_submitted_again() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    world.changes(id, &profile_of("Augusta L.", "h", "algebra")).await;
    let queued = world.queued().await.unwrap();
    let identity =
        world.look("SELECT id FROM documents WHERE kind = 'identity'").await[0].get::<_, uuid::Uuid>(0);
    let body = json!({
        "reason": "Show a passport of that name.", "documents": [{ "documentId": identity, "reason": "Other name." }],
    });
    let request = as_admin(user()).path("verificationId", &queued).json(&body);
    world.send(request_verification_changes::use_case(), request).await.data();
    assert!(world.is_found(id).await);
    let own = world.own_verification(id).await;
    assert_eq!((&own["status"], &own["recheckStatus"]), (&json!("approved"), &json!("changes_requested")));
    assert_eq!(own["missing"][0]["what"], "identity_document");
    assert_eq!(world.send(submit_verification::use_case(), submission(id)).await.status, 409);
    world.hands_in(id, &[("identity", "uploaded")]).await;
    let again = world.send(submit_verification::use_case(), submission(id)).await;
    assert_eq!((&again.data()["status"], &again.data()["kind"]), (&json!("approved"), &json!("recheck")));
    assert_eq!(again.data()["recheckStatus"], "submitted");
    assert!(world.is_found(id).await, "also while it waits");
    assert_eq!(world.bus.events().pop().unwrap().data["kind"], "recheck");
}

/// What the inspection of an upload does.
async fn document_arrives(world: &World, tutor: UserId, id: VerificationId) -> bool {
    let sql = "SELECT verification_queue_recheck($1, $2, $3)";
    let (tutor, at, id) = (tutor.0, world.clock.now(), id.0);
    let params = [
        (&tutor as _, lectern_postgres::Type::UUID),
        (&at as _, lectern_postgres::Type::TIMESTAMPTZ),
        (&id as _, lectern_postgres::Type::UUID),
    ];
    world.services.base.db.write(sql, &params).await.unwrap()[0].get(0)
}

#[tokio::test]
async fn a_document_queues_a_recheck_of_an_approved_tutor_unless_something_is_open() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let fresh = || VerificationId(user().0);
    assert!(!document_arrives(&world, id, fresh()).await, "a draft");
    assert!(!document_arrives(&world, user(), fresh()).await, "nobody");
    world.submit(id).await;
    assert!(!document_arrives(&world, id, fresh()).await, "an open submission");
    world.clock.advance(SignedDuration::from_secs(1));
    let verification = world.look("SELECT id::text FROM verifications").await[0].get::<_, String>(0);
    world.send(approve_verification::use_case(), because(&verification)).await.data();
    let queued = fresh();
    assert!(document_arrives(&world, id, queued).await);
    assert!(!document_arrives(&world, id, fresh()).await, "an open re-check");
    assert_eq!(world.queued().await, Some(queued.to_string()));
    assert_eq!(world.own_verification(id).await["recheckStatus"], "submitted");
}

#[tokio::test]
async fn of_many_changes_at_once_one_recheck_comes() {
    let world = World::new().await;
    let id = world.approved(&profile(), &availability()).await;
    let others: Vec<_> = (0..10).map(|_| world.another()).collect();
    let use_case = put_tutor_profile::use_case();
    let rename = as_tutor(id).header("if-match", "\"4\"").json(&profile_of("Augusta L.", "h", "algebra"));
    let arrivals = (0..10).map(|_| document_arrives(&world, id, VerificationId(user().0)));
    let renames = others.iter().map(|services| rename.clone().send(&use_case, services));
    let (_, answers) =
        futures::join!(futures::future::join_all(arrivals), futures::future::join_all(renames));
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    assert!(answers.iter().all(|a| [200, 409, 412].contains(&a.status)));
    assert_eq!(world.look("SELECT 1 FROM verifications WHERE kind = 'recheck'").await.len(), 1);
}
