//! What the database itself refuses, and what `verify-ledger` finds.

use lectern_postgres::database::connect;
use serde_json::Value;

use super::support::World;

async fn as_the_application(world: &World, statement: &str) -> Result<u64, String> {
    let client = connect(&world.database.url, None).await.unwrap();
    client.execute(statement, &[]).await.map_err(|e| e.as_db_error().unwrap().message().to_owned())
}

fn transaction(payment: &str, entries: &str) -> String {
    let id = uuid::Uuid::now_v7();
    format!(
        "SELECT ledger_post('[{{\"id\":\"{id}\",\"paymentId\":\"{payment}\",\"kind\":\"charge\",\"reference\":\"{id}\",
          \"postedAt\":\"2026-11-21T00:00:00Z\",\"currency\":\"USD\",\"entries\":[{entries}]}}]')"
    )
}

fn entry(account: &str, amount: i64) -> String {
    format!("{{\"account\":\"{account}\",\"amount\":{amount}}}")
}

#[tokio::test]
async fn nobody_changes_the_ledger_or_takes_from_it() {
    let world = World::new().await;
    world.held(4_500).await;
    for table in ["ledger_transactions", "ledger_entries"] {
        let column = if table == "ledger_entries" { "account" } else { "reference" };
        let attempts = [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ];
        for attempt in attempts {
            let refused = as_the_application(&world, &attempt).await.unwrap_err();
            assert!(refused.starts_with("permission denied"), "{attempt}: {refused}");
            // Not even who may do everything.
            assert_eq!(world.sql(&attempt).await.unwrap_err(), "the ledger is append only", "{attempt}");
        }
    }
    world.check().await;
}

#[tokio::test]
async fn a_transaction_that_is_not_balanced_does_not_get_in() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    let refused =
        [vec![entry("stripe_balance", 5), entry("refunds", -4)], vec![entry("stripe_balance", 5)], vec![]];
    for entries in refused {
        let statement = transaction(&made.id, &entries.join(","));
        let refused = as_the_application(&world, &statement).await.unwrap_err();
        assert!(refused.ends_with("is not balanced"), "{entries:?}: {refused}");
    }
    // Nor does an entry that comes to one which was balanced.
    let late = "INSERT INTO ledger_entries SELECT id, 'disputes', 'USD', 5 FROM ledger_transactions LIMIT 1";
    assert!(as_the_application(&world, late).await.unwrap_err().ends_with("is not balanced"));
    let unknown = transaction(&made.id, &[entry("stripe_balance", 5), entry("my_pocket", -5)].join(","));
    assert!(as_the_application(&world, &unknown).await.unwrap_err().contains("check constraint"));
    world.check().await;
}

#[tokio::test]
async fn currencies_are_balanced_each_for_itself() {
    let world = World::new().await;
    world.held(4_500).await;
    let mixed = "WITH t AS (
            INSERT INTO ledger_transactions SELECT gen_random_uuid(), id, 'charge', 'mixed', now() FROM payments
            RETURNING id
        )
        INSERT INTO ledger_entries
        SELECT t.id, e.account, e.currency, e.amount
        FROM t, (VALUES ('stripe_balance', 'USD', 5), ('refunds', 'EUR', -5)) AS e (account, currency, amount)";
    assert!(as_the_application(&world, mixed).await.unwrap_err().ends_with("is not balanced"));
}

#[tokio::test]
async fn verifying_finds_what_does_not_agree() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    world.check().await;
    let said = |verified: Value| -> Vec<String> {
        assert_eq!(verified["ok"], false);
        let differences = verified["differences"].as_array().unwrap();
        differences.iter().map(|d| d.as_str().unwrap().rsplit(": ").next().unwrap().to_owned()).collect()
    };

    // A payment that claims to have refunded what the ledger doesn't know of.
    world.sql("UPDATE payments SET refunded = 100").await.unwrap();
    let found = said(world.verified().await);
    assert!(found.contains(&"the refunds are not what was refunded".to_owned()), "{found:?}");
    world.sql("UPDATE payments SET refunded = 0").await.unwrap();

    // Money that came to Stripe past us.
    let form = [
        ("amount", "500"),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    world.stripe_post("/v1/payment_intents", &form).await;
    let found = said(world.verified().await);
    let wanted =
        ["Stripe moved 455 USD (charge), the ledger says 0", "Stripe holds 4794 USD, the ledger says 4339"];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn posting_the_same_twice_posts_it_once() {
    let world = World::new().await;
    let made = world.held(4_500).await;
    let statement = transaction(&made.id, &[entry("stripe_fees", 5), entry("disputes", -5)].join(","));
    for _ in 0..2 {
        as_the_application(&world, &statement).await.unwrap();
    }
    assert_eq!(world.balance("disputes").await, -5);
}
