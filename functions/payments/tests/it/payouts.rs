//! What is paid out, when, how much, and what the statement says of it.

use std::sync::Arc;

use futures::future::join_all;
use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::payments::PayoutSchedule;
use lectern_domain::role::Role;
use lectern_payments::{get_payout, get_payout_statement, list_payouts};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::payout_support::id;
use super::support::World;

#[tokio::test]
async fn what_was_earned_before_monday_is_paid_out_on_monday_and_arrives() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty(), "it is not Monday yet");
    world.monday();
    world.run_payouts().await;
    let earnings = |payable: i64, on_its_way: i64, paid: i64| json!([{ "currency": "USD", "held": 0, "payable": payable, "inTransit": on_its_way, "paid": paid }]);
    assert_eq!(world.earnings().await, earnings(0, 3_600, 0));
    let [payout] = &world.payouts().await[..] else { panic!("one payout") };
    assert_eq!(payout["amount"], json!({ "amount": 3_600, "currency": "USD" }));
    assert_eq!(payout["status"], "in_transit");
    world.check().await;
    world.bank("pay").await;
    world.check().await;
    assert_eq!(world.earnings().await, earnings(0, 0, 3_600));
    let paid = &world.payouts().await[0];
    assert!(paid["status"] == "paid" && paid["paidAt"].is_string() && paid["arrivesAt"].is_string());
    let kinds = world.kinds();
    assert_eq!(kinds[kinds.len() - 2..], ["payout.scheduled", "payout.paid"]);
    let told = world.bus.events();
    assert_eq!(told.last().unwrap().data["amount"], json!({ "amount": 3_600, "currency": "USD" }));
}

#[tokio::test]
async fn a_stage_on_which_nobody_waits_for_monday_pays_out_each_of_its_periods() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty(), "it is not Monday");
    let mut hasty = Arc::into_inner(world.another()).unwrap();
    hasty.payouts.every_seconds = Some(60);
    world.clock.advance(SignedDuration::from_secs(60));
    let hasty = Arc::new(hasty);
    for _ in 0..2 {
        world.run_payouts_by(&hasty).await.unwrap();
    }
    let payouts = world.payouts().await;
    assert_eq!((payouts.len(), &payouts[0]["amount"]["amount"]), (1, &json!(3_600)));
    world.check().await;
}

#[tokio::test]
async fn what_was_earned_after_monday_waits_for_the_next_one() {
    let world = World::ready().await;
    world.monday();
    world.earns(4_500).await;
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty());
    world.later(60);
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty());
    world.monday();
    world.earns(9_000).await;
    world.run_payouts().await;
    assert_eq!(world.payouts().await[0]["amount"]["amount"], 3_600, "and not what came a minute later");
    world.check().await;
}

#[tokio::test]
async fn a_run_that_comes_again_or_late_pays_nothing_twice() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.monday();
    for _ in 0..3 {
        world.run_payouts().await;
        world.later(60 * 24);
    }
    world.earns(4_500).await;
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    // As if the mark of the run had been lost with a crash.
    world.sql("UPDATE payout_accounts SET paid_out_until = NULL").await.unwrap();
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn runs_at_once_make_one_payout() {
    for _ in 0..5 {
        let world = World::ready().await;
        world.earns(4_500).await;
        world.monday();
        let others: Vec<_> = (0..4).map(|_| world.another()).collect();
        let runs = join_all(others.iter().map(|by| world.run_payouts_by(by))).await;
        assert!(runs.iter().all(Result::is_ok), "{runs:?}");
        assert_eq!((world.payouts().await.len(), world.at_the_bank().await.len()), (1, 1));
        assert_eq!(world.kinds().iter().filter(|kind| *kind == "payout.scheduled").count(), 1);
        world.check().await;
    }
}

#[tokio::test]
async fn who_is_not_ready_is_paid_out_once_ready() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.account_is("disable_payouts").await;
    world.hear_all().await;
    world.monday();
    world.run_payouts().await;
    assert!(world.payouts().await.is_empty());
    world.onboard_tutor().await;
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn below_the_minimum_nothing_is_paid_out_and_it_adds_up() {
    let world = World::ready().await;
    world.earns(2_498).await;
    world.monday();
    world.run_payouts().await;
    assert_eq!(world.earnings().await[0]["payable"], 1_998);
    assert!(world.payouts().await.is_empty());
    world.earns(100).await;
    world.monday();
    world.run_payouts().await;
    assert_eq!(world.payouts().await[0]["amount"]["amount"], 2_078);
    world.check().await;
}

