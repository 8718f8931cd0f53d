//! Claiming and deciding submissions, and what admins and tutors see of it.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_runtime::UseCase;
use lectern_runtime::testing::{Answered, TestRequest};
use lectern_tutoring::{
    Tutoring, approve_verification, claim_verification, get_own_tutor_profile, get_own_verification,
    get_tutor, get_verification, list_verifications, put_rates, reject_verification,
    request_verification_changes, submit_verification,
};
use serde_json::{Value, json};

use super::world::{
    World, as_admin, as_nobody, as_tutor, availability, profile, profile_of, submission, user,
};

fn of(admin: UserId, verification: &str) -> TestRequest {
    as_admin(admin).path("verificationId", verification)
}

fn because(admin: UserId, verification: &str, reason: &str) -> TestRequest {
    of(admin, verification).json(&json!({ "reason": reason }))
}

async fn claims(world: &World, admin: UserId, verification: &str) -> Answered {
    world.send(claim_verification::use_case(), of(admin, verification)).await
}

/// Each of the three decisions, as somebody would make it.
fn decisions(admin: UserId, verification: &str) -> [(UseCase<Tutoring>, TestRequest, &'static str); 3] {
    let request = || because(admin, verification, "Looked at.");
    [
        (approve_verification::use_case(), request(), "approved"),
        (reject_verification::use_case(), request(), "rejected"),
        (request_verification_changes::use_case(), request(), "changes_requested"),
    ]
}

#[tokio::test]
async fn what_an_admin_has_claimed_only_that_admin_decides() {
    let world = World::new().await;
    for nth in 0..3 {
        let id = world.tutor(&profile()).await;
        let (verification, mine, other) = (world.submit(id).await, user(), user());
        let (claimed, trips) = world.counted(claims(&world, mine, &verification)).await;
        assert_eq!((claimed.status, trips), (200, 2));
        assert_eq!(claimed.data()["status"], "in_review");
        let claim = json!({
            "adminId": mine, "claimedAt": "2027-05-03T12:00:00Z", "until": "2027-05-04T12:00:00Z",
        });
        assert_eq!(claimed.data()["claim"], claim);
        let own = world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await;
        assert_eq!(own.data()["verification"]["status"], "in_review");
        for (use_case, request, _) in decisions(other, &verification) {
            let refused = world.send(use_case, request).await;
            assert_eq!((refused.status, refused.problem()), (409, "wrong-state"));
            assert_eq!(refused.body["claimedUntil"], "2027-05-04T12:00:00Z");
        }
        let (use_case, request, status) = decisions(mine, &verification).into_iter().nth(nth).unwrap();
        let (decided, trips) = world.counted(world.send(use_case, request)).await;
        assert_eq!((decided.data()["status"].as_str(), trips), (Some(status), 3));
        assert_eq!(decided.data()["claim"], claim, "since when it was in hand stays");
        assert_eq!(decided.data()["decision"]["adminId"], json!(mine));
        for (use_case, request, _) in decisions(mine, &verification) {
            assert_eq!(world.send(use_case, request).await.problem(), "wrong-state");
        }
        assert_eq!(claims(&world, mine, &verification).await.problem(), "wrong-state");
    }
}

#[tokio::test]
async fn a_claim_can_be_taken_over_after_a_day_and_not_before() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let (verification, first, second) = (world.submit(id).await, user(), user());
    claims(&world, first, &verification).await.data();
    world.clock.advance(SignedDuration::from_hours(23));
    let (again, trips) = world.counted(claims(&world, first, &verification)).await;
    assert_eq!(again.data()["claim"]["claimedAt"], "2027-05-03T12:00:00Z", "one's own again changes nothing");
    assert_eq!(trips, 1);
    let early = claims(&world, second, &verification).await;
    assert_eq!((early.status, early.problem()), (409, "wrong-state"));
    assert_eq!(
        early.body["detail"],
        "Another admin is reviewing it. From 2027-05-04T12:00:00Z on it can be claimed by somebody else."
    );
    world.clock.advance(SignedDuration::from_hours(1));
    let taken = claims(&world, second, &verification).await;
    assert_eq!(taken.data()["claim"]["adminId"], json!(second));
    let late = world.send(approve_verification::use_case(), because(first, &verification, "Mine.")).await;
    assert_eq!(late.problem(), "wrong-state", "it is the second one's now");
    let approve = because(second, &verification, "Seen.");
    assert_eq!(world.send(approve_verification::use_case(), approve).await.status, 200);
}

