//! What an admin can say of a tutor, and what comes of it.

use serde_json::{Value, json};

use crate::support::http::{Answer, Call};
use crate::support::people::Person;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

impl World {
    async fn says(&self, admin: &Person, verification: &str, what: &str, body: Value) -> Answer {
        let path = format!("/v1/admin/verifications/{verification}/{what}");
        self.api.post(&path, &admin.access_token, body).await
    }

    /// A newcomer with profile and hours.
    async fn beginner(&self) -> Person {
        let tutor = self.newcomer().await;
        self.put_profile(&tutor).await;
        self.put_hours(&tutor).await;
        tutor
    }

    async fn own_verification(&self, tutor: &Person) -> Value {
        let answer = self.api.get("/v1/tutors/me/verification", &tutor.access_token).await;
        answer.data(200).clone()
    }

    async fn is_listed(&self, tutor: &Person) -> bool {
        self.api.read(&format!("/v1/tutors/{}", tutor.id)).await.status == 200
    }
}

#[tokio::test]
async fn a_tutors_profile_begins_with_the_account_and_says_what_is_missing() {
    let world = World::shared().await;
    let tutor = world.newcomer().await;
    let begun = until("tutoring has heard of the account", SOON, async || {
        let answer = world.api.get("/v1/tutors/me", &tutor.access_token).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(begun.header("etag"), Some("\"0\""));
    assert_eq!(begun.data(200)["profile"], Value::Null);
    let refused = world.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
    refused.is_problem(409, "wrong-state");
    assert_eq!(refused.body["missing"], begun.data(200)["missing"]);
}

#[tokio::test]
async fn a_tutor_mends_what_an_admin_asks_for_and_is_approved() {
    let world = World::shared().await;
    let (tutor, admin, other) =
        futures::join!(world.beginner(), world.appointed("admin"), world.appointed("admin"));
    let (first, identity) = world.submit_with_identity(&tutor).await;
    assert_eq!(world.says(&admin, &first, "claim", json!({})).await.data(200)["status"], "in_review");
    for what in ["claim", "approve"] {
        world.says(&other, &first, what, json!({})).await.is_problem(409, "wrong-state");
    }
    let path = format!("/v1/admin/verifications/{first}");
    let seen = world.api.get(&path, &admin.access_token).await;
    assert_eq!(seen.data(200)["documents"].as_array().unwrap().len(), 2);
    let body = json!({
        "reason": "The first page can't be read.", "documents": [{ "documentId": identity, "reason": "Blurred." }],
    });
    let asked = Call::new("POST", format!("{path}/request-changes")).token(&admin.access_token);
    let asked = asked.header("if-match", seen.header("etag").unwrap()).body(body);
    world.api.call(asked).await.data(200);
    let own = world.own_verification(&tutor).await;
    assert_eq!(
        (&own["status"], &own["missing"][0]["what"]),
        (&json!("changes_requested"), &json!("identity_document"))
    );
    let second = world.submit(&tutor).await;
    world.says(&admin, &second, "approve", json!({})).await.data(200);
    assert!(world.is_listed(&tutor).await);
    let history = world.own_verification(&tutor).await["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 2);
    let expected = [
        "tutor.profile_created",
        "tutor.availability_changed",
        "tutor.verification_submitted",
        "tutor.changes_requested",
        "tutor.verification_submitted",
        "tutor.approved",
    ];
    world.assert_events("tutor", &tutor.id, &expected).await;
}

#[tokio::test]
async fn an_approved_tutor_with_a_new_name_is_looked_at_again_and_can_be_rejected() {
    let world = World::shared().await;
    let (tutor, admin) = futures::join!(world.tutor(), world.staff("admin"));
    let own = world.api.get("/v1/tutors/me", &tutor.access_token).await;
    let body = json!({
        "displayName": "Somebody Else", "headline": "Algebra, tested", "bio": "I exist for a few seconds.",
        "timeZone": "Europe/London", "country": "GB", "languages": [{ "language": "en", "level": "native" }],
        "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
        "hourlyRate": { "amount": 4500, "currency": "USD" },
    });
    let put = Call::new("PUT", "/v1/tutors/me").token(&tutor.access_token).body(body);
    world.api.call(put.header("if-match", own.header("etag").unwrap())).await.data(200);
    assert!(world.is_listed(&tutor).await, "the approval stays");
    let own = world.own_verification(&tutor).await;
    assert_eq!((&own["status"], &own["recheckStatus"]), (&json!("approved"), &json!("submitted")));
    let recheck = own["verificationId"].as_str().unwrap();
    let reason = json!({ "reason": "That is not who you are." });
    world.says(&admin, recheck, "reject", reason).await.data(200);
    assert!(!world.is_listed(&tutor).await);
    let again = world.api.post("/v1/tutors/me/verification", &tutor.access_token, json!({})).await;
    again.is_problem(409, "wrong-state");
    let expected = [
        "tutor.profile_created",
        "tutor.availability_changed",
        "tutor.verification_submitted",
        "tutor.approved",
        "tutor.profile_updated",
        "tutor.rejected",
    ];
    world.assert_events("tutor", &tutor.id, &expected).await;
}

#[tokio::test]
async fn a_suspended_tutor_is_not_listed_until_reinstated() {
    let world = World::shared().await;
    let (tutor, admin) = futures::join!(world.tutor(), world.staff("admin"));
    let act = async |what: &str, body: Value| {
        let path = format!("/v1/admin/users/{}/{what}", tutor.id);
        world.api.post(&path, &admin.access_token, body).await.data(200);
    };
    act("suspend", json!({ "reason": "a test" })).await;
    until("the tutor is off the list", SOON, async || (!world.is_listed(&tutor).await).then_some(())).await;
    act("reinstate", json!({})).await;
    until("the tutor is on the list again", SOON, async || world.is_listed(&tutor).await.then_some(())).await;
}
