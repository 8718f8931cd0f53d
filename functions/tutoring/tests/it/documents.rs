use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_domain::tutoring::upload::{FileType, Sha256};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke, upload};
use lectern_tutoring::inspection::samples;
use lectern_tutoring::{
    announce_document, approve_verification, get_document_link, inspect_upload, list_own_documents,
    remove_document, submit_verification, sweep_tutor_files,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256 as Hash};

use super::world::{World, as_admin, as_tutor, availability, profile, submission, user};

/// What is announced of a file.
pub fn announcement(content_type: FileType, content: &[u8]) -> Value {
    json!({ "contentType": content_type, "size": content.len(),
            "sha256": Sha256(Hash::digest(content).into()) })
}

impl World {
    /// Announces a degree.
    pub async fn announce(&self, tutor: UserId, content_type: FileType, content: &[u8]) -> Answered {
        let mut body = announcement(content_type, content);
        body["kind"] = json!("degree");
        let request = as_tutor(tutor).header("idempotency-key", user()).json(&body);
        self.send(announce_document::use_case(), request).await
    }

    /// Announces a degree and sends it; gives its id, and the key under which it arrives.
    pub async fn send_document(
        &self,
        tutor: UserId,
        content_type: FileType,
        content: &[u8],
    ) -> (String, String) {
        let announced = self.announce(tutor, content_type, content).await;
        let key = self.files.post(&announced.data()["upload"], content);
        (announced.data()["documentId"].as_str().unwrap().to_owned(), key)
    }

    /// Tells of a file that has arrived; gives the number of messages that come again.
    pub async fn arrives(&self, key: &str) -> usize {
        upload(&inspect_upload::use_case(), &self.services, &[key]).await
    }

    /// A tutor with a PDF that is uploaded; gives also its id.
    async fn with_document(&self) -> (UserId, String) {
        let tutor = self.tutor(&profile()).await;
        let (id, key) = self.send_document(tutor, FileType::Pdf, &samples::pdf()).await;
        assert_eq!(self.arrives(&key).await, 0);
        (tutor, id)
    }

    async fn documents(&self, tutor: UserId) -> Vec<Value> {
        let answer = self.send(list_own_documents::use_case(), as_tutor(tutor)).await;
        answer.data()["documents"].as_array().unwrap().clone()
    }

    async fn removes(&self, tutor: UserId, id: &str) -> Answered {
        self.send(remove_document::use_case(), as_tutor(tutor).path("documentId", id)).await
    }

    /// Changes what a superuser may.
    async fn change(&self, sql: &str) {
        let client = lectern_postgres::database::connect(&self.db.admin_url, None).await.unwrap();
        client.batch_execute(sql).await.unwrap();
    }

    async fn sweep(&self) -> bool {
        invoke(&sweep_tutor_files::use_case(), &self.services, json!({})).await.is_ok()
    }
}