#[tokio::test]
async fn of_fifty_admins_at_once_one_claims_and_the_others_are_told() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let verification = world.submit(id).await;
    let rivals: Vec<_> = (0..50).map(|_| (world.another(), user())).collect();
    let use_case = claim_verification::use_case();
    let claims = rivals.iter().map(|(services, admin)| of(*admin, &verification).send(&use_case, services));
    let answers = futures::future::join_all(claims).await;
    let winners: Vec<_> = answers
        .iter()
        .zip(&rivals)
        .filter(|(answer, _)| answer.status == 200)
        .map(|(_, rival)| rival.1)
        .collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)));
    let stored = world.look("SELECT claimed_by::text, version FROM verifications").await;
    assert_eq!(stored[0].get::<_, String>(0), winners[0].to_string());
    assert_eq!(stored[0].get::<_, i64>(1), 2, "nobody wrote after the winner");
}

#[tokio::test]
async fn of_fifty_admins_who_decide_differently_at_once_one_decides() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let verification = world.submit(id).await;
    let rivals: Vec<_> = (0..50_usize).map(|n| (n, world.another(), user())).collect();
    let decide = rivals.iter().map(|(n, services, admin)| {
        let (use_case, request, status) = decisions(*admin, &verification).into_iter().nth(n % 3).unwrap();
        async move { (request.send(&use_case, services).await, *admin, status) }
    });
    let answers = futures::future::join_all(decide).await;
    let winners: Vec<_> = answers.iter().filter(|(answer, ..)| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().all(|(answer, ..)| [200, 409].contains(&answer.status)));
    let (_, admin, status) = winners[0];
    let stored = world
        .look(
            "SELECT v.status, t.verification_status, v.decided_by::text, v.claimed_by::text, t.sequence
             FROM verifications v JOIN tutors t ON t.id = v.tutor_id",
        )
        .await;
    let text = |column| stored[0].get::<_, String>(column);
    assert_eq!([text(0), text(1)], [status.to_string(), status.to_string()]);
    assert_eq!([text(2), text(3)], [admin.to_string(), admin.to_string()]);
    assert_eq!(stored[0].get::<_, i64>(4), 3);
    assert_eq!(world.bus.kinds().len(), 3, "{:?}", world.bus.kinds());
}

#[tokio::test]
async fn of_two_who_take_a_stale_claim_over_at_once_one_has_it() {
    let world = World::new().await;
    for _ in 0..10 {
        let id = world.tutor(&profile()).await;
        let (verification, away) = (world.submit(id).await, user());
        claims(&world, away, &verification).await.data();
        world.clock.advance(SignedDuration::from_hours(24));
        let (other, third, use_case) = (world.another(), world.another(), claim_verification::use_case());
        let decide = approve_verification::use_case();
        // The one who was away comes back at the very moment.
        let (a, b, c) = futures::join!(
            of(user(), &verification).send(&use_case, &world.services),
            of(user(), &verification).send(&use_case, &other),
            because(away, &verification, "I am back.").send(&decide, &third)
        );
        let won = [&a, &b, &c].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{a:?} {b:?} {c:?}");
    }
}

#[tokio::test]
async fn a_rejection_needs_a_reason_is_final_and_names_documents_that_are_not_taken() {
    let world = World::new().await;
    let id = world.tutor_with_hours(&profile()).await;
    let verification = world.submit(id).await;
    let [third] = world.hands_in(id, &[("certificate", "uploaded")]).await[..] else { panic!("one") };
    let reject =
        |body: Value| world.send(reject_verification::use_case(), of(user(), &verification).json(&body));
    assert_eq!(reject(json!({})).await.bad_fields(), ["reason"]);
    let one = json!({ "documentId": third, "reason": "Made up." });
    let twice = reject(json!({ "reason": " ", "documents": [one, one] })).await;
    let mut fields = twice.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["documents[1].documentId", "reason"]);
    let unknown =
        reject(json!({ "reason": "No.", "documents": [one, { "documentId": user(), "reason": "x" }] })).await;
    assert_eq!((unknown.status, unknown.bad_fields()), (422, vec!["documents[1].documentId"]));
    assert!(world.look("SELECT 1 FROM documents WHERE status = 'rejected'").await.is_empty());

    let rejected = reject(json!({ "reason": "A forged certificate.", "documents": [one] })).await;
    assert_eq!(rejected.data()["status"], "rejected");
    let statuses = world.look("SELECT status, reason FROM documents ORDER BY status").await;
    let statuses: Vec<(String, Option<String>)> = statuses.iter().map(|r| (r.get(0), r.get(1))).collect();
    let uploaded = || ("uploaded".to_owned(), None);
    assert_eq!(statuses, [("rejected".to_owned(), Some("Made up.".to_owned())), uploaded(), uploaded()]);
    let own = world.send(get_own_verification::use_case(), as_tutor(id)).await;
    assert_eq!(
        (&own.data()["status"], &own.data()["reason"]),
        (&json!("rejected"), &json!("A forged certificate."))
    );
    assert_eq!(world.send(submit_verification::use_case(), submission(id)).await.problem(), "wrong-state");
    let event = world.bus.events().pop().unwrap();
    assert_eq!((event.kind.as_str(), &event.data["kind"]), ("tutor.rejected", &json!("first")));
    assert!(!event.data.to_string().contains("forged"));
    assert_eq!(world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await.status, 404);
}

