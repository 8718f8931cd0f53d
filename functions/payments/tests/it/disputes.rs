//! Payers who complain to their bank: the payment is frozen, and the money follows what the bank decides.

use futures::future::join;
use lectern_domain::id::UserId;
use lectern_domain::payments::OperationKind;
use lectern_payments::release_payment;
use lectern_runtime::testing::invoke;
use serde_json::json;
use uuid::Uuid;

use super::support::{Trouble, World};

fn admin() -> UserId {
    UserId(Uuid::now_v7())
}

#[tokio::test]
async fn a_disputed_payment_is_frozen_and_is_what_it_was_when_the_dispute_is_won() {
    let world = World::ready().await;
    let made = world.held(4_500).await;
    let dispute = world.disputed(&made, None).await;
    assert_eq!((world.balance("disputes").await, world.balance("stripe_fees").await), (4_500, 161 + 1_500));
    assert_eq!(world.refund(&made, "r", 500).await.unwrap_err().kind, "WrongState");
    assert_eq!(world.release_as(&world.services, admin(), "k", &made).await.problem(), "wrong-state");
    world.check().await;
    world.decided(&dispute, "won").await;
    assert_eq!(world.status(&made).await, "held");
    world.refund(&made, "r", 500).await.unwrap();
    world.check().await;
    let kinds = world.kinds();
    assert!(
        kinds.ends_with(
            &["payment.disputed", "payment.dispute_closed", "payment.refunded"].map(str::to_owned)
        )
    );
    let data = &world.bus.events()[kinds.len() - 2].data;
    assert_eq!((&data["outcome"], &data["lost"]["amount"]), (&json!("won"), &json!(0)));
}

#[tokio::test]
async fn a_release_during_a_dispute_follows_when_it_is_won_and_has_nothing_to_release_when_it_is_lost() {
    for outcome in ["won", "lost"] {
        let world = World::ready().await;
        let made = world.held(4_500).await;
        let dispute = world.disputed(&made, None).await;
        for _ in 0..2 {
            let released = world.release(&made).await.unwrap();
            assert_eq!(released, json!({ "status": "disputed", "transferred": false }));
        }
        assert_eq!(world.inspect(&made).await["releaseAsked"], true);
        world.decided(&dispute, outcome).await;
        world.rests().await;
        let won = outcome == "won";
        assert_eq!(world.status(&made).await, if won { "released" } else { "disputed" });
        assert_eq!(world.at_stripe("transferred").await, if won { 3_600 } else { 0 });
        assert_eq!(world.kinds().iter().filter(|kind| *kind == "payment.released").count(), usize::from(won));
        let again = world.release(&made).await.unwrap();
        assert_eq!(again["transferred"], won);
        world.check().await;
        assert_eq!(world.balance("disputes").await, 0);
    }
}

#[tokio::test]
async fn what_was_transferred_is_taken_back_and_sent_again_only_when_the_dispute_is_won() {
    for (outcome, sent, left) in [("won", 7_200, 3_600), ("lost", 3_600, 0)] {
        let world = World::ready().await;
        // Somebody else's money: what is sent again comes from the balance.
        world.held(20_000).await;
        let made = world.held(4_500).await;
        world.release(&made).await.unwrap();
        let dispute = world.disputed(&made, None).await;
        world.rests().await;
        assert_eq!((world.at_stripe("transferred").await, world.at_stripe("reversed").await), (3_600, 3_600));
        world.check().await;
        world.decided(&dispute, outcome).await;
        world.rests().await;
        assert_eq!((world.at_stripe("transferred").await, world.at_stripe("reversed").await), (sent, 3_600));
        world.check().await;
        let tutor = format!("tutor:{}", world.tutor);
        assert_eq!(world.balance(&format!("{tutor}:connected")).await, left);
        assert_eq!(world.balance(&format!("{tutor}:payable")).await, -left);
        assert_eq!(world.balance("platform_revenue").await, if left > 0 { -900 } else { 0 });
    }
}

