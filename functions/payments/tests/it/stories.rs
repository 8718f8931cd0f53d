//! Random stories over the real database, the real client and the stand-in: every operation, webhooks late, twice, in
//! any order or lost, and everything that can go wrong between us and Stripe.
//!
//! The seed is in the failure's message: `LECTERN_STORY_SEED` tells one again, `LECTERN_STORIES` tells so many.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::payments::OperationKind;
use lectern_domain::role::Role;
use lectern_payments::{
    create_payment, open_payout_account, put_commission_policy, reconcile_ledger, refund_payment,
    release_payment, sweep_stuck_payments,
};
use lectern_runtime::testing::{As, TestRequest, deliver, invoke};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::books_balance::agree;
use super::stories_of_others::{
    admins, bank, comes_by_event_alone, complain, decide, decide_all, pay_out, retry_payout, settle_the_rest,
    subscribe_to_pro,
};
use super::support::{Made, Trouble, World};

const STORIES: u64 = 5;
const CHAPTERS: usize = 60;
/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The chapters of a story, each with how often it comes beside the others.
macro_rules! chapters {
    ($($weight:literal $chapter:ident,)+) => {
        const WEIGHTS: u32 = 0 $(+ $weight)+;

        async fn any_chapter(story: &mut Story) {
            let mut at = story.dice.random_range(0..WEIGHTS);
            $(
                if at < $weight {
                    return $chapter(story).await;
                }
                at -= $weight;
            )+
            assert_eq!(at, 0);
        }
    };
}

// What others build is one line here.
chapters! {
    12 make,
    16 pay,
    12 hear_some,
    4 cancel,
    10 release,
    10 refund,
    5 release_and_refund_at_once,
    5 die_over_a_call,
    8 settle,
    4 sweep_stuck,
    3 approve_tutor,
    3 onboard_tutor,
    2 set_commission,
    2 reconcile,
    4 complain,
    6 decide,
    6 admins,
    6 pay_out,
    5 bank,
    3 retry_payout,
    2 subscribe_to_pro,
}

pub struct Story {
    pub world: World,
    pub dice: StdRng,
    tutors: [UserId; 2],
    payments: Vec<Made>,
}

impl Story {
    pub fn any_payment(&mut self) -> Option<Made> {
        self.payments.choose(&mut self.dice).cloned()
    }

    /// Whose turn it is.
    pub fn any_tutor(&mut self) -> UserId {
        let tutor = *self.tutors.choose(&mut self.dice).unwrap();
        self.world.tutor = tutor;
        tutor
    }

    /// An answer is lost, a request is lost, or Stripe itself is in trouble.
    async fn trouble(&mut self) {
        if self.dice.random() {
            let kind = *OperationKind::ALL.choose(&mut self.dice).unwrap();
            let trouble = if self.dice.random() { Trouble::AnswerLost } else { Trouble::RequestLost };
            return self.world.trouble(kind, trouble);
        }
        let kinds = ["timeout_after", "error_500_before", "error_500_after", "rate_limited"];
        let paths = ["payment_intents", "refunds", "transfers", "accounts", "balance_transactions"];
        let path = format!("/v1/{}", paths.choose(&mut self.dice).unwrap());
        // More often than the client tries, now and then.
        let times = self.dice.random_range(1..=4).to_string();
        let kind = *kinds.choose(&mut self.dice).unwrap();
        let fault = [("kind", kind), ("path", &path), ("times", &times), ("delay_ms", "1")];
        self.world.stripe_fault(&fault).await;
    }
}

#[tokio::test]
async fn the_ledger_agrees_with_stripe_after_every_story() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let told = number("LECTERN_STORY_SEED");
    let first = told.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    let stories = number("LECTERN_STORIES").unwrap_or(if told.is_some() { 1 } else { STORIES });
    for seed in first..first + stories {
        eprintln!("story {seed}");
        tell(seed).await;
    }
}

async fn tell(seed: u64) {
    let world = World::new().await;
    let tutors = [world.tutor, UserId(Uuid::now_v7())];
    let mut story = Story { world, dice: StdRng::seed_from_u64(seed), tutors, payments: Vec::new() };
    make(&mut story).await;
    for _ in 0..CHAPTERS {
        if story.dice.random_ratio(1, 4) {
            story.trouble().await;
        }
        any_chapter(&mut story).await;
    }
    come_to_rest(&mut story).await;
    agree(&story.world, &mut story.dice).await;
}

// The chapters. What is refused or fails is a part of the story.

async fn make(story: &mut Story) {
    let (tutor, lesson) = (story.any_tutor(), Uuid::now_v7());
    let currency = ["USD", "EUR", "GBP"].choose(&mut story.dice).unwrap();
    let purpose = ["lesson", "trial"].choose(&mut story.dice).unwrap();
    let amount = story.dice.random_range(50..20_000);
    let input = json!({ "lessonId": lesson, "studentId": story.world.student, "tutorId": tutor,
        "amount": { "amount": amount, "currency": currency }, "purpose": purpose });
    if let Ok(created) = invoke(&create_payment::use_case(), &story.world.services, input).await {
        let id = created["paymentId"].as_str().unwrap().to_owned();
        story.payments.push(Made { lesson, id });
    }
}

