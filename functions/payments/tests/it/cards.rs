//! Saved cards: customers at Stripe, cards that are saved, listed, paid with, taken away.

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{
    erase_payments_user, export_payments_data, list_payment_methods, remove_payment_method,
    set_up_payment_method,
};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver};
use lectern_runtime::use_case::Trigger;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::World;

async fn set_up(world: &World, student: UserId, key: &str) -> Answered {
    let request = TestRequest::new(As::User(student, Role::Student)).header("idempotency-key", key);
    request.send(&set_up_payment_method::use_case(), &world.services).await
}

/// The payer's page at Stripe saves a card; gives Stripe's id of it.
async fn save(world: &World, student: UserId, card: &str) -> String {
    let setup = set_up(world, student, &Uuid::now_v7().to_string()).await;
    assert_eq!(setup.status, 201);
    let secret = setup.data()["clientSecret"].as_str().unwrap();
    let id = setup.data()["setupId"].as_str().unwrap();
    let form = [("client_secret", secret), ("payment_method", card)];
    let confirmed = world.browser_post(&format!("/v1/setup_intents/{id}/confirm"), &form).await;
    assert_eq!(confirmed["status"], "succeeded", "{confirmed:#}");
    confirmed["payment_method"].as_str().unwrap().to_owned()
}

async fn list(world: &World, student: UserId) -> Vec<Value> {
    let request = TestRequest::new(As::User(student, Role::Student));
    let answer = request.send(&list_payment_methods::use_case(), &world.services).await;
    answer.data()["items"].as_array().unwrap().clone()
}

async fn remove(world: &World, student: UserId, card: &str) -> Answered {
    let request = TestRequest::new(As::User(student, Role::Student)).path("paymentMethodId", card);
    request.send(&remove_payment_method::use_case(), &world.services).await
}

async fn customers_at_stripe(world: &World) -> Vec<Value> {
    world.stripe_get("/v1/customers?limit=100").await["data"].as_array().unwrap().clone()
}

