use lectern_domain::id::UserId;
use lectern_domain::tutoring::upload::FileType;
use lectern_runtime::testing::Answered;
use lectern_tutoring::inspection::samples;
use lectern_tutoring::{announce_photo, get_own_photo, get_tutor, show_photo};
use serde_json::{Value, json};

use super::documents::announcement;
use super::world::{World, as_nobody, as_tutor, availability, profile, user};

impl World {
    /// Announces one photo and sends another; gives its id, and the key under which it arrives.
    pub async fn send_photo(
        &self,
        tutor: UserId,
        content_type: FileType,
        announced: &[u8],
        content: &[u8],
    ) -> (String, String) {
        let body = announcement(content_type, announced);
        let request = as_tutor(tutor).header("idempotency-key", user()).json(&body);
        let answer = self.send(announce_photo::use_case(), request).await;
        assert_eq!(answer.status, 201);
        let key = self.files.post(&answer.data()["upload"], content);
        (answer.data()["photoId"].as_str().unwrap().to_owned(), key)
    }

    /// A photo that passes; gives its id.
    async fn photographed(&self, tutor: UserId, content_type: FileType, content: &[u8]) -> String {
        let (id, key) = self.send_photo(tutor, content_type, content, content).await;
        assert_eq!(self.arrives(&key).await, 0);
        id
    }

    async fn own_photos(&self, tutor: UserId) -> Vec<Value> {
        let (answer, trips) = self.counted(self.send(get_own_photo::use_case(), as_tutor(tutor))).await;
        assert_eq!(trips, 1);
        answer.data()["photos"].as_array().unwrap().clone()
    }

    async fn sees_photo(&self, tutor: UserId) -> Answered {
        self.send(show_photo::use_case(), as_nobody().path("tutorId", tutor)).await
    }

    async fn profile_of(&self, tutor: UserId) -> Value {
        let answer = self.send(get_tutor::use_case(), as_nobody().path("tutorId", tutor)).await;
        answer.data().clone()
    }
}

fn statuses(photos: &[Value]) -> Vec<&str> {
    photos.iter().map(|photo| photo["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_photo_is_shown_without_what_the_camera_wrote_and_only_of_a_listed_tutor() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let content = samples::jpeg_with(200, 100, &[samples::exif(1)]);
    let id = world.photographed(tutor, FileType::Jpeg, &content).await;
    let kept = format!("photos/{tutor}/{id}");
    assert_eq!(world.files.keys(), std::slice::from_ref(&kept));
    assert_eq!(world.files.file(&kept), Some(samples::jpeg(200, 100)), "no place, no name");
    assert_eq!(world.files.content_type(&kept).as_deref(), Some("image/jpeg"));
    assert_eq!(world.sees_photo(tutor).await.status, 404, "not approved yet");

    world.approve(tutor).await;
    assert_eq!(world.profile_of(tutor).await["photoUrl"], format!("/v1/tutors/{tutor}/photo"));
    let (answer, trips) = world.counted(world.sees_photo(tutor)).await;
    assert_eq!((answer.status, trips), (302, 1));
    let link = format!("https://files.example/{kept}?as=photo.jpg&until=2027-05-03T12:05:00Z");
    assert_eq!((&answer.headers["location"], answer.headers["cache-control"].as_str()), (&link, "no-store"));
    let client = lectern_postgres::database::connect(&world.db.admin_url, None).await.unwrap();
    client.batch_execute("UPDATE tutors SET active = false").await.unwrap();
    assert_eq!(world.sees_photo(tutor).await.status, 404, "suspended");
}

#[tokio::test]
async fn a_tutor_without_a_photo_has_no_address_of_one() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    assert_eq!(world.profile_of(tutor).await.get("photoUrl"), None);
    assert_eq!(world.sees_photo(tutor).await.status, 404);
    assert_eq!(world.sees_photo(user()).await.status, 404);
}

#[tokio::test]
async fn documents_are_never_to_be_had_as_photos() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let (_, key) = world.send_document(tutor, FileType::Png, &samples::png(200, 200)).await;
    assert_eq!(world.arrives(&key).await, 0);
    assert_eq!(world.sees_photo(tutor).await.status, 404);
}

#[tokio::test]
async fn a_new_photo_takes_the_place_of_the_old_one_and_a_bad_one_leaves_it() {
    let world = World::new().await;
    let tutor = world.approved(&profile(), &availability()).await;
    let first = world.photographed(tutor, FileType::Png, &samples::png(100, 100)).await;
    let second = world.photographed(tutor, FileType::Png, &samples::png(100, 110)).await;
    assert_eq!(world.files.keys(), [format!("photos/{tutor}/{second}")], "not {first}");

    let small = samples::png(99, 99);
    let (third, key) = world.send_photo(tutor, FileType::Png, &small, &small).await;
    assert_eq!(statuses(&world.own_photos(tutor).await), ["shown", "awaiting_upload"]);
    assert_eq!(world.arrives(&key).await, 0);
    let photos = world.own_photos(tutor).await;
    assert_eq!(statuses(&photos), ["shown", "rejected"]);
    assert_eq!((&photos[0]["photoId"], &photos[1]["photoId"]), (&json!(second), &json!(third)));
    assert!(photos[1]["reason"].as_str().unwrap().contains("99 by 99 pixels"), "{photos:?}");
    assert!(photos[0]["link"]["url"].as_str().unwrap().contains(&second) && photos[1].get("link").is_none());
    assert_eq!(world.files.keys(), [format!("photos/{tutor}/{second}")]);
    let fourth = world.photographed(tutor, FileType::Png, &samples::png(120, 110)).await;
    let photos = world.own_photos(tutor).await;
    assert_eq!((statuses(&photos), &photos[0]["photoId"]), (vec!["shown"], &json!(fourth)));
}

#[tokio::test]
async fn only_the_photo_that_was_announced_last_is_awaited() {
    let world = World::new().await;
    let tutor = world.tutor(&profile()).await;
    let content = samples::png(100, 100);
    let (_, earlier) = world.send_photo(tutor, FileType::Png, &content, &content).await;
    let (later, key) = world.send_photo(tutor, FileType::Png, &content, &content).await;
    for key in [&earlier, &key, &earlier, &key] {
        assert_eq!(world.arrives(key).await, 0);
    }
    assert_eq!(world.files.keys(), [format!("photos/{tutor}/{later}")]);
    assert_eq!(statuses(&world.own_photos(tutor).await), ["shown"]);
}

#[tokio::test]
async fn a_photo_needs_a_profile_and_is_announced_once_by_one_key() {
    let world = World::new().await;
    let tutor = user();
    let body = announcement(FileType::Png, &samples::png(100, 100));
    let send = || {
        let request = as_tutor(tutor).header("idempotency-key", tutor).json(&body);
        world.send(announce_photo::use_case(), request)
    };
    assert_eq!(send().await.status, 404);
    let put = as_tutor(tutor).json(&profile());
    world.send(lectern_tutoring::put_tutor_profile::use_case(), put).await.data();
    let (first, trips) = world.counted(send()).await;
    assert_eq!((first.status, trips), (201, 2));
    let again = send().await;
    assert_eq!((again.data(), again.headers["idempotent-replayed"].as_str()), (first.data(), "true"));
    assert_eq!(world.look("SELECT 1 FROM photos").await.len(), 1);
}
