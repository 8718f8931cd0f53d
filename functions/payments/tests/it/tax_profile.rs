//! Who a tutor is to a tax authority: kept encrypted, shown masked, told to nobody.

use std::io;
use std::sync::{Arc, Mutex};

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{
    Payments, erase_payments_user, export_payments_data, get_tax_profile, list_tax_forms, put_tax_profile,
};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{World, services};
use super::vault::ShutVault;

/// A number that is found wherever it is.
const NUMBER: &str = "518427736";

pub fn american() -> Value {
    json!({
        "country": "US", "legalName": "Tara T. Tutor", "kind": "individual",
        "taxId": { "kind": "ssn", "number": "518-42-7736" },
        "address": { "line1": "1 Main St", "city": "Springfield", "region": "IL", "postalCode": "62701",
                     "country": "US" },
    })
}

pub fn german() -> Value {
    json!({
        "country": "DE", "legalName": "Tara Lehrer", "kind": "individual",
        "taxId": { "kind": "other", "number": "86 095 742 719" },
        "address": { "line1": "Hauptstr. 1", "city": "Bonn", "postalCode": "53111", "country": "DE" },
    })
}

pub async fn put(world: &World, profile: &Value, if_match: Option<&str>) -> Answered {
    let mut request = TestRequest::new(As::User(world.tutor, Role::Tutor)).json(profile);
    if let Some(version) = if_match {
        request = request.header("if-match", version);
    }
    request.send(&put_tax_profile::use_case(), &world.services).await
}

async fn get(world: &World, tutor: UserId) -> Answered {
    TestRequest::new(As::User(tutor, Role::Tutor)).send(&get_tax_profile::use_case(), &world.services).await
}

#[tokio::test]
async fn a_profile_is_kept_with_its_number_masked_everywhere() {
    let world = World::new().await;
    assert_eq!(get(&world, world.tutor).await.problem(), "not-found");
    let put_answer = put(&world, &american(), None).await;
    assert_eq!(put_answer.headers["etag"], "\"1\"");
    let shown = get(&world, world.tutor).await;
    assert_eq!(shown.data()["taxId"], json!({ "kind": "ssn", "masked": "***-**-7736" }));
    assert_eq!(shown.data()["address"]["region"], "IL");
    assert_eq!(shown.data()["legalName"], "Tara T. Tutor");
    for answer in [&put_answer, &shown] {
        assert!(!answer.text.contains("51842") && !answer.text.contains("518-42"), "{}", answer.text);
    }
    for text in [NUMBER, "518-42-7736", "51842"] {
        assert!(world.database.tables_with(text).await.is_empty(), "{text}");
    }
    assert_eq!(world.database.tables_with("Tara T. Tutor").await, ["tax_profiles"]);
    assert_eq!(get(&world, UserId(Uuid::now_v7())).await.problem(), "not-found");
}

#[tokio::test]
async fn a_profile_is_replaced_only_by_who_has_seen_it() {
    let world = World::new().await;
    put(&world, &american(), None).await.data();
    assert_eq!(put(&world, &american(), None).await.problem(), "precondition-required");
    assert_eq!(put(&world, &american(), Some("\"7\"")).await.problem(), "precondition-failed");
    // The number can't be sent back, since it is never shown: it stays.
    let mut moved = american();
    moved.as_object_mut().unwrap().remove("taxId");
    moved["address"]["line1"] = json!("2 Oak St");
    let answer = put(&world, &moved, Some("\"1\"")).await;
    assert_eq!(
        (answer.headers["etag"].as_str(), &answer.data()["taxId"]["masked"]),
        ("\"2\"", &json!("***-**-7736"))
    );
    let (here, abroad) = (american(), german());
    let (one, two) = tokio::join!(put(&world, &here, Some("\"2\"")), put(&world, &abroad, Some("\"2\"")));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 412], "{statuses:?}");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_the_number_never_repeated() {
    let world = World::new().await;
    let mut wrong = american();
    wrong["taxId"] = json!({ "kind": "ein", "number": "89-4277360" });
    wrong["legalName"] = json!(" ");
    wrong["country"] = json!("us");
    wrong["more"] = json!(1);
    let answer = put(&world, &wrong, None).await;
    assert_eq!(answer.status, 422);
    let mut fields = answer.bad_fields();
    fields.sort_unstable();
    assert_eq!(fields, ["country", "legalName", "more", "taxId.number"]);
    assert!(!answer.text.contains("4277360"));
    wrong["taxId"] = json!({ "kind": "ssn", "number": 518_427_736 });
    assert!(!put(&world, &wrong, None).await.text.contains(NUMBER));
    wrong["taxId"] = json!({ "kind": NUMBER, "number": NUMBER });
    assert!(!put(&world, &wrong, None).await.text.contains(NUMBER));
    let mut none = american();
    none.as_object_mut().unwrap().remove("taxId");
    assert_eq!(put(&world, &none, None).await.bad_fields(), ["taxId"]);
}

