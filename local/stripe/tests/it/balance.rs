//! The balance and its transactions, after random stories; `LECTERN_STORY_SEED` tells one again.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use crate::support::{Stripe, id};

const STORIES: u64 = 4;
const CHAPTERS: usize = 60;
const CURRENCIES: [&str; 3] = ["usd", "eur", "gbp"];
const LIST: &str = "/v1/balance_transactions";

/// Every movement, newest first, by pages of this size.
async fn forwards(stripe: &Stripe, limit: u32, filters: &[(&str, &str)]) -> Vec<Value> {
    let limit = limit.to_string();
    let mut all: Vec<Value> = Vec::new();
    loop {
        let last = all.last().map(|it| id(it).to_owned());
        let mut params = [filters, &[("limit", limit.as_str())]].concat();
        params.extend(last.as_deref().map(|last| ("starting_after", last)));
        let page = stripe.get(LIST, &params).await.ok();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return all;
        }
    }
}

/// The same from the oldest one on, still newest first.
async fn backwards(stripe: &Stripe, limit: u32, oldest: &str) -> Vec<Value> {
    let limit = limit.to_string();
    let mut all = vec![stripe.get(&format!("{LIST}/{oldest}"), &[]).await.ok()];
    loop {
        let newest = id(&all[0]).to_owned();
        let page = stripe.get(LIST, &[("limit", limit.as_str()), ("ending_before", &newest)]).await.ok();
        all.splice(0..0, page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return all;
        }
    }
}

fn sums(movements: &[Value]) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for it in movements {
        let (amount, fee, net) = (&it["amount"], &it["fee"], &it["net"]);
        assert_eq!(amount.as_i64().unwrap() - fee.as_i64().unwrap(), net.as_i64().unwrap(), "{it:#}");
        let details = it["fee_details"].as_array().unwrap().iter();
        assert_eq!(details.map(|each| each["amount"].as_i64().unwrap()).sum::<i64>(), fee.as_i64().unwrap());
        *sums.entry(it["currency"].as_str().unwrap().to_owned()).or_default() += net.as_i64().unwrap();
    }
    sums
}

async fn held(stripe: &Stripe) -> BTreeMap<String, i64> {
    let balance = stripe.get("/v1/balance", &[]).await.ok();
    let mut held = BTreeMap::new();
    for part in ["available", "pending"] {
        for it in balance[part].as_array().unwrap() {
            let currency = it["currency"].as_str().unwrap().to_owned();
            *held.entry(currency).or_default() += it["amount"].as_i64().unwrap();
        }
    }
    held
}

#[tokio::test]
async fn the_movements_of_every_story_add_up_to_the_balance() {
    let told = std::env::var("LECTERN_STORY_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let first = told.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    for seed in first..first + if told.is_some() { 1 } else { STORIES } {
        eprintln!("story {seed}");
        tell(seed).await;
    }
}

async fn tell(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let stripe = Stripe::start().await;
    let account = id(&stripe.ready_account().await).to_owned();
    for _ in 0..CHAPTERS {
        go_wrong(&stripe, &mut dice).await;
        chapter(&stripe, &mut dice, &account).await;
        if dice.random_ratio(1, 6) {
            stripe.delete("/_stand_in/faults").await;
            agree(&stripe, &mut dice).await;
        }
    }
    stripe.delete("/_stand_in/faults").await;
    agree(&stripe, &mut dice).await;
}

async fn go_wrong(stripe: &Stripe, dice: &mut StdRng) {
    if !dice.random_ratio(1, 4) {
        return;
    }
    let kind =
        *["error_500_before", "error_500_after", "rate_limited", "timeout_after"].choose(dice).unwrap();
    let fault = [("kind", kind), ("method", "POST"), ("path", "/v1/"), ("delay_ms", "1")];
    stripe.post("/_stand_in/faults", &fault).await.ok();
}

/// What becomes of a request is Stripe's affair: refused, failed, done, or nobody hears.
async fn chapter(stripe: &Stripe, dice: &mut StdRng, account: &str) {
    let (amount, currency) = (dice.random_range(50..20_000).to_string(), *CURRENCIES.choose(dice).unwrap());
    let some = async |path: &str| stripe.get(path, &[("limit", "100")]).await.body["data"].clone();
    let any = async |dice: &mut StdRng, path: &str| -> Option<String> {
        some(path).await.as_array()?.choose(dice).map(|it| id(it).to_owned())
    };
    let money = [("amount", amount.as_str()), ("currency", currency)];
    match dice.random_range(0..10) {
        0..=3 => {
            let card = if dice.random_ratio(1, 5) { "pm_card_chargeDeclined" } else { "pm_card_visa" };
            let more = [("payment_method_types[]", "card"), ("payment_method", card), ("confirm", "true")];
            send(stripe, "/v1/payment_intents", &[&money[..], &more].concat()).await;
        }
        4 | 5 => {
            if let Some(charge) = any(dice, "/v1/charges").await {
                let params = [("charge", charge.as_str()), ("amount", &amount)];
                send(stripe, "/v1/refunds", &params).await;
            }
        }
        6 | 7 => {
            let charge = any(dice, "/v1/charges").await.filter(|_| dice.random());
            let mut params = [&money[..], &[("destination", account)]].concat();
            params.extend(charge.as_deref().map(|charge| ("source_transaction", charge)));
            send(stripe, "/v1/transfers", &params).await;
        }
        8 => {
            if let Some(transfer) = any(dice, "/v1/transfers").await {
                let path = format!("/v1/transfers/{transfer}/reversals");
                send(stripe, &path, &[("amount", &amount)]).await;
            }
        }
        _ => {
            let kind = *["stripe_fee", "topup", "payout", "adjustment"].choose(dice).unwrap();
            let params = [&money[..], &[("type", kind)]].concat();
            stripe.post("/_stand_in/balance_transactions", &params).await.ok();
        }
    }
}