#[tokio::test]
async fn a_document_is_announced_sent_looked_at_and_read_by_its_owner_alone() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let content = samples::pdf();
    let (announced, trips) = world.counted(world.announce(tutor, FileType::Pdf, &content)).await;
    assert_eq!((announced.status, trips), (201, 2));
    let data = announced.data();
    assert_eq!((&data["status"], &data["kind"]), (&json!("awaiting_upload"), &json!("degree")));
    assert_eq!(data["upload"]["expiresAt"], "2027-05-03T12:15:00Z");
    let fields = &data["upload"]["fields"];
    assert_eq!(fields["Content-Type"], "application/pdf");
    assert_eq!(fields["content-length-range"], format!("{0}-{0}", content.len()));
    assert_eq!(fields["x-amz-checksum-sha256"], announcement(FileType::Pdf, &content)["sha256"]);
    assert_eq!(world.documents(tutor).await[0].get("link"), None, "there is no file yet");

    let key = world.files.post(&data["upload"], &content);
    let (failed, trips) = world.counted(world.arrives(&key)).await;
    assert_eq!((failed, trips), (0, 3), "load, save, mark the event");
    let id = data["documentId"].as_str().unwrap();
    let kept = format!("documents/{tutor}/{id}");
    assert_eq!(world.files.keys(), std::slice::from_ref(&kept), "nothing is left where it arrived");
    assert_eq!(world.files.file(&kept), Some(content));
    assert_eq!(world.files.content_type(&kept).as_deref(), Some("application/pdf"));

    let (listed, trips) = world.counted(world.documents(tutor)).await;
    assert_eq!((listed.len(), trips), (1, 1));
    assert_eq!((&listed[0]["documentId"], &listed[0]["status"]), (&json!(id), &json!("uploaded")));
    let link = &listed[0]["link"];
    assert_eq!(link["expiresAt"], "2027-05-03T12:05:00Z");
    assert_eq!(link["url"], format!("https://files.example/{kept}?as=degree.pdf&until=2027-05-03T12:05:00Z"));
    assert!(world.documents(world.tutor(&profile()).await).await.is_empty());

    let events = world.bus.events();
    let event = events.iter().find(|event| event.kind == "tutor.document_uploaded").unwrap();
    assert_eq!((event.aggregate.kind.as_str(), event.aggregate.sequence), ("document", 1));
    assert_eq!(event.data, json!({ "documentId": id, "tutorId": tutor, "kind": "degree" }));
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_rejected_with_the_reason_and_deleted() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let whole = samples::pdf();
    let cut = &whole[..whole.len() / 2];
    let mut changed = whole.clone();
    changed[40] ^= 1;
    let longer = [&whole[..], &[0; 5]].concat();
    let sent: [(&[u8], &[u8], &str); 8] = [
        (&whole, b"", "empty"),
        (&whole, cut, "were announced"),
        (&whole, &longer, "larger"),
        (&whole, &changed, "checksum"),
        (cut, cut, "cut off"),
        (&samples::executable(), &samples::executable(), "not a PDF"),
        (&samples::zip_bomb(), &samples::zip_bomb(), "application/zip"),
        (&samples::png(9, 9), &samples::png(9, 9), "image/png"),
    ];
    for (nth, (announced, content, why)) in sent.into_iter().enumerate() {
        let answer = world.announce(tutor, FileType::Pdf, announced).await;
        let key = world.files.post(&answer.data()["upload"], content);
        assert_eq!(world.arrives(&key).await, 0);
        let listed = world.documents(tutor).await;
        let id = &answer.data()["documentId"];
        let rejected = listed.iter().find(|document| document["documentId"] == *id).unwrap();
        assert_eq!((&rejected["status"], rejected.get("link")), (&json!("rejected"), None), "{nth}");
        assert!(rejected["reason"].as_str().unwrap().contains(why), "{why} is not in {rejected}");
    }
    assert!(world.files.keys().is_empty());
    assert!(!world.bus.kinds().contains(&"tutor.document_uploaded".to_owned()));
}

#[tokio::test]
async fn images_are_documents_too() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    for (content_type, content) in
        [(FileType::Png, samples::png(40, 30)), (FileType::Jpeg, samples::jpeg(40, 30))]
    {
        let (_, key) = world.send_document(tutor, content_type, &content).await;
        assert_eq!(world.arrives(&key).await, 0);
        assert_eq!(world.documents(tutor).await[0]["status"], "uploaded", "{content_type}");
    }
}

#[tokio::test]
async fn news_that_comes_again_or_late_changes_nothing_and_neither_does_another_file_by_the_same_form() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let content = samples::pdf();
    let announced = world.announce(tutor, FileType::Pdf, &content).await;
    let form = &announced.data()["upload"];
    let key = world.files.post(form, &content);
    let twice = [key.as_str(), key.as_str()];
    assert_eq!(upload(&inspect_upload::use_case(), &world.services, &twice).await, 0);
    let kept = world.files.keys();
    world.files.post(form, &samples::executable());
    assert_eq!(world.arrives(&key).await, 0);
    assert_eq!(world.files.keys(), kept);
    assert_eq!(world.files.file(&kept[0]), Some(content));
    assert_eq!(world.documents(tutor).await[0]["status"], "uploaded");
    let uploaded = world.bus.kinds().iter().filter(|kind| *kind == "tutor.document_uploaded").count();
    assert_eq!(uploaded, 1);
}

