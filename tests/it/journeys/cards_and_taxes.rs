//! Saved cards, and what a tutor tells and is told about taxes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::support::database;
use crate::support::http::Call;
use crate::support::lessons::Pair;
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// Saves a card as the payer's page at Stripe does; gives Stripe's id of it.
async fn saved_card(world: &World, token: &str) -> String {
    let setup = world.api.call(Call::new("POST", "/v1/payment-methods/setup").token(token)).await;
    let secret = setup.data(201)["clientSecret"].as_str().unwrap().to_owned();
    let (status, saved) = world.stripe.save_card(&secret, "pm_card_visa").await;
    assert_eq!((status, &saved["status"]), (200, &json!("succeeded")), "{saved:#}");
    saved["payment_method"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_saved_card_pays_two_lessons_and_is_then_taken_away() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let token = &pair.student.access_token;
    let card = saved_card(&world, token).await;
    let listed = until("the card is the default", SOON, async || {
        let cards = world.api.get("/v1/payment-methods", token).await;
        let items = cards.data(200)["items"].as_array().unwrap().clone();
        items.first().is_some_and(|card| card["isDefault"] == true).then_some(items)
    })
    .await;
    assert_eq!((&listed[0]["paymentMethodId"], &listed[0]["last4"]), (&json!(card), &json!("4242")));
    let other = world.pair(72).await;
    let again = Pair { student: pair.student.clone(), ..other };
    for pair in [&pair, &again] {
        let lesson = world.book(pair).await;
        let (status, paid) = lesson.pay(&card).await;
        assert_eq!(status, 200, "{paid:#}");
        lesson.is("scheduled").await;
        lesson.cancel(&pair.student).await.data(200);
        lesson.is_at_rest().await;
    }
    let path = format!("/v1/payment-methods/{card}");
    world.api.delete(&path, token).await.data(200);
    world.api.delete(&path, token).await.is_problem(404, "not-found");
    let left = world.api.get("/v1/payment-methods", token).await;
    assert_eq!(left.data(200)["items"], json!([]));
}

/// Something that a person has corrected last year, and taken back now: the books stay right, and last year has one
/// dollar more.
const CORRECTION: &str = "
    WITH moved AS (
        SELECT gen_random_uuid() AS id, $1::text::uuid AS payment, m.amount, m.at, m.name
        FROM (VALUES (100, $3::timestamptz, 'last-year'), (-100, now(), 'now')) AS m (amount, at, name)
    ), posted AS (
        INSERT INTO ledger_transactions (id, payment_id, kind, reference, posted_at)
        SELECT id, payment, 'adjustment', name, at FROM moved RETURNING 1
    )
    INSERT INTO ledger_entries (transaction_id, account, currency, amount)
    SELECT id, 'tutor:' || $2 || ':payable', 'USD', -amount FROM moved
    UNION ALL SELECT id, 'platform_revenue', 'USD', amount FROM moved";

fn german(line: &str) -> Value {
    json!({
        "country": "DE", "legalName": "Tara Lehrer", "kind": "individual",
        "taxId": { "kind": "other", "number": "86095742719" },
        "address": { "line1": line, "city": "Bonn", "postalCode": "53111", "country": "DE" },
    })
}

#[tokio::test]
async fn a_tutor_says_where_taxes_are_paid_and_downloads_the_closed_year() {
    let world = World::shared().await;
    let pair = world.pair(48).await;
    let (tutor, token) = (&pair.tutor.id, &pair.tutor.access_token);
    let lesson = world.scheduled(&pair).await;
    let put = world.api.put("/v1/tax-profile", token, german("Hauptstr. 1")).await;
    assert_eq!(put.data(200)["taxId"]["masked"], "****2719");
    let changed = Call::new("PUT", "/v1/tax-profile").token(token).body(german("Hauptstr. 2"));
    world.api.call(changed.clone()).await.is_problem(428, "precondition-required");
    let etag = put.header("etag").unwrap().to_owned();
    world.api.call(changed.header("if-match", etag)).await.data(200);
    let shown = world.api.get("/v1/tax-profile", token).await;
    assert_eq!(shown.data(200)["address"]["line1"], "Hauptstr. 2");
    let kept: Vec<u8> = database::one(
        "payments",
        "SELECT tax_id_encrypted FROM tax_profiles WHERE tutor_id = $1::text::uuid",
        &[tutor],
    )
    .await;
    assert!(!kept.windows(11).any(|part| part == b"86095742719"));

    let year = Timestamp::now().to_zoned(TimeZone::UTC).year() - 1;
    let path = format!("/v1/tax-forms/{year}");
    world.api.get(&path, token).await.is_problem(404, "not-found");
    let payment = lesson.payment().await;
    let last_year: Timestamp = format!("{year}-12-01T00:00:00Z").parse().unwrap();
    let last_year = std::time::SystemTime::from(last_year);
    database::rows("payments", CORRECTION, &[&payment, tutor, &last_year]).await;
    world.aws.invoke("total-tax-years", &json!({})).await;
    let forms = world.api.get("/v1/tax-forms", token).await;
    let form = &forms.data(200)["items"][0];
    assert_eq!(
        (&form["year"], &form["document"], &form["status"]),
        (&json!(year), &json!("statement"), &json!("available"))
    );
    let file = world.api.get(&path, token).await;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/pdf")));
    world.assert_events("tax_year", tutor, &["tax_form.ready"]).await;
    world.aws.invoke("total-tax-years", &json!({})).await;
    world.assert_events("tax_year", tutor, &["tax_form.ready"]).await;
    lesson.cancel(&pair.student).await.data(200);
    lesson.is_at_rest().await;
}