#[tokio::test]
async fn after_requested_changes_a_tutor_submits_again_and_every_decision_stays() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let first = world.submit(id).await;
    let identity =
        world.look("SELECT id FROM documents WHERE kind = 'identity'").await[0].get::<_, uuid::Uuid>(0);
    let body = json!({
        "reason": "Your passport can't be read.", "documents": [{ "documentId": identity, "reason": "Blurred." }],
    });
    let asked = world.send(request_verification_changes::use_case(), of(user(), &first).json(&body)).await;
    assert_eq!(asked.data()["status"], "changes_requested");
    assert_eq!(world.bus.events().pop().unwrap().kind, "tutor.changes_requested");
    world.clock.advance(SignedDuration::from_hours(1));

    let (own, trips) = world.counted(world.send(get_own_verification::use_case(), as_tutor(id))).await;
    assert_eq!((&own.data()["status"], trips), (&json!("changes_requested"), 1));
    let missing = json!([{ "what": "identity_document", "message": "Upload an identity document." }]);
    assert_eq!(own.data()["missing"], missing);
    assert_eq!(world.send(submit_verification::use_case(), submission(id)).await.status, 409);
    world.hands_in(id, &[("identity", "uploaded")]).await;
    let again = world.send(submit_verification::use_case(), submission(id)).await;
    assert_eq!((again.status, &again.data()["kind"]), (201, &json!("first")));
    let second = again.data()["verificationId"].as_str().unwrap();
    world.send(approve_verification::use_case(), because(user(), second, "Well.")).await.data();

    let own = world.send(get_own_verification::use_case(), as_tutor(id)).await;
    let of = |field: &str| {
        own.data()["history"].as_array().unwrap().iter().map(|h| h[field].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("status"), ["approved", "changes_requested"]);
    assert_eq!(of("reason"), ["Well.", "Your passport can't be read."]);
    assert_eq!(of("verificationId"), [second, first.as_str()]);
    assert!(!own.body.to_string().contains("admin"), "the tutor isn't told which admin");
    let old = world.send(approve_verification::use_case(), because(user(), &first, "No, this.")).await;
    assert_eq!(old.problem(), "wrong-state", "an old decision is not made anew");
    let documents = world.look("SELECT status FROM documents ORDER BY status").await;
    let statuses: Vec<String> = documents.iter().map(|r| r.get(0)).collect();
    assert_eq!(statuses, ["accepted", "accepted", "rejected"], "an approval takes what has arrived");
}