#[tokio::test]
async fn of_many_who_look_at_one_upload_at_once_one_decides() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let (_, key) = world.send_document(tutor, FileType::Pdf, &samples::pdf()).await;
    let environments: Vec<_> = (0..10).map(|_| world.another()).collect();
    let use_case = inspect_upload::use_case();
    let keys = [key.as_str()];
    let all = environments.iter().map(|services| upload(&use_case, services, &keys));
    assert_eq!(futures::future::join_all(all).await.iter().sum::<usize>(), 0);
    assert_eq!(world.documents(tutor).await[0]["status"], "uploaded");
    assert_eq!(world.files.keys().len(), 1);
    assert_eq!(
        world.look("SELECT 1 FROM outbox WHERE envelope->>'type' = 'tutor.document_uploaded'").await.len(),
        1
    );
}

#[tokio::test]
async fn a_file_that_nobody_announced_is_deleted() {
    let world = World::new().await;
    let (tutor, id) = world.with_document().await;
    let other = world.tutor(&profile()).await;
    let keys = [
        "incoming/anything".to_owned(),
        format!("incoming/{tutor}/documents/{}", user()),
        format!("incoming/{tutor}/photos/{}", user()),
        // Somebody's document under another's key.
        format!("incoming/{other}/documents/{id}"),
    ];
    for key in &keys {
        world.files.post(&json!({ "fields": { "key": key } }), &samples::pdf());
        assert_eq!(world.arrives(key).await, 0);
    }
    assert_eq!(world.files.keys(), [format!("documents/{tutor}/{id}")]);
}

#[tokio::test]
async fn while_the_bucket_is_down_news_waits() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let (_, key) = world.send_document(tutor, FileType::Pdf, &samples::pdf()).await;
    world.files.set_down(true);
    assert_eq!(world.arrives(&key).await, 1, "the message comes again");
    world.files.set_down(false);
    assert_eq!(world.documents(tutor).await[0]["status"], "awaiting_upload");
    assert_eq!(world.arrives(&key).await, 0);
    assert_eq!(world.documents(tutor).await[0]["status"], "uploaded");
}

#[tokio::test]
async fn the_same_key_gives_the_same_document_and_form_and_another_request_with_it_is_refused() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let mut body = announcement(FileType::Pdf, &samples::pdf());
    body["kind"] = json!("identity");
    let key = user();
    let send = |body: &Value| {
        let request = as_tutor(tutor).header("idempotency-key", key).json(body);
        async { world.send(announce_document::use_case(), request).await }
    };
    let first = send(&body).await;
    world.clock.advance(SignedDuration::from_mins(3));
    let again = send(&body).await;
    assert_eq!(again.data(), first.data());
    assert_eq!(again.headers["idempotent-replayed"], "true");
    body["kind"] = json!("degree");
    assert_eq!(send(&body).await.problem(), "idempotency-key-reused");
    let kept = world.look("SELECT answer::text FROM idempotency_keys").await;
    let kept: Vec<String> = kept.iter().map(|row| row.get(0)).collect();
    assert!(kept.iter().all(|answer| !answer.contains("fields")), "no form is kept: {kept:?}");
}

#[tokio::test]
async fn an_announcement_needs_a_profile_and_every_wrong_field_is_named() {
    let world = World::new().await;
    let nobody = world.announce(user(), FileType::Pdf, &samples::pdf()).await;
    assert_eq!((nobody.status, nobody.problem()), (404, "not-found"));
    let body = json!({ "kind": "x", "contentType": "text/html", "size": 0, "sha256": "" });
    let request = as_tutor(user()).header("idempotency-key", user()).json(&body);
    let wrong = world.send(announce_document::use_case(), request).await;
    let mut fields = wrong.bad_fields();
    fields.sort_unstable();
    assert_eq!((wrong.status, fields), (422, vec!["contentType", "kind", "sha256", "size"]));
}

#[tokio::test]
async fn a_tutor_has_ten_documents_waiting_at_most_however_many_are_announced_at_once() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let environments: Vec<_> = (0..15).map(|_| world.another()).collect();
    let use_case = announce_document::use_case();
    let mut body = announcement(FileType::Pdf, &samples::pdf());
    body["kind"] = json!("degree");
    let all = environments.iter().map(|services| {
        as_tutor(tutor).header("idempotency-key", user()).json(&body).send(&use_case, services)
    });
    let answers = futures::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409 && answer.problem() == "wrong-state");
    assert_eq!((made, refused.count()), (10, 5));
    assert_eq!(world.documents(tutor).await.len(), 10);
    // What has arrived doesn't wait any more; and there is a bound on all.
    world.change("UPDATE documents SET status = 'rejected', reason = 'x'").await;
    assert_eq!(world.announce(tutor, FileType::Pdf, &samples::pdf()).await.status, 201);
    world
        .change(&format!(
            "INSERT INTO documents (id, tutor_id, kind, status, content_type, size, sha256, created_at, reason)
             SELECT gen_random_uuid(), '{tutor}', 'degree', 'rejected', 'image/png', 1, sha256(''), now(), 'x'
             FROM generate_series(1, 39)"
        ))
        .await;
    assert_eq!(world.announce(tutor, FileType::Pdf, &samples::pdf()).await.status, 409);
}