#[tokio::test]
async fn without_the_vault_nothing_is_kept() {
    let world = World::new().await;
    let url = &world.database.url;
    let mut shut = services(url, Arc::clone(&world.stripe) as _, Arc::clone(&world.bus), world.clock.clone());
    Arc::<Payments>::get_mut(&mut shut).unwrap().vault = Arc::new(ShutVault);
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor)).json(&american());
    let answer = request.send(&put_tax_profile::use_case(), &shut).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(get(&world, world.tutor).await.status, 404);
}

/// What was logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_and_no_event_tells_a_tax_number() {
    let world = World::new().await;
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log is heard");
    put(&world, &american(), None).await.data();
    let mut wrong = american();
    wrong["taxId"]["number"] = json!("000-42-7736");
    put(&world, &wrong, Some("\"1\"")).await.bad_fields();
    get(&world, world.tutor).await.data();
    drop(guard);
    let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the log is heard"));
    for number in [NUMBER, "518-42", "000-42"] {
        assert!(!text.contains(number), "{number} in {text}");
    }
    assert!(world.bus.events().is_empty());
}

#[tokio::test]
async fn an_export_shows_the_ending_and_an_erasure_leaves_nothing() {
    let world = World::new().await;
    put(&world, &american(), None).await.data();
    let export = || async {
        let request = TestRequest::new(As::Service("build-export")).path("userId", world.tutor);
        request.send(&export_payments_data::use_case(), &world.services).await.text
    };
    let text = export().await;
    assert!(text.contains("Tara T. Tutor") && text.contains("7736") && !text.contains(NUMBER), "{text}");
    assert!(!text.contains("encrypted\":"), "{text}");
    let mut event = world.approval();
    (event.kind, event.aggregate.kind) = ("user.erased".to_owned(), "user".to_owned());
    event.aggregate.id = world.tutor.0;
    event.data = json!({ "role": "tutor" });
    for _ in 0..2 {
        assert_eq!(deliver(&erase_payments_user::use_case(), &world.services, &[event.clone()]).await, 0);
        assert!(world.database.tables_with("Tara T. Tutor").await.is_empty());
        assert!(world.database.tables_with("Main St").await.is_empty());
    }
    assert!(!export().await.contains("Tara"));
}

#[tokio::test]
async fn profiles_cost_as_few_round_trips_as_they_can() {
    let world = World::new().await;
    let base = &world.services.base;
    let before = base.round_trips();
    put(&world, &american(), None).await.data();
    assert_eq!(base.round_trips() - before, 2, "the profile, the change");
    get(&world, world.tutor).await.data();
    assert_eq!(base.round_trips() - before, 3);
    let list = TestRequest::new(As::User(world.tutor, Role::Tutor));
    list.send(&list_tax_forms::use_case(), &world.services).await.data();
    assert_eq!(base.round_trips() - before, 4);
}
