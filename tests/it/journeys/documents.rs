//! Documents and photos: sent straight to the bucket, looked at, and read by those whose they are to read.

use serde_json::{Value, json};

use crate::support::files::{announcement, fetch, jpeg, pdf, send};
use crate::support::http::Call;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value:#}"))
}

#[tokio::test]
async fn a_tutor_sends_a_document_that_nobody_but_the_tutor_and_admins_can_read() {
    let world = World::shared().await;
    let (tutor, other) = futures::join!(world.newcomer(), world.newcomer());
    world.put_profile(&tutor).await;
    let content = pdf("A degree in mathematics");
    let announced = world.announces(&tutor, "degree", "application/pdf", &content).await;
    let (id, form) = (text(&announced, "documentId"), &announced["upload"]);
    assert_eq!(send(form, &content, &[]).await, 204);
    let document = world.looked_at(&tutor, id).await;
    assert_eq!(document["status"], "uploaded", "{document:#}");

    let link = text(&document["link"], "url");
    assert!(link.contains("X-Amz-Expires=300&"), "five minutes: {link}");
    assert_eq!(fetch(link).await, (200, "application/pdf".to_owned(), content.clone()));
    for forged in [
        link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        link.split('?').next().unwrap().to_owned(),
        link.replace("/documents/", "/incoming/"),
    ] {
        assert_eq!(fetch(&forged).await.0, 403, "{forged}");
    }

    assert!(world.document(&other, id).await.is_none());
    let path = format!("/v1/tutors/me/documents/{id}");
    world.api.delete(&path, &other.access_token).await.is_problem(404, "not-found");
    let to_read = format!("/v1/admin/documents/{id}/link");
    world.api.get(&to_read, &tutor.access_token).await.is_problem(403, "forbidden");
    let admin = world.staff("admin").await;
    let given = world.api.get(&to_read, &admin.access_token).await.data(200).clone();
    assert_eq!(fetch(text(&given, "url")).await.2, content);
    world.assert_events("document", id, &["tutor.document_uploaded", "tutor.document_read"]).await;

    world.api.delete(&path, &tutor.access_token).await.data(200);
    assert_ne!(fetch(link).await.0, 200, "the file is gone with its document");
    world.api.get(&to_read, &admin.access_token).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_file_that_is_not_what_it_was_announced_as_is_rejected_and_the_tutor_sees_why() {
    let world = World::shared().await;
    let tutor = world.newcomer().await;
    world.put_profile(&tutor).await;
    let whole = pdf("A certificate");
    let cut = &whole[..whole.len() / 2];
    let program = [b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff".as_slice(), &[0; 400]].concat();
    for (content, why) in [(program.as_slice(), "not a PDF"), (cut, "cut off")] {
        let announced = world.announces(&tutor, "certificate", "application/pdf", content).await;
        assert_eq!(send(&announced["upload"], content, &[]).await, 204);
        let document = world.looked_at(&tutor, text(&announced, "documentId")).await;
        assert_eq!((&document["status"], document.get("link")), (&json!("rejected"), None));
        assert!(text(&document, "reason").contains(why), "{document:#}");
    }

    // Of the same length, and another. S3 itself refuses it (`BadDigest`); the emulator takes it, and then we
    // refuse it.
    let announced = world.announces(&tutor, "certificate", "application/pdf", &whole).await;
    let mut changed = whole.clone();
    changed[60] ^= 1;
    if send(&announced["upload"], &changed, &[]).await == 204 {
        let document = world.looked_at(&tutor, text(&announced, "documentId")).await;
        assert!(text(&document, "reason").contains("checksum"), "{document:#}");
    }
}

#[tokio::test]
async fn a_form_takes_no_file_but_the_one_that_it_is_for() {
    let world = World::shared().await;
    let tutor = world.newcomer().await;
    world.put_profile(&tutor).await;
    let content = pdf("An identity");
    let announced = world.announces(&tutor, "identity", "application/pdf", &content).await;
    let form = &announced["upload"];
    for other in [&content[1..], b"", &[&content[..], b"\n"].concat()] {
        assert_eq!(send(form, other, &[]).await, 400, "another length");
    }
    let elsewhere = text(&form["fields"], "key").replace("incoming/", "documents/");
    for changed in [
        ("Content-Type", "text/html"),
        ("key", elsewhere.as_str()),
        ("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ] {
        assert_eq!(send(form, &content, &[changed]).await, 403, "{changed:?}");
    }
    let id = text(&announced, "documentId");
    assert_eq!(world.document(&tutor, id).await.unwrap()["status"], "awaiting_upload");
    assert_eq!(send(form, &content, &[]).await, 204, "the form itself is good");
    assert_eq!(world.looked_at(&tutor, id).await["status"], "uploaded");
}

#[tokio::test]
async fn a_photo_is_seen_by_everybody_and_without_what_the_camera_wrote_into_it() {
    let world = World::shared().await;
    let tutor = world.tutor().await;
    let content = jpeg("GPS 51.5339 N 9.9355 E");
    let call = Call::new("POST", "/v1/tutors/me/photo").token(&tutor.access_token);
    let announced = world.api.call(call.body(announcement("image/jpeg", &content))).await;
    assert_eq!(send(&announced.data(201)["upload"], &content, &[]).await, 204);
    let path = format!("/v1/tutors/{}", tutor.id);
    let photo = until("the photo is shown", SOON, async || {
        let profile = world.api.read(&path).await;
        profile.data(200)["photoUrl"].as_str().map(str::to_owned)
    })
    .await;
    let own = world.api.get("/v1/tutors/me/photo", &tutor.access_token).await;
    assert_eq!(own.data(200)["photos"][0]["status"], "shown");

    let answer = world.api.read(&photo).await;
    assert_eq!(answer.status, 302);
    let (status, content_type, shown) = fetch(answer.header("location").unwrap()).await;
    assert_eq!((status, content_type.as_str()), (200, "image/jpeg"));
    assert!(
        shown.len() < content.len() && shown.starts_with(&[0xff, 0xd8]) && shown.ends_with(&[0xff, 0xd9])
    );
    assert!(!shown.windows(3).any(|window| window == b"GPS"));
}