#[tokio::test]
async fn a_document_is_deleted_with_its_file_by_its_owner_alone() {
    let world = World::new().await;
    let (tutor, id) = world.with_document().await;
    let other = world.tutor(&profile()).await;
    assert_eq!(world.removes(other, &id).await.status, 404);
    let (removed, trips) = world.counted(world.removes(tutor, &id)).await;
    assert_eq!((removed.data(), trips), (&json!({ "documentId": id }), 2));
    assert!(world.files.keys().is_empty() && world.documents(tutor).await.is_empty());
    assert_eq!(world.removes(tutor, &id).await.status, 404);
}

#[tokio::test]
async fn an_accepted_document_stays_and_so_does_one_that_is_under_review() {
    let world = World::new().await;
    let (tutor, id) = world.with_document().await;
    let verification = world.submit(tutor).await;
    let refused = world.removes(tutor, &id).await;
    assert_eq!((refused.problem(), &refused.body["state"]), ("wrong-state", &json!("uploaded")));
    let approval = as_admin(user()).path("verificationId", verification).json(&json!({}));
    world.send(approve_verification::use_case(), approval).await.data();
    let refused = world.removes(tutor, &id).await;
    assert_eq!((refused.problem(), &refused.body["state"]), ("wrong-state", &json!("accepted")));
    assert_eq!(world.files.keys().len(), 1);
}

#[tokio::test]
async fn a_file_that_could_not_be_deleted_with_its_document_is_deleted_by_the_sweep() {
    let world = World::new().await;
    let (tutor, id) = world.with_document().await;
    world.files.set_down(true);
    assert_eq!(world.removes(tutor, &id).await.status, 200, "the document is gone");
    world.clock.advance(SignedDuration::from_mins(21));
    assert!(!world.sweep().await, "the failure is seen");
    world.files.set_down(false);
    assert_eq!(world.files.keys().len(), 1);
    assert!(world.sweep().await);
    assert!(world.files.keys().is_empty());
    assert!(world.look("SELECT 1 FROM unwanted_files").await.is_empty());
}

#[tokio::test]
async fn what_was_announced_and_never_sent_is_forgotten_after_a_day_with_whatever_was_left() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let content = samples::pdf();
    let (id, _) = world.send_document(tutor, FileType::Pdf, &content).await;
    // As if the function had died between keeping the file and saying so.
    world.files.post(&json!({ "fields": { "key": format!("documents/{tutor}/{id}") } }), &content);
    world.send_photo(tutor, FileType::Png, &samples::png(100, 100), &content).await;
    world.clock.advance(SignedDuration::from_hours(23));
    assert!(world.sweep().await);
    assert_eq!(world.documents(tutor).await.len(), 1);
    world.clock.advance(SignedDuration::from_hours(2));
    assert!(world.sweep().await);
    assert!(world.documents(tutor).await.is_empty() && world.files.keys().is_empty());
    assert!(world.look("SELECT 1 FROM photos").await.is_empty());
}

#[tokio::test]
async fn an_upload_that_was_taken_back_while_it_was_looked_at_leaves_nothing() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let (id, key) = world.send_document(tutor, FileType::Pdf, &samples::pdf()).await;
    // Sent, deleted by its owner, and sent once more: what an earlier look has kept goes as well.
    world.files.post(&json!({ "fields": { "key": format!("documents/{tutor}/{id}") } }), &samples::pdf());
    assert_eq!(world.removes(tutor, &id).await.status, 200);
    world.files.post(&json!({ "fields": { "key": key } }), &samples::pdf());
    world.files.post(&json!({ "fields": { "key": format!("documents/{tutor}/{id}") } }), &samples::pdf());
    assert_eq!(world.arrives(&key).await, 0);
    assert!(world.files.keys().is_empty());
}