#[tokio::test]
async fn each_currency_is_paid_out_by_itself() {
    let world = World::ready().await;
    world.earns(4_500).await;
    let lesson = Uuid::now_v7();
    let input = json!({ "lessonId": lesson, "studentId": world.student, "tutorId": world.tutor,
        "amount": { "amount": 10_000, "currency": "EUR" } });
    let created =
        invoke(&lectern_payments::create_payment::use_case(), &world.services, input).await.unwrap();
    let made = super::support::Made { lesson, id: created["paymentId"].as_str().unwrap().to_owned() };
    world.pay(&made, "pm_card_visa").await;
    world.hear_all().await;
    world.release(&made).await.unwrap();
    let bank = [
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "DE"),
        ("external_account[currency]", "eur"),
        ("external_account[account_number]", "DE89370400440532013000"),
    ];
    world.stripe_post(&format!("/v1/accounts/{}/external_accounts", world.account().await), &bank).await;
    world.monday();
    world.run_payouts().await;
    let amounts: Vec<_> = world.payouts().await.iter().map(|payout| payout["amount"].clone()).collect();
    assert_eq!(amounts.len(), 2);
    for wanted in
        [json!({ "amount": 3_600, "currency": "USD" }), json!({ "amount": 8_000, "currency": "EUR" })]
    {
        assert!(amounts.contains(&wanted), "{amounts:?}");
    }
    world.bank("pay").await;
    world.check().await;
}

#[tokio::test]
async fn who_chose_monthly_is_paid_out_on_the_first() {
    let world = World::ready().await;
    world.sql("UPDATE payout_accounts SET schedule = 'monthly'").await.unwrap();
    let to_the_first = || {
        let now = world.clock.now();
        world.clock.advance(PayoutSchedule::Monthly.next(now).duration_since(now));
    };
    to_the_first();
    world.earns(4_500).await;
    for _ in 0..3 {
        world.monday();
        world.run_payouts().await;
    }
    assert!(world.payouts().await.is_empty());
    to_the_first();
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    // Who goes back to weekly is not paid the same twice.
    world.sql("UPDATE payout_accounts SET schedule = 'weekly'").await.unwrap();
    world.run_payouts().await;
    world.monday();
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_refund_after_the_payout_is_taken_from_the_next_earnings() {
    let world = World::ready().await;
    let made = world.earns(4_500).await;
    world.monday();
    world.run_payouts().await;
    world.bank("pay").await;
    world.hear_all().await;
    world.refund(&made, "late", 4_500).await.unwrap();
    world.later(1);
    assert_eq!(world.earnings().await[0]["payable"], -3_600);
    world.earns(9_000).await;
    world.monday();
    world.run_payouts().await;
    let payouts = world.payouts().await;
    assert_eq!(payouts[0]["amount"]["amount"], 3_600, "7 200 less 3 600");
    let explained = world.explained(&payouts[0]).await;
    let lines = explained.data()["lines"].as_array().unwrap();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| (line["kind"].as_str().unwrap(), line["amount"]["amount"].as_i64().unwrap()))
        .collect();
    assert_eq!(shown, [("payout", -3_600), ("refund", -3_600), ("earning", 7_200)]);
    world.check().await;
}

async fn statement(world: &World, payout: &Value, format: &str, who: UserId) -> Answered {
    let request = TestRequest::new(As::User(who, Role::Tutor)).path("payoutId", id(payout));
    request.query("format", format).send(&get_payout_statement::use_case(), &world.services).await
}

