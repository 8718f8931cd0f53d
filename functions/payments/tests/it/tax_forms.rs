//! What a tutor earned in a year, and the documents of it.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_domain::payments::tax::{FormKind, TaxPolicy};
use lectern_domain::role::Role;
use lectern_payments::{Payments, get_tax_form, list_tax_forms, total_tax_years};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

use super::support::{Made, World};
use super::tax_profile::{american, german, put};

/// A world in another time.
async fn world_at(at: &str) -> World {
    let world = World::new().await;
    go(&world, at);
    world
}

fn go(world: &World, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let by: SignedDuration = at.duration_since(world.clock.now());
    world.clock.advance(by);
}

async fn close(world: &World) {
    invoke(&total_tax_years::use_case(), &world.services, json!({})).await.unwrap();
}

async fn list(world: &World) -> Vec<Value> {
    list_by(world, &world.services).await
}

async fn list_by(world: &World, by: &Arc<Payments>) -> Vec<Value> {
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor));
    let answer = request.send(&list_tax_forms::use_case(), by).await;
    answer.data()["items"].as_array().unwrap().clone()
}

async fn download(world: &World, tutor: UserId, year: &str) -> Answered {
    let request = TestRequest::new(As::User(tutor, Role::Tutor)).path("year", year);
    request.send(&get_tax_form::use_case(), &world.services).await
}

/// The words of a PDF.
fn words(answer: &Answered) -> String {
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/pdf"));
    pdf_extract::extract_text_from_mem(&answer.bytes).unwrap()
}

#[track_caller]
fn has(words: &str, wanted: &[&str]) {
    for word in wanted {
        assert!(words.contains(word), "{word} is missing in {words}");
    }
}

/// So many payments of 1200.00 USD, which are held.
async fn paid(world: &World, count: usize) -> Vec<Made> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(world.held(120_000).await);
    }
    all
}

#[tokio::test]
async fn a_form_tells_the_gross_before_fees_and_refunds_by_month() {
    let world = world_at("2024-06-15T12:00:00Z").await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    let june = paid(&world, 4).await;
    world.release(&june[0]).await.unwrap();
    world.refund(&june[0], "part", 20_000).await.unwrap();
    world.refund(&june[1], "all", 120_000).await.unwrap();
    go(&world, "2024-11-02T12:00:00Z");
    paid(&world, 1).await;
    put(&world, &american(), None).await.data();
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;

    let [year] = &list(&world).await[..] else { panic!("one year") };
    assert_eq!(
        (&year["year"], &year["document"], &year["status"], &year["revision"]),
        (&json!(2024), &json!("1099-K"), &json!("available"), &json!(1))
    );
    let usd = |amount: i64| json!({ "amount": amount, "currency": "USD" });
    // 80 % of 1200.00 - 200.00 became the tutor's; the rest is still held or went back.
    assert_eq!(year["totals"], json!([{ "gross": usd(600_000), "payments": 5, "earned": usd(80_000) }]));
    assert!(year["threshold"].as_str().unwrap().contains("Notice 2024-85"));

    let form = download(&world, world.tutor, "2024").await;
    assert_eq!(form.headers["content-disposition"], "attachment; filename=\"lectern-1099-K-2024.pdf\"");
    let words = words(&form);
    has(
        &words,
        &["Form 1099-K, 2024", "Copy B", "6000.00 USD", "4800.00 USD", "1200.00 USD", "8299", "June"],
    );
    has(
        &words,
        &["Tara T. Tutor", "***-**-7736", "Lectern Inc.", "12-3456789", "1 Main St", "negligence penalty"],
    );
    assert!(!words.contains("51842") && !words.contains("518-42") && !words.contains("DRAFT"), "{words}");
    assert!(!words.contains("Corrected"));
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "tax_form.ready").count(), 1);
    let event = world.bus.events().into_iter().find(|e| e.kind == "tax_form.ready").unwrap();
    assert_eq!(
        event.data,
        json!({ "tutorId": world.tutor, "year": 2024, "revision": 1, "document": "1099-K" })
    );
    world.check().await;
}

