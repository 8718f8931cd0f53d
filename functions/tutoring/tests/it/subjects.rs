use std::collections::{BTreeMap, BTreeSet};

use lectern_domain::tutoring::profile::SubjectId;
use lectern_runtime::testing::{Answered, TestRequest, invoke};
use lectern_tutoring::store::subjects;
use lectern_tutoring::{list_subjects, put_subject, put_tutor_profile, roll_free_times};
use serde_json::{Value, json};

use super::search::{names, search};
use super::world::{World, as_admin, as_nobody, as_tutor, availability, profile, profile_of, user};

async fn list(world: &World) -> Answered {
    world.send(list_subjects::use_case(), as_nobody()).await
}

async fn put(world: &World, id: &str, etag: Option<&str>, body: &Value) -> Answered {
    let request = as_admin(user()).path("subjectId", id).json(body);
    let request = etag.into_iter().fold(request, |r: TestRequest, etag| r.header("if-match", etag));
    world.send(put_subject::use_case(), request).await
}

fn etag(answer: &Answered) -> String {
    answer.headers["etag"].clone()
}

#[tokio::test]
async fn the_catalogue_is_a_graph_of_mathematics_and_programming() {
    let world = World::new().await;
    let (answer, trips) = world.counted(list(&world)).await;
    assert_eq!(trips, 1);
    let subjects = answer.data()["subjects"].as_array().unwrap();
    assert!(subjects.len() >= 60, "{}", subjects.len());
    let by_id: BTreeMap<_, _> = subjects.iter().map(|s| (s["id"].as_str().unwrap(), s)).collect();
    assert_eq!(by_id["algebra"]["partOf"], json!(["mathematics"]));
    assert_eq!(by_id["calculus"]["requires"], json!(["algebra", "precalculus"]));
    assert_eq!(by_id["rust"]["relatedTo"], json!(["c++"]));
    assert!(by_id["c++"]["relatedTo"].as_array().unwrap().contains(&json!("rust")));
    // Every subject belongs to one of the two fields, and nothing leads back to itself.
    let catalogue = subjects::catalogue(&world.services.base.db).await.unwrap();
    for id in by_id.keys().map(|id| SubjectId::parse(id).unwrap()) {
        let wholes: BTreeSet<_> = catalogue.wholes_of(&id).iter().map(ToString::to_string).collect();
        assert!(wholes.contains("mathematics") || wholes.contains("programming"), "{id}");
        let entry = catalogue.get(&id).unwrap();
        assert!(entry.part_of.iter().all(|whole| !catalogue.wholes_of(whole).contains(&id)), "{id}");
        assert!(entry.requires.iter().all(|needed| !catalogue.needed_for(needed).contains(&id)), "{id}");
    }
}

#[tokio::test]
async fn the_database_derives_the_same_wholes_as_the_domain() {
    let world = World::new().await;
    let changed = json!({ "name": "Logic", "partOf": ["computer-science", "mathematics"] });
    let version = etag(&list(&world).await);
    put(&world, "logic", Some(&version), &changed).await.data();
    let catalogue = subjects::catalogue(&world.services.base.db).await.unwrap();
    for row in world.look("SELECT id, wholes FROM subjects").await {
        let id = SubjectId::parse(row.get("id")).unwrap();
        let wholes: Vec<String> = row.get("wholes");
        let expected: Vec<_> = catalogue.wholes_of(&id).iter().map(ToString::to_string).collect();
        assert_eq!(wholes, expected, "{id}");
    }
}

#[tokio::test]
async fn who_has_the_present_catalogue_is_not_sent_it_again() {
    let world = World::new().await;
    let first = list(&world).await;
    assert_eq!(first.headers["cache-control"], "public, max-age=300");
    let again = |known: String| {
        let request = as_nobody().header("if-none-match", known);
        world.send(list_subjects::use_case(), request)
    };
    for known in
        [etag(&first), format!("W/{}", etag(&first)), format!("\"0\", {}", etag(&first)), "*".to_owned()]
    {
        let answer = again(known).await;
        assert_eq!((answer.status, answer.text.as_str(), etag(&answer)), (304, "", etag(&first)));
    }
    assert_eq!(again("\"0\"".to_owned()).await.status, 200);
    put(&world, "knitting", Some(&etag(&first)), &json!({ "name": "Knitting" })).await.data();
    assert_eq!(again(etag(&first)).await.status, 200);
}

