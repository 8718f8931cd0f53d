//! What must be true of the books when everything has come to rest, whatever has happened before.

use std::collections::BTreeMap;

use lectern_postgres::database::connect;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::support::World;

/// (account, currency) to balance.
type Balances = BTreeMap<(String, String), i64>;

/// An entry of the ledger, and the number of the moment of its posting: what is posted at once has no order.
struct Posted {
    nth: usize,
    account: String,
    currency: String,
    amount: i64,
}

/// Stops the test unless ledger, payments and Stripe agree, movement by movement, and the sums are as they must be.
pub async fn agree(world: &World, dice: &mut StdRng) {
    let verified = world.verified().await;
    assert_eq!(verified["ok"], true, "{verified:#}");
    let posted = posted(world).await;
    let balances = balances(&posted);
    let verified: Balances = verified["accounts"].as_array().unwrap().iter().map(account).collect();
    assert_eq!(without_empty(&verified), without_empty(&balances));
    assert!(balances.iter().all(|((account, _), sum)| account != "refunds" || *sum == 0), "{balances:?}");
    payments_hold(world).await;
    connected_accounts_hold(world, &balances).await;
    every_prefix_holds(world, &posted, dice).await;
}

fn account(it: &Value) -> ((String, String), i64) {
    let text = |name: &str| it[name].as_str().unwrap().to_owned();
    ((text("account"), text("currency")), it["balance"].as_i64().unwrap())
}

fn without_empty(balances: &Balances) -> Balances {
    balances.iter().filter(|(_, sum)| **sum != 0).map(|(key, sum)| (key.clone(), *sum)).collect()
}

async fn posted(world: &World) -> Vec<Posted> {
    let client = connect(&world.database.admin_url, None).await.unwrap();
    let sql = "SELECT dense_rank() OVER (ORDER BY t.posted_at), e.account, e.currency, e.amount
               FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id ORDER BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| Posted {
            nth: usize::try_from(row.get::<_, i64>(0)).unwrap(),
            account: row.get(1),
            currency: row.get(2),
            amount: row.get(3),
        })
        .collect()
}

fn balances(posted: &[Posted]) -> Balances {
    let mut balances = Balances::new();
    for it in posted {
        *balances.entry((it.account.clone(), it.currency.clone())).or_default() += it.amount;
    }
    balances
}

/// fee + earnings = amount, refunded <= captured, transferred - reversed <= earnings; and what we believe of refunds
/// and transfers is what Stripe has made of them.
async fn payments_hold(world: &World) {
    let client = connect(&world.database.admin_url, None).await.unwrap();
    let sql =
        "SELECT lesson_id::text, amount, platform_fee, tutor_earnings, refunded, charge_id FROM payments";
    let (charges, transfers) = (all(world, "/v1/charges").await, all(world, "/v1/transfers").await);
    for row in client.query(sql, &[]).await.unwrap() {
        let (lesson, charge): (String, Option<String>) = (row.get(0), row.get(5));
        let [amount, fee, earnings, refunded] = [1, 2, 3, 4].map(|column| row.get::<_, i64>(column));
        assert_eq!(fee + earnings, amount);
        let Some(charge) = charge else {
            assert_eq!(refunded, 0);
            continue;
        };
        let charge = charges.iter().find(|it| it["id"] == charge.as_str()).unwrap();
        assert_eq!(charge["amount_captured"], amount);
        assert_eq!(charge["amount_refunded"], refunded, "every refund is at Stripe, once");
        assert!(refunded <= amount);
        let sent = transfers.iter().filter(|it| it["transfer_group"] == lesson.as_str());
        let number = |it: &Value, name: &str| it[name].as_i64().unwrap();
        let sent: Vec<_> = sent.map(|it| number(it, "amount") - number(it, "amount_reversed")).collect();
        assert!(sent.len() <= 1, "nothing is sent twice: {sent:?}");
        assert!(sent.iter().sum::<i64>() <= earnings, "{sent:?} of {earnings}");
    }
}

/// What lies in each connected account is what the ledger says of its tutor.
async fn connected_accounts_hold(world: &World, balances: &Balances) {
    let state = world.stripe_get("/_stand_in/state").await;
    for account in state["accounts"].as_object().unwrap().values() {
        let tutor = account["metadata"]["tutor_id"].as_str().unwrap();
        let ours = format!("tutor:{tutor}:connected");
        for currency in ["USD", "EUR", "GBP"] {
            let there = account["balances"][currency.to_ascii_lowercase()].as_i64().unwrap_or(0);
            let here = balances.get(&(ours.clone(), currency.to_owned())).copied().unwrap_or(0);
            assert_eq!(there, here, "{ours} in {currency}");
        }
    }
}

async fn all(world: &World, path: &str) -> Vec<Value> {
    let page = world.stripe_get(&format!("{path}?limit=100")).await;
    assert_eq!(page["has_more"], false);
    page["data"].as_array().unwrap().clone()
}

/// After every moment of the ledger's past the accounts summed to zero and none was on its wrong side; and any
/// part of the past, read from the database alone, gives the balances that it gave then.
async fn every_prefix_holds(world: &World, posted: &[Posted], dice: &mut StdRng) {
    let last = posted.last().map_or(0, |it| it.nth);
    let chosen: Vec<usize> = (0..4).map(|_| dice.random_range(0..=last)).collect();
    let mut then = Balances::new();
    for nth in 0..=last {
        for it in posted.iter().filter(|it| it.nth == nth) {
            *then.entry((it.account.clone(), it.currency.clone())).or_default() += it.amount;
        }
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for ((account, currency), balance) in &then {
            *sums.entry(currency).or_default() += balance;
            let is_ours_to_give = account.starts_with("escrow:") || account == "refunds";
            assert!(!is_ours_to_give || *balance <= 0, "{account} is overdrawn after {nth}: {balance}");
        }
        assert!(sums.values().all(|sum| *sum == 0), "after {nth}: {sums:?}");
        if chosen.contains(&nth) {
            assert_eq!(
                without_empty(&then),
                without_empty(&read_prefix(world, nth).await),
                "the first {nth} moments"
            );
        }
    }
}

async fn read_prefix(world: &World, moments: usize) -> Balances {
    let client = connect(&world.database.admin_url, None).await.unwrap();
    let sql = "SELECT account, currency, sum(amount)::bigint FROM ledger_entries WHERE transaction_id IN (
                   SELECT id FROM (SELECT id, dense_rank() OVER (ORDER BY posted_at) AS nth FROM ledger_transactions) t
                   WHERE nth <= $1)
               GROUP BY account, currency";
    let moments = i64::try_from(moments).unwrap();
    let rows = client.query(sql, &[&moments]).await.unwrap();
    rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect()
}