/// What a default is, by the list.
fn default_of(cards: &[Value]) -> Vec<&str> {
    let defaults = cards.iter().filter(|card| card["isDefault"] == true);
    defaults.map(|card| card["paymentMethodId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_card_is_saved_listed_paid_with_and_taken_away() {
    let world = World::new().await;
    assert!(list(&world, world.student).await.is_empty());
    let card = save(&world, world.student, "pm_card_visa").await;
    world.hear_all().await;
    let wanted = json!({ "isDefault": true, "paymentMethodId": card, "brand": "visa", "last4": "4242",
        "expiryMonth": 8, "expiryYear": 2035 });
    assert_eq!(list(&world, world.student).await, [wanted]);

    // A payment that is made now can be paid with it, again and again.
    for _ in 0..2 {
        let made = world.made(4_500).await;
        let paid = world.pay(&made, &card).await;
        assert_eq!(paid["status"], "succeeded", "{paid:#}");
        world.hear_all().await;
        assert_eq!(world.status(&made).await, "held");
    }
    assert_eq!(remove(&world, world.student, &card).await.status, 200);
    assert!(list(&world, world.student).await.is_empty());
    assert_eq!(remove(&world, world.student, &card).await.problem(), "not-found");
    let made = world.made(4_500).await;
    assert!(world.pay(&made, &card).await["error"].is_object(), "a card that was taken away pays nothing");
    world.check().await;
}

#[tokio::test]
async fn the_payment_keeps_the_customer_that_it_was_made_with() {
    let world = World::new().await;
    let before = world.made(4_500).await;
    let card = save(&world, world.student, "pm_card_visa").await;
    // Made before there was a customer: its intent has none, and can't be paid with what is the customer's.
    assert!(world.pay(&before, &card).await["error"].is_object());
    assert_eq!(world.pay(&before, "pm_card_visa").await["status"], "succeeded");
    let lesson = Uuid::now_v7();
    world
        .stripe_fault(&[("kind", "timeout_after"), ("path", "/v1/payment_intents"), ("delay_ms", "1")])
        .await;
    world.create(lesson, 4_500).await.ok();
    world.sql("UPDATE stripe_customers SET stripe_customer_id = 'cus_another'").await.unwrap();
    world.later(10);
    world.create(lesson, 4_500).await.expect("the same request under the same key");
    let intents = world.stripe_get("/v1/payment_intents").await;
    let of_customer = intents["data"].as_array().unwrap().iter().filter(|i| !i["customer"].is_null());
    assert_eq!(of_customer.count(), 1);
    world.check().await;
}

#[tokio::test]
async fn stripe_is_told_an_id_and_neither_name_nor_email() {
    let world = World::new().await;
    save(&world, world.student, "pm_card_visa").await;
    let [customer] = &customers_at_stripe(&world).await[..] else { panic!("one customer") };
    assert_eq!(customer["metadata"], json!({ "user_id": world.student }));
    for field in ["email", "name", "phone", "description"] {
        assert!(customer[field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn two_at_once_get_the_same_customer() {
    let world = World::new().await;
    let (one, two) = tokio::join!(set_up(&world, world.student, "one"), set_up(&world, world.student, "two"));
    assert_eq!((one.status, two.status), (201, 201));
    assert_ne!(one.data()["setupId"], two.data()["setupId"]);
    assert_eq!(customers_at_stripe(&world).await.len(), 1);
}

#[tokio::test]
async fn the_same_key_gives_the_same_setup_and_nobody_keeps_its_secret() {
    let world = World::new().await;
    let first = set_up(&world, world.student, "key").await;
    let again = set_up(&world, world.student, "key").await;
    assert_eq!(first.data(), again.data());
    let other = set_up(&world, UserId(Uuid::now_v7()), "key").await;
    assert_ne!(first.data()["setupId"], other.data()["setupId"], "somebody else's key is another");
    let secret = first.data()["clientSecret"].as_str().unwrap();
    assert!(world.database.tables_with(secret).await.is_empty());
    let request = TestRequest::new(As::User(world.student, Role::Student));
    let without = request.send(&set_up_payment_method::use_case(), &world.services).await;
    assert_eq!(without.problem(), "idempotency-key-missing");
}

#[tokio::test]
async fn a_customer_whose_answer_was_lost_is_not_made_twice() {
    for kind in ["timeout_after", "error_500_after"] {
        let world = World::with_timeout(std::time::Duration::from_millis(400)).await;
        let fault = [("kind", kind), ("method", "POST"), ("path", "/v1/customers"), ("delay_ms", "1")];
        world.stripe_fault(&fault).await;
        let first = set_up(&world, world.student, "key").await;
        if first.status != 201 {
            assert_eq!(first.problem(), "unavailable");
        }
        assert_eq!(set_up(&world, world.student, "key").await.status, 201, "{kind}");
        assert_eq!(customers_at_stripe(&world).await.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_customer_that_was_begun_long_ago_is_looked_for_first() {
    let world = World::new().await;
    let made = world.stripe_post("/v1/customers", &[("metadata[user_id]", &world.student.to_string())]).await;
    let begun = format!(
        "INSERT INTO stripe_customers (user_id, attempt, since, created_at, updated_at)
         VALUES ('{}', 1, now(), now(), now())",
        world.student
    );
    world.sql(&begun).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(24));
    set_up(&world, world.student, "key").await.data();
    assert_eq!(customers_at_stripe(&world).await.len(), 1);
    let id = made["id"].as_str().unwrap();
    assert_eq!(world.database.tables_with(id).await, ["stripe_customers"]);
}

#[tokio::test]
async fn a_refusal_of_stripe_is_tried_again_under_another_key() {
    let world = World::new().await;
    world
        .stripe_fault(&[("kind", "error_500_before"), ("path", "/v1/customers"), ("remember", "true")])
        .await;
    assert_eq!(set_up(&world, world.student, "key").await.problem(), "unavailable");
    assert_eq!(set_up(&world, world.student, "key").await.status, 201);
    assert_eq!(customers_at_stripe(&world).await.len(), 1);
}

#[tokio::test]
async fn the_first_card_is_the_default_and_then_the_newest_that_is_left() {
    let world = World::new().await;
    let first = save(&world, world.student, "pm_card_visa").await;
    let mut events = world.new_events().await;
    let second = save(&world, world.student, "pm_card_mastercard").await;
    // Heard late, twice, and in the wrong order.
    events.extend(world.new_events().await);
    for event in events.iter().rev().chain(&events) {
        world.hear(event).await.data();
    }
    let cards = list(&world, world.student).await;
    assert_eq!(cards.len(), 2);
    let [chosen] = default_of(&cards)[..] else { panic!("{cards:#?}") };
    let (chosen, left) = if chosen == first { (first, second) } else { (second, first) };
    remove(&world, world.student, &chosen).await.data();
    assert_eq!(default_of(&list(&world, world.student).await), [&left]);
    world.hear_all().await;
    assert_eq!(default_of(&list(&world, world.student).await), [&left]);
}

#[tokio::test]
async fn nobody_takes_away_somebody_elses_card() {
    let world = World::new().await;
    let card = save(&world, world.student, "pm_card_visa").await;
    let (stranger, other) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
    save(&world, other, "pm_card_visa").await;
    for who in [stranger, other] {
        for id in [card.as_str(), "pm_none", "../../customers", "pm_1?x=y"] {
            assert_eq!(remove(&world, who, id).await.problem(), "not-found", "{id}");
        }
    }
    assert_eq!(list(&world, world.student).await.len(), 1);
    assert!(list(&world, stranger).await.is_empty());
}

#[tokio::test]
async fn a_customer_that_was_deleted_at_stripe_is_made_anew() {
    let world = World::new().await;
    save(&world, world.student, "pm_card_visa").await;
    let id = customers_at_stripe(&world).await[0]["id"].as_str().unwrap().to_owned();
    let url = format!("{}/v1/customers/{id}", world.base);
    let deleted = world.http.delete(url).bearer_auth("sk_test_123456789012").send().await.unwrap();
    assert!(deleted.status().is_success());
    save(&world, world.student, "pm_card_mastercard").await;
    assert_eq!(list(&world, world.student).await[0]["brand"], "mastercard");
    let [customer] = &customers_at_stripe(&world).await[..] else { panic!("one customer") };
    assert_ne!(customer["id"], id.as_str());
}

#[tokio::test]
async fn an_erased_user_has_no_customer_at_stripe_and_gets_none_again() {
    let world = World::new().await;
    save(&world, world.student, "pm_card_visa").await;
    let orphan = [("metadata[user_id]", world.student.to_string())];
    world.stripe_post("/v1/customers", &orphan.each_ref().map(|(k, v)| (*k, v.as_str()))).await;
    let paid = world.made(4_500).await;
    world.pay(&paid, "pm_card_visa").await;
    world.hear_all().await;
    let stripe_id = customers_at_stripe(&world).await[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.database.tables_with(&stripe_id).await, ["payments", "stripe_customers"]);
    let mut event = world.approval();
    (event.kind, event.aggregate.kind) = ("user.erased".to_owned(), "user".to_owned());
    event.aggregate.id = world.student.0;
    event.data = json!({ "role": "student" });
    let use_case = erase_payments_user::use_case();
    let erase = || deliver(&use_case, &world.services, std::slice::from_ref(&event));

    world.stripe_fault(&[("kind", "error_500_before"), ("method", "DELETE"), ("times", "3")]).await;
    assert_eq!(erase().await, 1, "Stripe is down: the event comes again");
    for _ in 0..2 {
        assert_eq!(erase().await, 0);
        assert!(customers_at_stripe(&world).await.is_empty());
        assert!(world.database.tables_with(&stripe_id).await.is_empty());
    }
    assert_eq!(set_up(&world, world.student, "late").await.problem(), "unauthenticated");
    assert!(customers_at_stripe(&world).await.is_empty());
    world.check().await;
}

#[tokio::test]
async fn an_export_says_where_the_cards_are() {
    let world = World::new().await;
    save(&world, world.student, "pm_card_visa").await;
    let request = TestRequest::new(As::Service("build-export")).path("userId", world.student);
    let answer = request.send(&export_payments_data::use_case(), &world.services).await;
    let text = answer.data().to_string();
    assert!(text.contains("are kept by Stripe"), "{text}");
    assert!(text.contains("stripeCustomer") && !text.contains("4242"));
}

#[tokio::test]
async fn cards_cost_one_round_trip_to_the_database() {
    let world = World::new().await;
    let base = &world.services.base;
    let trips = async |what: &str| {
        let before = base.round_trips();
        match what {
            "set-up" => drop(set_up(&world, world.student, &Uuid::now_v7().to_string()).await),
            _ => drop(list(&world, world.student).await),
        }
        base.round_trips() - before
    };
    assert_eq!(trips("set-up").await, 2, "the row, Stripe's id");
    assert_eq!(trips("set-up").await, 1);
    assert_eq!(trips("list").await, 1);
}

#[test]
fn no_route_takes_a_card_number() {
    let words = ["cardnumber", "card_number", "cvc", "cvv", "securitycode", "\"pan\""];
    let mut routes = 0;
    for function in lectern_payments::functions() {
        let Trigger::Http(http) = &function.meta.trigger else { continue };
        routes += 1;
        let mut generator = schemars::SchemaGenerator::default();
        let schemas = (http.describe)(&mut generator);
        let taken = json!([schemas.path, schemas.query, schemas.body, generator.definitions()]);
        let taken = taken.to_string().to_ascii_lowercase();
        for word in words {
            assert!(!taken.contains(word), "{} takes {word}", function.meta.name);
        }
    }
    assert!(routes > 5, "{routes}");
}
