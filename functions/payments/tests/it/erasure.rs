//! What is held on somebody's money: given out whole, and taken away as far as the law lets it.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::payments::OperationKind;
use lectern_domain::role::Role;
use lectern_payments::{count_taught_hours, erase_payments_user, export_payments_data};
use lectern_runtime::testing::{As, TestRequest, deliver, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Made, Trouble, World};

/// What somebody wrote.
const WORDS: [&str; 3] = ["Algebra for Wilhelmina", "Wilhelmina was ill", "Wilhelmina's card"];

fn erased(world: &World, user: UserId) -> Envelope {
    let mut event = world.approval();
    event.kind = "user.erased".to_owned();
    event.aggregate.kind = "user".to_owned();
    event.aggregate.id = user.0;
    event.data = json!({ "role": "student" });
    event
}

async fn take_in(world: &World, event: &Envelope) -> usize {
    deliver(&erase_payments_user::use_case(), &world.services, std::slice::from_ref(event)).await
}

async fn held(world: &World, user: UserId) -> Vec<Value> {
    let request = TestRequest::new(As::Service("build-export")).path("userId", user);
    let before = world.services.base.round_trips();
    let page = request.send(&export_payments_data::use_case(), &world.services).await;
    assert_eq!(world.services.base.round_trips() - before, 1);
    page.data()["items"].as_array().unwrap().clone()
}

fn of_kind<'a>(items: &'a [Value], kind: &str) -> Vec<&'a Value> {
    items.iter().filter(|item| item["kind"] == kind).map(|item| &item["data"]).collect()
}

/// A payment that is held and partly given back, with words wherever words can be.
async fn worded(world: &World) -> Made {
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    let input = json!({ "paymentId": made.id, "refundId": "r", "reason": WORDS[1],
        "amount": { "amount": 500, "currency": "USD" } });
    invoke(&lectern_payments::refund_payment::use_case(), &world.services, input).await.unwrap();
    let words =
        format!("UPDATE payments SET description = '{}', failure_reason = $${}$$", WORDS[0], WORDS[2]);
    world.sql(&words).await.unwrap();
    let answer = format!(
        "INSERT INTO idempotency_keys (caller, use_case, key, fingerprint, answer)
         VALUES ('{}', 'x', 'k', 'f', '{{}}')",
        world.student
    );
    world.sql(&answer).await.unwrap();
    made
}

#[tokio::test]
async fn payer_and_tutor_are_each_given_their_share_and_of_the_other_the_id_alone() {
    let world = World::new().await;
    world.approve_tutor().await;
    let made = worded(&world).await;
    let payer = held(&world, world.student).await;
    let said = "Payments that you made: 1, 45.00 USD in all; given back: 5.00 USD.";
    assert_eq!(of_kind(&payer, "summary"), [&json!([said])]);
    let [payment] = of_kind(&payer, "payment")[..] else { panic!("{payer:?}") };
    assert_eq!((&payment["paymentId"], &payment["role"]), (&json!(made.id), &json!("payer")));
    assert_eq!(payment["amount"], json!({ "amount": 4_500, "currency": "USD" }));
    assert!(
        of_kind(&payer, "stripeOperation").iter().any(|o| o["kind"] == "refund" && o["reason"] == WORDS[1])
    );
    assert!(!of_kind(&payer, "stripeEvent").is_empty());
    assert!(of_kind(&payer, "earning").is_empty() && of_kind(&payer, "payoutAccount").is_empty());
    assert!(!Value::from(payer).to_string().contains("_secret_"), "a client secret is a key");

    let tutor = held(&world, world.tutor).await;
    let said = [
        "Earned as a tutor: 32.00 USD; sent to your account: 0.00 USD.",
        "You have an account for payouts at Stripe.",
    ];
    assert_eq!(of_kind(&tutor, "summary"), [&json!(said)]);
    assert_eq!(of_kind(&tutor, "payment")[0]["role"], "tutor");
    let earned: i64 =
        of_kind(&tutor, "earning").iter().map(|e| e["amount"]["amount"].as_i64().unwrap()).sum();
    assert_eq!(earned, 3_200, "80 % of what was not given back, by the ledger");
    assert_eq!(of_kind(&tutor, "payoutAccount").len(), 1);
    let nobody = held(&world, UserId(Uuid::now_v7())).await;
    assert!(nobody.is_empty(), "{nobody:?}");
}

#[tokio::test]
async fn an_erased_payer_leaves_no_word_in_any_table_and_the_books_stay_right() {
    let world = World::new().await;
    let made = worded(&world).await;
    for word in WORDS {
        assert!(!world.database.tables_with(word).await.is_empty(), "{word} was never there");
    }
    let held_before = held(&world, world.student).await.len();
    let event = erased(&world, world.student);
    for _ in 0..2 {
        assert_eq!(take_in(&world, &event).await, 0);
        for word in WORDS.iter().chain(&["Wilhelmina"]) {
            // The event of the refund is on its way with its reason; it goes within days.
            let tables = world.database.tables_with(word).await;
            assert!(tables.iter().all(|table| table == "outbox"), "{word} in {tables:?}");
        }
        assert_eq!(world.sql("SELECT 1 FROM idempotency_keys").await.unwrap(), 0);
    }
    assert_eq!(world.sql("SELECT 1 FROM inbox WHERE consumer = 'erase-payments-user'").await.unwrap(), 1);
    assert_eq!(held(&world, world.student).await.len(), held_before, "money records stay");
    assert_eq!(world.read(&made, world.tutor, Role::Tutor).await.data()["refunded"]["amount"], 500);
    // What follows still works: another refund, and the books agree with Stripe.
    world.refund(&made, "later", 700).await.unwrap();
    world.check().await;
}