#[tokio::test]
async fn an_admin_reads_all_that_a_decision_needs_and_decides_on_exactly_that() {
    let world = World::new().await;
    let id = world.tutor(&profile_of("Ada Lovelace", "Proofs", "algebra")).await;
    let verification = world.submit(id).await;
    let read = || world.send(get_verification::use_case(), of(user(), &verification));
    let (seen, trips) = world.counted(read()).await;
    assert_eq!(trips, 1);
    let data = seen.data();
    assert_eq!(
        (&data["kind"], &data["status"], &data["tutorId"]),
        (&json!("first"), &json!("submitted"), &json!(id))
    );
    assert_eq!(data["profile"]["displayName"], "Ada Lovelace", "whole, and not as students see it");
    assert_eq!(data["profile"]["bio"], profile()["bio"]);
    let documents = data["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    let document = documents.iter().find(|d| d["kind"] == "identity").unwrap();
    assert_eq!(document["size"], 1000);
    assert_eq!(
        (&document["contentType"], &document["status"]),
        (&json!("application/pdf"), &json!("uploaded"))
    );
    assert!(document.get("sha256").is_none());
    assert_eq!(data["history"][0]["verificationId"], json!(verification));

    let etag = seen.headers["etag"].clone();
    assert_eq!(read().await.headers["etag"], etag, "nothing has changed");
    world.hands_in(id, &[("degree", "uploaded")]).await;
    assert_ne!(read().await.headers["etag"], etag);
    let approve = because(user(), &verification, "Seen.").header("if-match", &etag);
    let refused = world.send(approve_verification::use_case(), approve.clone()).await;
    assert_eq!((refused.status, refused.problem()), (412, "precondition-failed"));
    let present = read().await.headers["etag"].clone();
    assert_eq!(
        world.send(approve_verification::use_case(), approve.header("if-match", &present)).await.status,
        200
    );
    let unknown = world.send(get_verification::use_case(), of(user(), &user().to_string())).await;
    assert_eq!((unknown.status, unknown.problem()), (404, "not-found"));
    assert_eq!(claims(&world, user(), &user().to_string()).await.status, 404);
}

#[tokio::test]
async fn a_change_of_the_profile_and_a_decision_at_once_never_both_win_unseen() {
    let world = World::new().await;
    for _ in 0..10 {
        let id = world.tutor(&profile()).await;
        let verification = world.submit(id).await;
        let rates = json!({ "hourlyRate": { "amount": 9_900, "currency": "EUR" } });
        let put = as_tutor(id).header("if-match", "\"2\"").json(&rates);
        let (approve, change, other) =
            (approve_verification::use_case(), put_rates::use_case(), world.another());
        let (a, b) = futures::join!(
            because(user(), &verification, "Seen.").send(&approve, &world.services),
            put.send(&change, &other)
        );
        let statuses = (a.status, b.status);
        // One after the other both are fine, but whoever saves second has read what the first has saved.
        assert!([(200, 409), (200, 412), (409, 200), (200, 200)].contains(&statuses), "{statuses:?}");
        let stored = world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await;
        let events = world.bus.events().iter().filter(|e| e.aggregate.id == id.0).count();
        assert_eq!(stored.headers["etag"], format!("\"{events}\""), "each event has its own number");
    }
}

#[tokio::test]
async fn admins_filter_the_queue_by_kind_status_and_age() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        let id = world.tutor(&profile_of(name, "h", "algebra")).await;
        let verification = world.submit(id).await;
        ids.push((id, verification));
        world.clock.advance(SignedDuration::from_hours(10));
    }
    world.send(approve_verification::use_case(), because(user(), &ids[0].1, "Seen.")).await.data();
    claims(&world, user(), &ids[1].1).await.data();
    let renamed = as_tutor(ids[0].0).header("if-match", "\"3\"").json(&profile_of("D", "h", "algebra"));
    world.send(lectern_tutoring::put_tutor_profile::use_case(), renamed).await.data();
    let list = async |query: &[(&str, &str)]| {
        let request = query.iter().fold(as_admin(user()), |r, (name, value)| r.query(name, value));
        let answer = world.send(list_verifications::use_case(), request).await;
        let items = answer.data()["items"].as_array().unwrap();
        assert_eq!(answer.data()["total"], json!(items.len()));
        items.iter().map(|i| i["displayName"].as_str().unwrap()).collect::<String>()
    };
    assert_eq!(list(&[]).await, "DBCD");
    assert_eq!(list(&[("kind", "recheck")]).await, "D");
    assert_eq!(list(&[("kind", "first"), ("status", "submitted")]).await, "C");
    assert_eq!(list(&[("status", "in_review")]).await, "B");
    assert_eq!(list(&[("olderThanHours", "15")]).await, "DB");
    assert_eq!(list(&[("olderThanHours", "15"), ("status", "in_review")]).await, "B");
    let wrong = as_admin(user()).query("kind", "second").query("olderThanHours", "-1");
    let wrong = world.send(list_verifications::use_case(), wrong).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["kind", "olderThanHours"]);
}

#[tokio::test]
async fn a_decision_that_the_bus_did_not_take_is_made_all_the_same() {
    let world = World::new().await;
    let id = world.tutor_with_hours(&profile()).await;
    let verification = world.submit(id).await;
    world.bus.set_down(true);
    let rejected = world.send(reject_verification::use_case(), because(user(), &verification, "No.")).await;
    assert_eq!(rejected.status, 200);
    let waiting = world.look("SELECT envelope ->> 'type' FROM outbox WHERE published_at IS NULL").await;
    assert_eq!(waiting.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>(), ["tutor.rejected"]);
}

impl World {
    /// A tutor with hours who hasn't been submitted.
    async fn tutor_with_hours(&self, profile: &Value) -> UserId {
        let id = self.tutor(profile).await;
        let request = as_tutor(id).json(&availability());
        self.send(lectern_tutoring::put_availability::use_case(), request).await.data();
        id
    }
}