#[tokio::test]
async fn below_the_threshold_there_is_no_form_and_above_it_there_is() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &american(), None).await.data();
    world.held(500_000).await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    assert_eq!(list(&world).await[0]["status"], "below_threshold", "5000.00 is not more than 5000.00");
    let refused = download(&world, world.tutor, "2024").await;
    assert_eq!((refused.status, refused.problem()), (409, "wrong-state"));
    assert_eq!(refused.body["state"], "below_threshold");
    assert!(!world.kinds().contains(&"tax_form.ready".to_owned()));
    // In 2025 the old threshold holds again: 20 000.00 in more than 200 payments.
    world.held(2_500_000).await;
    go(&world, "2026-01-05T06:00:00Z");
    close(&world).await;
    let years = list(&world).await;
    assert_eq!((&years[0]["year"], &years[0]["status"]), (&json!(2025), &json!("below_threshold")));
    assert!(years[0]["threshold"].as_str().unwrap().contains("200 payments"));
    world.check().await;
}

#[tokio::test]
async fn where_taxes_are_paid_must_be_known_first() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    world.held(600_000).await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    assert_eq!(list(&world).await[0]["status"], "profile_missing");
    assert_eq!(download(&world, world.tutor, "2024").await.body["state"], "profile_missing");
    put(&world, &american(), None).await.data();
    assert_eq!(list(&world).await[0]["status"], "available");
    has(&words(&download(&world, world.tutor, "2024").await), &["6000.00 USD"]);
    world.check().await;
}

#[tokio::test]
async fn people_abroad_get_a_statement_of_every_currency() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &german(), None).await.data();
    world.held(4_500).await;
    let euros = json!({ "lessonId": Uuid::now_v7(), "studentId": world.student, "tutorId": world.tutor,
        "amount": { "amount": 7_700, "currency": "EUR" } });
    let made = invoke(&lectern_payments::create_payment::use_case(), &world.services, euros).await.unwrap();
    let made = Made { lesson: Uuid::nil(), id: made["paymentId"].as_str().unwrap().to_owned() };
    world.pay(&made, "pm_card_visa").await;
    world.hear_all().await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    let [year] = &list(&world).await[..] else { panic!("one year") };
    assert_eq!((&year["document"], &year["status"]), (&json!("statement"), &json!("available")));
    assert!(year["threshold"].is_null());
    let words = words(&download(&world, world.tutor, "2024").await);
    has(
        &words,
        &["Yearly statement, 2024", "77.00 EUR", "45.00 USD", "****2719", "no form of a tax authority"],
    );
    assert!(!words.contains("1099"), "{words}");
    world.check().await;
}

#[tokio::test]
async fn a_year_ends_at_midnight_in_utc() {
    let world = world_at("2024-12-31T23:59:58Z").await;
    put(&world, &german(), None).await.data();
    world.held(1_000).await;
    go(&world, "2025-01-01T00:00:00Z");
    world.held(2_000).await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    let years = list(&world).await;
    assert_eq!(years.len(), 1, "the present year is not closed");
    assert_eq!(years[0]["totals"][0]["gross"]["amount"], 1_000);
    go(&world, "2026-01-05T06:00:00Z");
    close(&world).await;
    let grosses: Vec<_> =
        list(&world).await.iter().map(|y| y["totals"][0]["gross"]["amount"].clone()).collect();
    assert_eq!(grosses, [json!(2_000), json!(1_000)]);
    world.check().await;
}