#[tokio::test]
async fn the_statement_adds_up_to_what_the_ledger_says_on_paper_and_in_a_spreadsheet() {
    let world = World::ready().await;
    for amount in [4_500, 5_000, 6_050] {
        world.earns(amount).await;
    }
    let made = world.earns(10_000).await;
    world.refund(&made, "r", 2_500).await.unwrap();
    world.monday();
    world.run_payouts().await;
    let payout = world.payouts().await[0].clone();
    let trips = world.services.base.round_trips();
    let explained = world.explained(&payout).await;
    assert_eq!(world.services.base.round_trips() - trips, 1);
    let data = explained.data();
    let sum: i64 =
        data["lines"].as_array().unwrap().iter().map(|l| l["amount"]["amount"].as_i64().unwrap()).sum();
    assert_eq!((sum, &data["closing"]["amount"]), (3_600 + 4_000 + 4_840 + 8_000 - 2_000, &json!(sum)));
    assert_eq!(data["payout"]["amount"]["amount"], sum);
    assert_eq!(data["carriedOver"]["amount"], 0);
    let account = format!("tutor:{}:payable", world.tutor);
    assert_eq!(world.balance(&account).await, 0, "all of it is on its way");

    let csv = statement(&world, &payout, "csv", world.tutor).await;
    assert!(csv.headers["content-type"].starts_with("text/csv"));
    assert!(csv.headers["content-disposition"].contains("lectern-statement-"));
    let rows: Vec<Vec<&str>> = csv.text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["date", "kind", "payment", "lesson", "payout", "amount", "currency"]);
    assert!(rows.iter().all(|row| row.len() == 7));
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let of = |kinds: &[&str]| -> i64 {
        rows.iter().filter(|row| kinds.contains(&row[1])).map(|row| cents(row[5])).sum()
    };
    assert_eq!(of(&["earning", "refund"]), sum);
    assert_eq!((of(&["opening"]), of(&["closing"]), of(&["paid out"])), (0, sum, sum));

    let pdf = statement(&world, &payout, "pdf", world.tutor).await;
    assert_eq!((pdf.status, pdf.headers["content-type"].as_str()), (200, "application/pdf"));
    let words = pdf_extract::extract_text_from_mem(&pdf.bytes).unwrap();
    for word in ["Statement of a payout", "184.40 USD", "-20.00 USD", "36.00 USD", "Left for the next payout"]
    {
        assert!(words.contains(word), "{word} is missing in {words}");
    }
    assert!(world.bank_is_secret(&words));
    let wrong = statement(&world, &payout, "docx", world.tutor).await;
    assert_eq!((wrong.status, wrong.bad_fields()), (422, vec!["format"]));
    world.check().await;
}

impl World {
    /// Nothing of Stripe's is on paper.
    fn bank_is_secret(&self, words: &str) -> bool {
        !["acct_", "po_", "ba_", "000123456789"].iter().any(|secret| words.contains(secret))
    }
}

#[tokio::test]
async fn somebody_elses_payout_is_not_there() {
    let world = World::ready().await;
    world.earns(4_500).await;
    world.monday();
    world.run_payouts().await;
    let payout = world.payouts().await[0].clone();
    let stranger = UserId(Uuid::now_v7());
    let request = TestRequest::new(As::User(stranger, Role::Tutor)).path("payoutId", id(&payout));
    let answer = request.send(&get_payout::use_case(), &world.services).await;
    assert_eq!((answer.status, answer.problem()), (404, "not-found"));
    assert_eq!(statement(&world, &payout, "pdf", stranger).await.problem(), "not-found");
    let request = TestRequest::new(As::User(stranger, Role::Tutor));
    let page = request.send(&list_payouts::use_case(), &world.services).await;
    assert_eq!(page.data()["items"], json!([]));
}

#[tokio::test]
async fn the_pages_of_payouts_have_no_gaps() {
    let world = World::ready().await;
    for _ in 0..5 {
        world.earns(4_500).await;
        world.monday();
        world.run_payouts().await;
        world.bank("pay").await;
        world.hear_all().await;
    }
    let all: Vec<_> = world.payouts().await.iter().map(id).collect();
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut request = TestRequest::new(As::User(world.tutor, Role::Tutor)).query("limit", 2);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let page = request.send(&list_payouts::use_case(), &world.services).await;
        seen.extend(page.data()["items"].as_array().unwrap().iter().map(id));
        cursor = page.data()["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), seen), (5, all));
    let request = TestRequest::new(As::User(world.tutor, Role::Tutor)).query("cursor", "AAAA");
    let wrong = request.send(&list_payouts::use_case(), &world.services).await;
    assert_eq!(wrong.bad_fields(), ["cursor"]);
    world.check().await;
}

#[tokio::test]
async fn many_tutors_are_paid_out_by_one_run_each_by_itself() {
    let world = World::ready().await;
    world.earns(4_500).await;
    // Accounts that Stripe doesn't know: they don't keep the others waiting.
    let others = "INSERT INTO payout_accounts (tutor_id, stripe_account_id, attempt, transfers_active, payouts_enabled,
            announced, sequence, revision, created_at, updated_at)
        SELECT gen_random_uuid(), 'acct_unknown' || n, 1, true, true, true, 0, 0, now(), now()
        FROM generate_series(1, 120) n";
    world.sql(others).await.unwrap();
    world.monday();
    world.run_payouts().await;
    assert_eq!(world.payouts().await.len(), 1);
    let left = world.sql("SELECT 1 FROM payout_accounts WHERE paid_out_until IS NULL").await.unwrap();
    assert_eq!(left, 0, "who has earned nothing is not asked about at Stripe");
    world.sql("DELETE FROM payout_accounts WHERE stripe_account_id LIKE 'acct_unknown%'").await.unwrap();
    world.check().await;
}