/// An answer may be lost, and then there is no telling.
async fn send(stripe: &Stripe, path: &str, params: &[(&str, &str)]) {
    drop(stripe.request("POST", path, params).send().await);
}

async fn agree(stripe: &Stripe, dice: &mut StdRng) {
    let all = forwards(stripe, dice.random_range(1..=30), &[]).await;
    let mut held = held(stripe).await;
    held.retain(|_, amount| *amount != 0);
    let mut sums = sums(&all);
    sums.retain(|_, amount| *amount != 0);
    assert_eq!(sums, held);
    if let Some(oldest) = all.last() {
        let back = backwards(stripe, dice.random_range(1..=30), id(oldest)).await;
        assert_eq!(back, all, "both ways through the list show the same");
    }
    for kind in ["charge", "refund", "transfer", "transfer_refund", "stripe_fee"] {
        let wanted: Vec<_> = all.iter().filter(|it| it["type"] == kind).cloned().collect();
        assert_eq!(forwards(stripe, 100, &[("type", kind)]).await, wanted);
        // Whoever moved the money names the movement, and the movement names it.
        if let Some(it) = wanted.choose(dice) {
            let source = it["source"].as_str().unwrap();
            let found = forwards(stripe, 100, &[("source", source)]).await;
            assert_eq!(found, std::slice::from_ref(it));
        }
    }
}

#[tokio::test]
async fn a_movement_names_what_moved_the_money() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let charge = stripe.paid(4500).await["latest_charge"].as_str().unwrap().to_owned();
    let refund = stripe.post("/v1/refunds", &[("charge", &charge), ("amount", "500")]).await.ok();
    let params = [
        ("amount", "3200"),
        ("currency", "usd"),
        ("destination", id(&account)),
        ("source_transaction", &charge),
    ];
    let transfer = stripe.post("/v1/transfers", &params).await.ok();
    let path = format!("/v1/transfers/{}/reversals", id(&transfer));
    let reversal = stripe.post(&path, &[("amount", "200")]).await.ok();
    let wanted = [
        ("transfer_refund", "transfer_reversal", id(&reversal), 200, 0),
        ("transfer", "transfer", id(&transfer), -3200, 0),
        ("refund", "refund", id(&refund), -500, 0),
        ("charge", "charge", &charge, 4500, 161),
    ];
    let all = forwards(&stripe, 2, &[]).await;
    assert_eq!(all.len(), wanted.len());
    for (it, (kind, category, source, amount, fee)) in all.iter().zip(wanted) {
        assert_eq!((&it["type"], &it["reporting_category"]), (&kind.into(), &category.into()));
        assert_eq!((&it["source"], &it["amount"], &it["fee"]), (&source.into(), &amount.into(), &fee.into()));
        let expanded = stripe.get(&format!("{LIST}/{}", id(it)), &[("expand[]", "source")]).await.ok();
        assert_eq!(expanded["source"]["balance_transaction"], it["id"]);
    }
}

#[tokio::test]
async fn movements_are_asked_for_by_time_currency_and_in_stripes_words() {
    let stripe = Stripe::start().await;
    let params = [("type", "topup"), ("amount", "700"), ("currency", "eur")];
    let made = stripe.post("/_stand_in/balance_transactions", &params).await.ok();
    stripe.paid(1000).await;
    let created = made["created"].to_string();
    let count = async |params: &[(&str, &str)]| forwards(&stripe, 100, params).await.len();
    assert_eq!(count(&[("created[gte]", &created)]).await, 2);
    assert_eq!(count(&[("created[lt]", &created)]).await, 0);
    assert_eq!(count(&[("currency", "eur")]).await, 1);
    assert_eq!(count(&[("currency", "gbp")]).await, 0);
    stripe.get(LIST, &[("currency", "xyz")]).await.refused(400, "");
    let error = stripe.get(LIST, &[("payout", "po_x")]).await.refused(400, "resource_missing");
    assert_eq!(error["message"], "No such payout: 'po_x'");
    stripe.get(LIST, &[("foo", "1")]).await.refused(400, "parameter_unknown");
    stripe
        .post("/_stand_in/balance_transactions", &[("type", "gift"), ("amount", "1")])
        .await
        .refused(400, "");
    let nothing = [("type", "topup"), ("amount", "0")];
    stripe.post("/_stand_in/balance_transactions", &nothing).await.refused(400, "");
}
