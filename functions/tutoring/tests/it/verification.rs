use jiff::SignedDuration;
use lectern_runtime::testing::TestRequest;
use lectern_tutoring::{
    approve_verification, get_own_tutor_profile, get_tutor, list_verifications, put_tutor_profile,
    submit_verification,
};
use serde_json::json;

use super::world::{World, as_admin, as_nobody, as_tutor, profile, profile_of, submission, user};

fn missing(body: &serde_json::Value) -> Vec<&str> {
    body["missing"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect()
}

fn approval(admin: lectern_domain::id::UserId, verification: &str) -> TestRequest {
    as_admin(admin).path("verificationId", verification).json(&json!({ "reason": "Degree seen." }))
}

#[tokio::test]
async fn a_complete_profile_with_documents_is_submitted_and_approved_and_the_decision_is_kept() {
    let world = World::new().await;
    let (id, admin) = (world.tutor(&profile()).await, user());
    world.hands_in(id, &[("identity", "uploaded"), ("certificate", "uploaded")]).await;
    let (submitted, trips) = world.counted(world.send(submit_verification::use_case(), submission(id))).await;
    assert_eq!((submitted.status, trips), (201, 3));
    assert_eq!(submitted.data()["status"], "submitted");
    let verification = submitted.data()["verificationId"].as_str().unwrap().to_owned();
    world.clock.advance(SignedDuration::from_hours(5));
    let approve = world.send(approve_verification::use_case(), approval(admin, &verification));
    let (approved, trips) = world.counted(approve).await;
    assert_eq!(trips, 3);
    let decision = json!({ "adminId": admin, "decidedAt": "2027-05-03T17:00:00Z", "reason": "Degree seen." });
    assert_eq!(approved.data()["status"], "approved");
    assert_eq!(approved.data()["decision"], decision);

    let listed = world.send(list_verifications::use_case(), as_admin(user())).await;
    assert_eq!(listed.data()["items"][0]["decision"], decision);
    assert_eq!(listed.data()["items"][0]["claim"]["adminId"], json!(admin));
    let own = world.send(get_own_tutor_profile::use_case(), as_tutor(id)).await;
    assert_eq!(own.data()["verification"]["status"], "approved");
    assert!(!own.data().to_string().contains(&admin.to_string()), "the tutor isn't told which admin");
    assert_eq!(world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await.status, 200);
    assert_eq!(
        world.bus.kinds(),
        ["tutor.profile_created", "tutor.verification_submitted", "tutor.approved"]
    );
    let event = world.bus.events().pop().unwrap();
    assert_eq!((event.actor, event.aggregate.sequence), (format!("user:{admin}"), 3));
    assert_eq!(event.data["country"], "DE");
}

#[tokio::test]
async fn nothing_is_submitted_twice_or_without_a_profile() {
    let world = World::new().await;
    let submit = |id| world.send(submit_verification::use_case(), submission(id));
    let empty = submit(user()).await;
    assert_eq!((empty.status, empty.problem()), (409, "wrong-state"));
    assert_eq!(missing(&empty.body), ["profile", "identity_document", "qualification"]);
    let id = world.tutor(&profile()).await;
    let bare = submit(id).await;
    assert_eq!((bare.status, missing(&bare.body)), (409, vec!["identity_document", "qualification"]));
    world
        .hands_in(
            id,
            &[("identity", "rejected"), ("degree", "awaiting_upload"), ("background_check", "uploaded")],
        )
        .await;
    let waiting = submit(id).await;
    assert_eq!(missing(&waiting.body), ["identity_document", "qualification", "upload"]);
    assert_eq!(
        waiting.body["detail"],
        "Upload an identity document. Upload a degree or another certificate. \
         Upload the documents that you have announced, or delete them."
    );
    let id = world.tutor(&profile()).await;
    world.submit(id).await;
    assert_eq!(submit(id).await.problem(), "wrong-state");
    let other = world.tutor(&profile()).await;
    world.approve(other).await;
    assert_eq!(submit(other).await.problem(), "wrong-state");
}

#[tokio::test]
async fn the_same_key_again_gives_the_first_answer_again() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    world.hands_in(id, &[("identity", "uploaded"), ("degree", "uploaded")]).await;
    let request = submission(id);
    let first = world.send(submit_verification::use_case(), request.clone()).await;
    let again = world.send(submit_verification::use_case(), request.clone()).await;
    assert_eq!((again.status, again.data()), (201, first.data()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let another_body = request.json(&json!({ "note": "please" }));
    let refused = world.send(submit_verification::use_case(), another_body).await;
    assert_eq!(refused.bad_fields(), ["note"]);
    let keyless = world.send(submit_verification::use_case(), as_tutor(id).json(&json!({}))).await;
    assert_eq!((keyless.status, keyless.problem()), (400, "idempotency-key-missing"));
    assert_eq!(world.bus.kinds(), ["tutor.profile_created", "tutor.verification_submitted"]);
}

#[tokio::test]
async fn two_submissions_with_one_key_at_once_are_one() {
    let world = World::new().await;
    let (id, other) = (world.tutor(&profile()).await, world.another());
    world.hands_in(id, &[("identity", "uploaded"), ("degree", "accepted")]).await;
    let (use_case, request) = (submit_verification::use_case(), submission(id));
    let (a, b) =
        futures::join!(request.clone().send(&use_case, &world.services), request.send(&use_case, &other));
    assert_eq!(a.data(), b.data());
    assert_eq!(world.look("SELECT 1 FROM verifications").await.len(), 1);
}

#[tokio::test]
async fn of_two_admins_at_once_one_decides() {
    let world = World::new().await;
    for _ in 0..10 {
        let id = world.tutor(&profile()).await;
        let (verification, other, use_case) =
            (world.submit(id).await, world.another(), approve_verification::use_case());
        let (first, second) = (user(), user());
        let (a, b) = futures::join!(
            approval(first, &verification).send(&use_case, &world.services),
            approval(second, &verification).send(&use_case, &other)
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let winner = if a.status == 200 { first } else { second };
        let events = world.bus.events();
        let approvals: Vec<_> =
            events.iter().filter(|e| e.kind == "tutor.approved" && e.aggregate.id == id.0).collect();
        assert_eq!(approvals.len(), 1);
        assert_eq!(approvals[0].data["adminId"], json!(winner));
    }
}

#[tokio::test]
async fn a_decision_is_not_made_twice_and_the_database_keeps_it() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    let verification = world.submit(id).await;
    let approve = || world.send(approve_verification::use_case(), approval(user(), &verification));
    assert_eq!(approve().await.status, 200);
    assert_eq!(approve().await.problem(), "wrong-state");
    let unknown = world.send(approve_verification::use_case(), approval(user(), &user().to_string())).await;
    assert_eq!(unknown.problem(), "not-found");
    for sql in
        ["UPDATE verifications SET reason = 'other' RETURNING 1", "DELETE FROM verifications RETURNING 1"]
    {
        let refused = world.services.base.db.write(sql, &[]).await.unwrap_err();
        assert!(refused.is_constraint("verifications_decision_kept"), "{refused}");
    }
}

#[tokio::test]
async fn an_approved_tutor_who_changes_the_profile_stays_approved() {
    let world = World::new().await;
    let id = world.tutor(&profile()).await;
    world.approve(id).await;
    let request =
        as_tutor(id).header("if-match", "\"3\"").json(&profile_of("Ada Lovelace", "New", "calculus"));
    assert_eq!(world.send(put_tutor_profile::use_case(), request).await.status, 200);
    let public = world.send(get_tutor::use_case(), as_nobody().path("tutorId", id)).await;
    assert_eq!(public.data()["displayName"], "Ada L.");
}

#[tokio::test]
async fn admins_see_submissions_oldest_first_page_by_page() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        let id = world.tutor(&profile_of(name, "h", "algebra")).await;
        ids.push(world.submit(id).await);
        world.clock.advance(SignedDuration::from_mins(1));
    }
    world.send(approve_verification::use_case(), approval(user(), &ids[1])).await.data();
    let list = |query: &'static [(&'static str, &'static str)]| {
        let request = query.iter().fold(as_admin(user()), |r, (name, value)| r.query(name, value));
        world.send(list_verifications::use_case(), request)
    };
    let names = |answer: &lectern_runtime::testing::Answered| -> String {
        answer.data()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["displayName"].as_str().unwrap())
            .collect()
    };
    let (all, trips) = world.counted(list(&[])).await;
    assert_eq!((names(&all).as_str(), trips), ("ABCDE", 1));
    let waiting = list(&[("status", "submitted")]).await;
    assert_eq!((names(&waiting).as_str(), &waiting.data()["total"]), ("ACDE", &json!(4)));
    let page = list(&[("limit", "2"), ("offset", "2")]).await;
    assert_eq!(names(&page), "CD");
    assert_eq!((&page.data()["hasNext"], &page.data()["total"]), (&json!(true), &json!(5)));
    let beyond = list(&[("offset", "10")]).await;
    assert_eq!((names(&beyond).as_str(), &beyond.data()["total"]), ("", &json!(5)));
    let wrong = list(&[("status", "lost"), ("limit", "0"), ("offset", "-1"), ("page", "2")]).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["limit", "offset", "page", "status"]);
}