#[tokio::test]
async fn an_admin_adds_a_subject_and_changes_it() {
    let world = World::new().await;
    let version = etag(&list(&world).await);
    let body = json!({
        "name": "Category theory", "otherNames": ["Categories"], "partOf": ["abstract-algebra"],
        "requires": ["topology"], "relatedTo": ["haskell"],
    });
    let (added, trips) = world.counted(put(&world, "category-theory", Some(&version), &body)).await;
    assert_eq!(trips, 2);
    let mut expected = body.clone();
    expected["id"] = json!("category-theory");
    assert_eq!(added.data(), &expected);
    let (again, trips) = world.counted(put(&world, "category-theory", Some(&etag(&added)), &body)).await;
    assert_eq!((etag(&again), trips), (etag(&added), 1), "the same again is no change");
    let bare = json!({ "name": "Category theory" });
    let changed = put(&world, "category-theory", Some(&etag(&added)), &bare).await;
    assert_eq!(etag(&changed), "\"3\"");
    assert_eq!(
        world
            .look("SELECT 1 FROM subject_relations WHERE 'category-theory' IN (subject_id, other_id)")
            .await
            .len(),
        0
    );
}

#[tokio::test]
async fn a_change_names_the_version_that_it_was_made_from() {
    let world = World::new().await;
    let body = json!({ "name": "Knitting" });
    assert_eq!(put(&world, "knitting", None, &body).await.problem(), "precondition-required");
    assert_eq!(put(&world, "knitting", Some("\"7\""), &body).await.problem(), "precondition-failed");
    let version = etag(&list(&world).await);
    put(&world, "knitting", Some(&version), &body).await.data();
    assert_eq!(put(&world, "purling", Some(&version), &body).await.problem(), "precondition-failed");
}

#[tokio::test]
async fn two_changes_at_once_can_not_close_a_cycle_together() {
    let world = World::new().await;
    let version = etag(&list(&world).await);
    let (there, back) = (
        json!({ "name": "Geometry", "partOf": ["mathematics"], "requires": ["topology"] }),
        json!({ "name": "Topology", "partOf": ["mathematics"], "requires": ["geometry"] }),
    );
    let (one, other) = (world.another(), world.another());
    let send = |services, id: &str, body: &Value| {
        let request = as_admin(user()).path("subjectId", id).header("if-match", &version).json(body);
        async move { request.send(&put_subject::use_case(), services).await.status }
    };
    let (a, b) = futures::future::join(send(&one, "geometry", &there), send(&other, "topology", &back)).await;
    let mut statuses = [a, b];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && [409, 412].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_subject_is_named() {
    let world = World::new().await;
    let version = etag(&list(&world).await);
    let cycle = json!({ "name": "Mathematics", "partOf": ["linear-algebra"], "requires": ["alchemy", "mathematics"] });
    let answer = put(&world, "mathematics", Some(&version), &cycle).await;
    assert_eq!((answer.status, answer.bad_fields()), (422, vec!["partOf[0]", "requires[0]", "requires[1]"]));
    let wrong = json!({ "name": "", "partOf": ["Al Gebra"], "surprise": 1 });
    let answer = put(&world, "No Id", Some(&version), &wrong).await;
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["name", "partOf[0]", "subjectId", "surprise"]);
    assert_eq!(etag(&list(&world).await), version);
}

#[tokio::test]
async fn a_tutor_teaches_only_what_is_in_the_catalogue() {
    let world = World::new().await;
    let mut wrong = profile();
    let taught = |id: &str| json!({ "subject": id, "levels": ["school"], "yearsOfExperience": 1 });
    wrong["subjects"] = json!([taught("alchemy"), taught("algebra"), taught("physics")]);
    let put = |profile: &Value| world.send(put_tutor_profile::use_case(), as_tutor(user()).json(profile));
    let answer = put(&wrong).await;
    assert_eq!((answer.status, answer.problem()), (422, "invalid-fields"));
    assert_eq!(answer.bad_fields(), ["subjects[0].subject", "subjects[2].subject"]);
    assert!(answer.body.to_string().contains("alchemy is not a subject of the catalogue"));
    assert_eq!(world.look("SELECT 1 FROM tutors").await.len(), 0);
}

#[tokio::test]
async fn a_tutor_is_found_by_a_new_name_at_once_and_by_a_new_whole_after_the_next_run() {
    let world = World::new().await;
    world.approved(&profile_of("Ada", "Hello", "rust"), &availability()).await;
    let version = etag(&list(&world).await);
    let systems = json!({ "name": "Systems programming", "partOf": ["programming"] });
    let systems = put(&world, "systems", Some(&version), &systems).await;
    let version = etag(&systems);
    let rust = json!({
        "name": "Rust", "otherNames": ["Ferris"], "partOf": ["programming-languages", "systems"], "relatedTo": ["c++"],
    });
    put(&world, "rust", Some(&version), &rust).await.data();
    assert_eq!(names(&search(&world, &[("q", "ferris")]).await), ["Ada"]);
    assert_eq!(names(&search(&world, &[("subject", "systems")]).await), [""; 0]);
    invoke(&roll_free_times::use_case(), &world.services, json!({})).await.unwrap();
    assert_eq!(names(&search(&world, &[("subject", "systems")]).await), ["Ada"]);
}