#[tokio::test]
async fn our_own_words_stay_in_the_books() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    let input = json!({ "paymentId": made.id, "refundId": "r", "reason": "lesson_cancelled",
        "amount": { "amount": 500, "currency": "USD" } });
    invoke(&lectern_payments::refund_payment::use_case(), &world.services, input).await.unwrap();
    assert_eq!(take_in(&world, &erased(&world, world.tutor)).await, 0);
    assert_eq!(world.database.tables_with("lesson_cancelled").await, ["outbox", "stripe_operations"]);
}

#[tokio::test]
async fn a_payment_that_is_being_made_keeps_its_description_until_stripe_has_answered() {
    let world = World::new().await;
    world.trouble(OperationKind::Create, Trouble::RequestLost);
    let lesson = Uuid::now_v7();
    world.create(lesson, 4_500).await.unwrap_err();
    let event = erased(&world, world.student);
    assert_eq!(take_in(&world, &event).await, 1, "the event has to come again");
    assert_eq!(world.database.tables_with("Algebra, 60 min").await, ["payments"]);
    assert_eq!(world.sql("SELECT 1 FROM inbox").await.unwrap(), 0);
    world.later(10);
    world.create(lesson, 4_500).await.unwrap();
    assert_eq!(take_in(&world, &event).await, 0);
    assert!(world.database.tables_with("Algebra, 60 min").await.is_empty());
}

#[tokio::test]
async fn of_somebody_who_never_paid_there_is_nothing_to_take_away() {
    let world = World::new().await;
    world.held(4_500).await;
    assert_eq!(take_in(&world, &erased(&world, UserId(Uuid::now_v7()))).await, 0);
    assert_eq!(world.database.tables_with("Algebra, 60 min").await, ["payments"], "somebody else's");
}

#[tokio::test]
async fn a_tutor_is_given_every_payout_and_an_erasure_keeps_them_for_the_books() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.monday();
    world.run_payouts().await;
    world.bank("pay").await;
    world.hear_all().await;
    let tutor = held(&world, world.tutor).await;
    let said = [
        "Earned as a tutor: 36.00 USD; sent to your account: 36.00 USD.",
        "Paid out to your bank: 36.00 USD, in 1 payouts.",
        "You have an account for payouts at Stripe.",
    ];
    assert_eq!(of_kind(&tutor, "summary"), [&json!(said)]);
    let [payout] = of_kind(&tutor, "payout")[..] else { panic!("{tutor:?}") };
    assert_eq!(payout["amount"], json!({ "amount": 3_600, "currency": "USD" }));
    assert_eq!((&payout["status"], &payout["attempt"]), (&json!("paid"), &json!(1)));
    let account = of_kind(&tutor, "payoutAccount")[0];
    assert_eq!((&account["schedule"], &account["detailsSubmitted"]), (&json!("weekly"), &json!(true)));
    assert!(of_kind(&held(&world, world.student).await, "payout").is_empty());
    assert_eq!(take_in(&world, &erased(&world, world.tutor)).await, 0);
    assert_eq!(of_kind(&held(&world, world.tutor).await, "payout").len(), 1, "money records stay");
    // What is still on its way is still followed.
    world.bank("fail").await;
    world.check().await;
    assert_eq!(world.payouts().await[0]["status"], "failed");
}

#[tokio::test]
async fn disputes_and_admins_deeds_are_given_out_and_lose_an_admins_words() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    let admin = UserId(Uuid::now_v7());
    let body = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": WORDS[1] });
    assert_eq!(world.refund_as(&world.services, admin, "k", &made, body).await.status, 201);
    world.disputed(&made, None).await;
    for who in [world.student, world.tutor] {
        let items = held(&world, who).await;
        let [dispute] = of_kind(&items, "dispute")[..] else { panic!("{items:?}") };
        assert_eq!(
            (&dispute["amount"]["amount"], &dispute["status"]),
            (&json!(4_000), &json!("needs_response"))
        );
        let [deed] = of_kind(&items, "adminAction")[..] else { panic!("{items:?}") };
        assert_eq!((&deed["action"], &deed["reason"]), (&json!("refund"), &json!(WORDS[1])));
        assert!(!deed.to_string().contains(&admin.to_string()), "of others there is nothing");
    }
    assert_eq!(take_in(&world, &erased(&world, world.student)).await, 0);
    let tables = world.database.tables_with("Wilhelmina").await;
    assert!(tables.iter().all(|table| table == "outbox"), "{tables:?}");
    let items = held(&world, world.tutor).await;
    assert_eq!(of_kind(&items, "adminAction")[0]["reason"], "removed");
    world.check().await;
}

#[tokio::test]
async fn the_hours_that_a_tutor_has_taught_are_given_out_and_taken_away() {
    let world = World::new().await;
    let (mut taught, lesson) = (world.approval(), Uuid::now_v7());
    taught.kind = "lesson.completed".to_owned();
    taught.data = json!({ "lessonId": lesson, "studentId": world.student, "tutorId": world.tutor,
        "subject": "algebra", "start": "2026-11-20T10:00:00Z", "end": "2026-11-20T10:50:00Z",
        "status": "completed" });
    let count = count_taught_hours::use_case();
    assert_eq!(deliver(&count, &world.services, std::slice::from_ref(&taught)).await, 0);
    let items = held(&world, world.tutor).await;
    let [counted] = of_kind(&items, "taughtLesson")[..] else { panic!("{items:?}") };
    assert_eq!((&counted["lessonId"], &counted["minutes"]), (&json!(lesson), &json!(50)));
    assert_eq!(take_in(&world, &erased(&world, world.tutor)).await, 0);
    assert!(of_kind(&held(&world, world.tutor).await, "taughtLesson").is_empty());
}