#[tokio::test]
async fn a_part_that_is_lost_leaves_the_rest_to_be_released() {
    let world = World::ready().await;
    let made = world.held(4_500).await;
    let dispute = world.disputed(&made, Some(1_000)).await;
    world.release(&made).await.unwrap();
    world.decided(&dispute, "lost").await;
    world.rests().await;
    assert_eq!(world.status(&made).await, "partially_refunded");
    assert_eq!(world.at_stripe("transferred").await, 2_800);
    world.check().await;
    assert_eq!(world.inspect(&made).await["remaining"]["amount"], 3_500);
}

#[tokio::test]
async fn every_event_of_a_dispute_may_come_twice_late_and_before_the_payments_own() {
    for reversed in [false, true] {
        let world = World::ready().await;
        let made = world.made(4_500).await;
        world.pay(&made, "pm_card_createDispute").await;
        let mut events = world.new_events().await;
        if reversed {
            events.reverse();
        }
        for _ in 0..2 {
            for event in &events {
                world.hear(event).await.data();
            }
        }
        assert_eq!(world.status(&made).await, "disputed", "reversed: {reversed}");
        let disputes = world.disputes(10, None).await["items"].as_array().unwrap().len();
        assert_eq!(disputes, 1);
        let kinds = world.kinds();
        assert_eq!(kinds.iter().filter(|kind| *kind == "payment.disputed").count(), 1, "{kinds:?}");
        world.check().await;
    }
}

#[tokio::test]
async fn an_inquiry_freezes_nothing_until_the_bank_takes_the_money() {
    let world = World::ready().await;
    let made = world.made(4_500).await;
    world.pay(&made, "pm_card_createDisputeInquiry").await;
    world.hear_all().await;
    assert_eq!(world.status(&made).await, "held");
    let listed = world.disputes(10, None).await["items"][0].clone();
    assert_eq!(
        (&listed["status"], &listed["taken"]["amount"]),
        (&json!("warning_needs_response"), &json!(0))
    );
    assert!(!world.kinds().contains(&"payment.disputed".to_owned()));
    world.decided(listed["stripeId"].as_str().unwrap(), "escalated").await;
    assert_eq!(world.status(&made).await, "disputed");
    world.check().await;
}