#[tokio::test]
async fn an_admin_gets_a_link_for_five_minutes_and_that_is_written_down() {
    let world = World::new().await;
    let (tutor, id) = world.with_document().await;
    let admin = user();
    let read = || world.send(get_document_link::use_case(), as_admin(admin).path("documentId", &id));
    let (answer, trips) = world.counted(read()).await;
    assert_eq!((&answer.data()["expiresAt"], trips), (&json!("2027-05-03T12:05:00Z"), 3));
    assert!(answer.data()["url"].as_str().unwrap().contains(&format!("documents/{tutor}/{id}")));
    let event = world.bus.events().pop().unwrap();
    assert_eq!(event.kind, "tutor.document_read");
    assert_eq!(event.data, json!({ "documentId": id, "tutorId": tutor, "adminId": admin }));
    assert_eq!((event.aggregate.sequence, event.actor), (2, format!("user:{admin}")));
    read().await.data();
    assert_eq!(world.bus.events().pop().unwrap().aggregate.sequence, 3, "each time anew");
    world.bus.set_down(true);
    read().await.data();
    assert_eq!(world.look("SELECT 1 FROM outbox WHERE published_at IS NULL").await.len(), 1, "the relay's");
}

#[tokio::test]
async fn admins_who_read_one_document_at_once_each_leave_a_trace() {
    let world = World::new().await;
    let (_, id) = world.with_document().await;
    let environments: Vec<_> = (0..4).map(|_| world.another()).collect();
    let use_case = get_document_link::use_case();
    let all = environments
        .iter()
        .map(|services| as_admin(user()).path("documentId", &id).send(&use_case, services));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.status, 200);
    }
    let traces = world.look(
        "SELECT DISTINCT envelope->'aggregate'->'sequence' FROM outbox
                             WHERE envelope->>'type' = 'tutor.document_read'",
    );
    assert_eq!(traces.await.len(), 4);
}

#[tokio::test]
async fn there_is_no_link_to_what_is_not_there() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let announced = world.announce(tutor, FileType::Pdf, &samples::pdf()).await;
    let awaited = announced.data()["documentId"].as_str().unwrap();
    for (id, role) in [(awaited, Role::Admin), (&user().to_string(), Role::Superadmin)] {
        let request = TestRequest::new(As::User(user(), role)).path("documentId", id);
        let answer = world.send(get_document_link::use_case(), request).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    }
    assert!(!world.bus.kinds().contains(&"tutor.document_read".to_owned()));
}

#[tokio::test]
async fn what_an_admin_is_to_look_at_again_can_not_be_taken_away_meanwhile() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let (id, key) = world.send_document(tutor, FileType::Pdf, &samples::pdf()).await;
    assert_eq!(world.arrives(&key).await, 0);
    let open = "SELECT 1 FROM verifications WHERE kind = 'recheck' AND status = 'submitted'";
    assert_eq!(world.look(open).await.len(), 1);
    let answer = world.removes(tutor, &id).await;
    assert_eq!((answer.status, answer.problem()), (409, "wrong-state"));
    assert!(world.documents(tutor).await.iter().any(|document| document["documentId"] == id.as_str()));
}

#[tokio::test]
async fn nothing_is_submitted_without_a_document_that_is_taken_away_at_the_same_moment() {
    let world = World::new().await;
    let (mut submitted, mut removed) = (0, 0);
    for _ in 0..40 {
        let tutor = world.tutor(&profile()).await;
        let documents = world.hands_in(tutor, &[("identity", "uploaded"), ("degree", "uploaded")]).await;
        let (one, other) = (world.another(), world.another());
        let taken_away = as_tutor(tutor).path("documentId", documents[0]);
        let (removal, submit) = (remove_document::use_case(), submit_verification::use_case());
        let (gone, sent) =
            futures::join!(taken_away.send(&removal, &one), submission(tutor).send(&submit, &other));
        let (gone, sent) = (gone.status, sent.status);
        assert!(matches!((gone, sent), (200, 409) | (409, 201)), "removed: {gone}, submitted: {sent}");
        removed += u32::from(gone == 200);
        submitted += u32::from(sent == 201);
    }
    assert_eq!(removed + submitted, 40);
}