async fn pay(story: &mut Story) {
    let Some(made) = story.any_payment() else { return };
    let shown = story.world.read(&made, story.world.student, Role::Student).await;
    let Some(secret) = shown.data()["clientSecret"].as_str().map(str::to_owned) else { return };
    let card = if story.dice.random_ratio(1, 5) { "pm_card_chargeDeclined" } else { "pm_card_visa" };
    let intent = secret.split("_secret_").next().unwrap();
    let url = format!("{}/v1/payment_intents/{intent}/confirm", story.world.base);
    let form = [("client_secret", secret.as_str()), ("payment_method", card)];
    drop(story.world.http.post(url).bearer_auth("pk_test_123456789012").form(&form).send().await);
}

/// Some of what Stripe has said so far, in any order, some of it again.
async fn hear_some(story: &mut Story) {
    let events = story.world.stripe_events().await;
    for _ in 0..4 {
        if let Some(event) = events.choose(&mut story.dice) {
            hear(&story.world, event).await;
        }
    }
}

async fn hear(world: &World, event: &Value) {
    let answer = world.hear(event).await;
    assert!([200, 503].contains(&answer.status), "{:#}", answer.body);
}

async fn cancel(story: &mut Story) {
    if let Some(made) = story.any_payment() {
        drop(story.world.cancel(&made).await);
    }
}

async fn release(story: &mut Story) {
    if let Some(made) = story.any_payment() {
        drop(story.world.release(&made).await);
    }
}

fn refund_input(story: &mut Story, made: &Made) -> Value {
    let name = format!("r{}", story.dice.random_range(0..3));
    let currency = ["USD", "USD", "EUR", "GBP"].choose(&mut story.dice).unwrap();
    json!({ "paymentId": made.id, "refundId": name, "reason": "a story",
        "amount": { "amount": story.dice.random_range(1..6_000), "currency": currency } })
}

async fn refund(story: &mut Story) {
    let Some(made) = story.any_payment() else { return };
    let input = refund_input(story, &made);
    drop(invoke(&refund_payment::use_case(), &story.world.services, input).await);
}

async fn release_and_refund_at_once(story: &mut Story) {
    let Some(made) = story.any_payment() else { return };
    let (input, use_case) = (refund_input(story, &made), refund_payment::use_case());
    let another = story.world.another();
    drop(futures::join!(story.world.release(&made), invoke(&use_case, &another, input)));
}

/// The function ends while Stripe works.
async fn die_over_a_call(story: &mut Story) {
    let Some(made) = story.any_payment() else { return };
    let refunds = story.dice.random();
    let (kind, use_case, input) = if refunds {
        (OperationKind::Refund, refund_payment::use_case(), refund_input(story, &made))
    } else {
        (OperationKind::Transfer, release_payment::use_case(), json!({ "paymentId": made.id }))
    };
    let (told, services) = (Arc::new(Notify::new()), story.world.another());
    story.world.calm();
    story.world.trouble(kind, Trouble::Hangs(Arc::clone(&told)));
    let mut dying = tokio::spawn(async move { drop(invoke(&use_case, &services, input).await) });
    let ended = async {
        tokio::select! {
            () = told.notified() => {}
            _ = &mut dying => {}
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends, one way or the other");
    dying.abort();
    story.world.calm();
}

async fn settle(story: &mut Story) {
    story.world.later(story.dice.random_range(0..5));
    story.world.settle().await;
}

async fn sweep_stuck(story: &mut Story) {
    story.world.later(story.dice.random_range(0..8));
    invoke(&sweep_stuck_payments::use_case(), &story.world.services, json!({})).await.unwrap();
}

async fn approve_tutor(story: &mut Story) {
    story.any_tutor();
    // What fails comes again.
    deliver(&open_payout_account::use_case(), &story.world.services, &[story.world.approval()]).await;
}

async fn onboard_tutor(story: &mut Story) {
    let tutor = story.any_tutor().to_string();
    let url = format!("{}/_stand_in/accounts/complete_onboarding", story.world.base);
    story.world.http.post(url).form(&[("tutor_id", tutor)]).send().await.unwrap();
}

async fn set_commission(story: &mut Story) {
    let seen = story.world.number("SELECT coalesce(max(version), 0) FROM commission_policies").await;
    let from = story.world.clock.now() + SignedDuration::from_mins(story.dice.random_range(0..10));
    let rules: Vec<_> = ["lesson", "trial", "course"]
        .map(|purpose| {
            let points = story.dice.random_range(0..=10_000);
            json!({ "purpose": purpose, "fromHours": 0, "basisPoints": points })
        })
        .into();
    let request = TestRequest::new(As::User(UserId(Uuid::now_v7()), Role::Admin));
    let request = request.header("if-match", seen).json(&json!({ "validFrom": from, "rules": rules }));
    request.send(&put_commission_policy::use_case(), &story.world.services).await.data();
}

async fn reconcile(story: &mut Story) {
    drop(invoke(&reconcile_ledger::use_case(), &story.world.services, json!({})).await);
}

/// Trouble passes. Stripe's events come at last, in any order, or are lost for good.
async fn come_to_rest(story: &mut Story) {
    story.world.calm();
    story.world.http.delete(format!("{}/_stand_in/faults", story.world.base)).send().await.unwrap();
    decide_all(story).await;
    let mut events = story.world.stripe_events().await;
    events.shuffle(&mut story.dice);
    let some_are_lost: bool = story.dice.random();
    for event in events.iter().filter(|event| !some_are_lost || comes_by_event_alone(event)) {
        hear(&story.world, event).await;
    }
    for _ in 0..8 {
        story.world.later(120);
        story.world.settle().await;
        settle_the_rest(story).await;
        invoke(&sweep_stuck_payments::use_case(), &story.world.services, json!({})).await.unwrap();
    }
}