#[tokio::test]
async fn a_refund_that_the_bank_was_faster_with_is_not_owed_any_more() {
    let world = World::ready().await;
    let made = world.held(4_500).await;
    let dispute = world.complain(&made, None).await;
    // Nobody has told us: Stripe refuses the refund.
    world.refund(&made, "r", 2_000).await.unwrap_err();
    world.hear_all().await;
    world.check().await;
    world.decided(&dispute, "lost").await;
    world.rests().await;
    let whole = world.inspect(&made).await;
    assert_eq!((&whole["refunded"]["amount"], &whole["chargedBack"]["amount"]), (&json!(0), &json!(4_500)));
    assert_eq!(world.at_stripe("refunded").await, 0);
    world.check().await;
    assert_eq!(world.balance("refunds").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_during_a_release_has_one_consistent_outcome() {
    for round in 0..20 {
        let world = World::ready().await;
        let made = world.held(4_500).await;
        if round % 3 == 0 {
            world.trouble(OperationKind::Transfer, Trouble::AnswerLost);
        }
        let dispute = world.complain(&made, None).await;
        let (one, use_case) = (world.another(), release_payment::use_case());
        let input = json!({ "paymentId": made.id });
        let (released, ()) = join(invoke(&use_case, &one, input), world.hear_all()).await;
        released.unwrap();
        world.rests().await;
        assert_eq!(world.status(&made).await, "disputed");
        assert_eq!(world.at_stripe("transferred").await, world.at_stripe("reversed").await);
        world.check().await;
        let won = round % 2 == 0;
        world.held(20_000).await;
        world.decided(&dispute, if won { "won" } else { "lost" }).await;
        world.rests().await;
        let kept = world.at_stripe("transferred").await - world.at_stripe("reversed").await;
        assert_eq!(kept, if won { 3_600 } else { 0 }, "round {round}");
        world.check().await;
    }
}

#[tokio::test]
async fn open_disputes_come_first_by_the_time_that_is_left_and_pages_have_no_gaps() {
    let world = World::new().await;
    let mut stripe_ids = Vec::new();
    for _ in 0..5 {
        let made = world.held(4_500).await;
        stripe_ids.push(world.disputed(&made, None).await);
    }
    world.decided(&stripe_ids[0], "lost").await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.disputes(2, cursor.as_deref()).await;
        for item in page["items"].as_array().unwrap() {
            seen.push((item["stripeId"].as_str().unwrap().to_owned(), item.get("outcome").is_some()));
        }
        let Some(next) = page.get("nextCursor") else { break };
        cursor = Some(next.as_str().unwrap().to_owned());
    }
    let mut found: Vec<_> = seen.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(seen.last().unwrap(), &(stripe_ids[0].clone(), true), "what is closed comes last");
    assert!(seen[..4].iter().all(|(_, closed)| !closed));
    found.sort();
    stripe_ids.sort();
    assert_eq!(found, stripe_ids);
}

#[tokio::test]
async fn evidence_is_staged_submitted_once_and_leaves_no_words_with_us() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.disputed(&made, None).await;
    let id = world.disputes(1, None).await["items"][0]["disputeId"].as_str().unwrap().to_owned();
    let who = admin();
    let nothing = world.evidence(who, "k0", &id, json!({ "submit": false })).await;
    assert_eq!((nothing.status, nothing.problem()), (422, "invalid-fields"));
    let staged = json!({ "submit": false, "productDescription": "An hour of algebra for Wilhelmina" });
    for _ in 0..2 {
        let given = world.evidence(who, "k1", &id, staged.clone()).await;
        assert_eq!((given.status, &given.data()["status"]), (201, &json!("needs_response")));
    }
    let other = world.evidence(who, "k1", &id, json!({ "submit": true })).await;
    assert_eq!(other.problem(), "idempotency-key-reused");
    let winning = json!({ "submit": true, "uncategorizedText": "winning_evidence" });
    let won = world.evidence(who, "k2", &id, winning).await;
    assert_eq!((won.status, &won.data()["status"]), (201, &json!("won")));
    assert_eq!(world.status(&made).await, "held");
    let late = world.evidence(who, "k3", &id, json!({ "submit": true })).await;
    assert_eq!((late.status, late.problem()), (409, "wrong-state"));
    assert!(world.database.tables_with("Wilhelmina").await.is_empty());
    let sent = world.stripe.sent.lock().unwrap().iter().filter(|key| key.contains(":evidence:")).count();
    assert_eq!(sent, 2);
    let acted = world.inspect(&made).await["adminActions"].as_array().unwrap().len();
    assert_eq!(acted, 2);
    world.check().await;
}

#[tokio::test]
async fn evidence_whose_answer_was_lost_is_sent_again_under_the_same_key() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.disputed(&made, None).await;
    let id = world.disputes(1, None).await["items"][0]["disputeId"].as_str().unwrap().to_owned();
    let fault = [("kind", "error_500_before"), ("method", "POST"), ("path", "/v1/disputes"), ("times", "3")];
    world.stripe_fault(&fault).await;
    let words = json!({ "submit": true, "serviceDate": "2026-11-20" });
    let lost = world.evidence(admin(), "k", &id, words).await;
    assert_eq!((lost.status, lost.problem()), (503, "unavailable"));
    world.later(1);
    world.settle().await;
    let listed = world.disputes(1, None).await["items"][0].clone();
    assert_eq!(listed["status"], "under_review");
    let sent = world.stripe.sent.lock().unwrap().clone();
    let keys: Vec<_> = sent.iter().filter(|key| key.contains(":evidence:")).collect();
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    assert!(world.database.tables_with("2026-11-20").await.is_empty());
    world.check().await;
}
