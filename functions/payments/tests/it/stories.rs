//! Random stories over the real database, the real client and the stand-in. The seed is in the failure's message:
//! `LECTERN_STORY_SEED` tells one again.

use lectern_domain::payments::OperationKind;
use lectern_domain::role::Role;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::support::{Made, Trouble, World};

const STORIES: u64 = 5;
const CHAPTERS: usize = 40;

#[tokio::test]
async fn the_ledger_agrees_with_stripe_after_every_story() {
    let told = std::env::var("LECTERN_STORY_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let first = told.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    for seed in first..first + if told.is_some() { 1 } else { STORIES } {
        eprintln!("story {seed}");
        tell(seed).await;
    }
}

async fn tell(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let mut payments: Vec<Made> = Vec::new();
    let mut approved = false;
    for _ in 0..CHAPTERS {
        if payments.is_empty() || dice.random_ratio(1, 8) {
            let lesson = uuid::Uuid::now_v7();
            let amount = dice.random_range(50..20_000);
            if let Ok(created) = world.create(lesson, amount).await {
                payments.push(Made { lesson, id: created["paymentId"].as_str().unwrap().to_owned() });
            }
            continue;
        }
        if dice.random_ratio(1, 4) {
            let kind = OperationKind::ALL.choose(&mut dice).unwrap();
            let trouble = if dice.random() { Trouble::AnswerLost } else { Trouble::RequestLost };
            world.trouble(*kind, trouble);
        }
        let made = payments.choose(&mut dice).unwrap().clone();
        match dice.random_range(0..10) {
            0..=2 => pay(&world, &made, dice.random_ratio(1, 5)).await,
            3 => hear_some(&world, &mut dice).await,
            4 => drop(world.cancel(&made).await),
            5 | 6 => drop(world.release(&made).await),
            7 => {
                let name = format!("r{}", dice.random_range(0..3));
                drop(world.refund(&made, &name, dice.random_range(1..6_000)).await);
            }
            8 => {
                world.later(dice.random_range(0..5));
                world.settle().await;
            }
            _ if approved => world.onboard_tutor().await,
            _ => {
                world.approve_tutor().await;
                approved = true;
            }
        }
    }
    come_to_rest(&world).await;
}

async fn pay(world: &World, made: &Made, declined: bool) {
    let shown = world.read(made, world.student, Role::Student).await;
    if shown.data().get("clientSecret").is_some() {
        world.pay(made, if declined { "pm_card_chargeDeclined" } else { "pm_card_visa" }).await;
    }
}

/// Some of what Stripe has said so far, in any order, some of it again.
async fn hear_some(world: &World, dice: &mut StdRng) {
    let events = world.stripe_events().await;
    for _ in 0..4 {
        if let Some(event) = events.choose(dice) {
            world.hear(event).await.data();
        }
    }
}

async fn come_to_rest(world: &World) {
    world.hear_all().await;
    for _ in 0..8 {
        world.later(120);
        world.settle().await;
    }
    let verified = world.verified().await;
    assert_eq!(verified["ok"], true, "{verified:#}");
    let accounts = verified["accounts"].as_array().unwrap();
    assert!(accounts.iter().all(|a| a["account"] != "refunds"), "{verified:#}");
}