#[tokio::test]
async fn a_closed_year_is_closed_once_and_corrected_by_a_new_revision() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &german(), None).await.data();
    let made = world.held(4_500).await;
    go(&world, "2025-01-05T06:00:00Z");
    let use_case = total_tax_years::use_case();
    let another = world.another();
    let (one, two) =
        tokio::join!(invoke(&use_case, &world.services, json!({})), invoke(&use_case, &another, json!({})));
    one.unwrap();
    two.unwrap();
    close(&world).await;
    assert_eq!(world.sql("SELECT 1 FROM tax_years").await.unwrap(), 1);
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "tax_form.ready").count(), 1);
    let first = download(&world, world.tutor, "2024").await;

    // An amount that a person has corrected, as of last year.
    let fixed = format!(
        "WITH t AS (INSERT INTO ledger_transactions (id, payment_id, kind, reference, posted_at)
             VALUES (gen_random_uuid(), '{}', 'adjustment', 'a-test', '2024-12-01T00:00:00Z') RETURNING id)
         INSERT INTO ledger_entries (transaction_id, account, currency, amount)
         SELECT id, 'tutor:{}:payable', 'USD', -100 FROM t UNION ALL SELECT id, 'platform_revenue', 'USD', 100 FROM t",
        made.id, world.tutor
    );
    world.sql(&fixed).await.unwrap();
    close(&world).await;
    let year = &list(&world).await[0];
    assert_eq!((&year["revision"], &year["totals"][0]["earned"]["amount"]), (&json!(2), &json!(100)));
    let second = download(&world, world.tutor, "2024").await;
    has(&words(&second), &["Corrected", "revision 2", "1.00 USD"]);
    assert_ne!(first.headers["etag"], second.headers["etag"]);
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "tax_form.ready").count(), 2);
    for statement in ["UPDATE tax_years SET revision = 9", "DELETE FROM tax_years"] {
        let app = lectern_postgres::database::connect(&world.database.url, None).await.unwrap();
        assert!(app.execute(statement, &[]).await.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn nobody_sees_another_tutors_form() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &american(), None).await.data();
    world.held(600_000).await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    let stranger = UserId(Uuid::now_v7());
    assert_eq!(download(&world, stranger, "2024").await.problem(), "not-found");
    assert_eq!(download(&world, world.tutor, "2023").await.problem(), "not-found");
    assert_eq!(download(&world, world.tutor, "last").await.bad_fields(), ["year"]);
    // A ciphertext of somebody else's in its place is not decrypted.
    world.sql("UPDATE tax_profiles SET tax_id_encrypted = '\\x00112233'").await.unwrap();
    assert_eq!(download(&world, world.tutor, "2024").await.problem(), "unavailable");
    world.check().await;
}

#[tokio::test]
async fn the_platforms_choice_of_form_decides_what_is_told() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &american(), None).await.data();
    let made = world.held(100_000).await;
    world.release(&made).await.unwrap();
    go(&world, "2025-01-05T06:00:00Z");
    let mut nec = world.another();
    let services = Arc::<Payments>::get_mut(&mut nec).unwrap();
    (services.tax, services.filer) = (TaxPolicy { us_form: FormKind::Form1099Nec }, None);
    invoke(&total_tax_years::use_case(), &nec, json!({})).await.unwrap();
    let year = &list_by(&world, &nec).await[0];
    assert_eq!((&year["document"], &year["status"]), (&json!("1099-NEC"), &json!("available")));
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor)).path("year", 2024);
    let words = words(&request.send(&get_tax_form::use_case(), &nec).await);
    has(&words, &["Form 1099-NEC, 2024", "Nonemployee compensation", "800.00 USD", "DRAFT, NOT FOR FILING"]);
}

#[tokio::test]
async fn a_document_costs_one_round_trip() {
    let world = world_at("2024-03-01T12:00:00Z").await;
    put(&world, &german(), None).await.data();
    world.held(4_500).await;
    go(&world, "2025-01-05T06:00:00Z");
    close(&world).await;
    let before = world.services.base.round_trips();
    words(&download(&world, world.tutor, "2024").await);
    assert_eq!(world.services.base.round_trips() - before, 1);
    close(&world).await;
    assert_eq!(world.services.base.round_trips() - before, 4, "one for each year that is looked at");
}

#[test]
fn the_sample_of_the_event_is_valid() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/tax_form.ready.sample.json");
    let sample = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    lectern_runtime::testing::assert_valid_event(&sample);
}
