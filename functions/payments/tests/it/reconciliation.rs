//! The ledger beside Stripe's own list of movements.

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{get_reconciliation, reconcile_ledger};
use lectern_runtime::testing::{As, TestRequest, invoke};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Made, World};

async fn reconcile(world: &World) {
    invoke(&reconcile_ledger::use_case(), &world.services, json!({})).await.unwrap();
}

async fn shown(world: &World, query: &[(&str, &str)]) -> Value {
    let admin = As::User(UserId(Uuid::now_v7()), Role::Admin);
    let request = query.iter().fold(TestRequest::new(admin), |it, (name, value)| it.query(name, value));
    request.send(&get_reconciliation::use_case(), &world.services).await.data().clone()
}

/// (kind, at Stripe, in the ledger) of what differs.
async fn open(world: &World) -> Vec<(String, i64, i64)> {
    let all = shown(world, &[]).await;
    let mut open: Vec<_> = all["items"].as_array().unwrap().iter().map(difference).collect();
    open.sort();
    open
}

fn difference(it: &Value) -> (String, i64, i64) {
    let number = |name: &str| it[name].as_i64().unwrap();
    (it["kind"].as_str().unwrap().to_owned(), number("atStripe"), number("inLedger"))
}

fn differs(kind: &str, at_stripe: i64, in_ledger: i64) -> (String, i64, i64) {
    (kind.to_owned(), at_stripe, in_ledger)
}

/// 4 500 paid, released and sent, 1 000 of it given back.
async fn whole_life(world: &World) -> Made {
    let made = world.held(4_500).await;
    world.release(&made).await.unwrap();
    world.refund(&made, "r", 1_000).await.unwrap();
    made
}

async fn ready_world() -> World {
    let world = World::new().await;
    world.approve_tutor().await;
    world.onboard_tutor().await;
    world
}

#[tokio::test]
async fn everything_that_we_ask_of_stripe_is_found_there() {
    let world = ready_world().await;
    whole_life(&world).await;
    world.later(11);
    reconcile(&world).await;
    assert_eq!(open(&world).await, []);
    let run = &shown(&world, &[]).await["runs"][0];
    // A charge, a transfer, a refund, a reversal.
    assert_eq!((&run["movements"], &run["found"], &run["open"]), (&json!(4), &json!(0), &json!(0)));
    world.check().await;
}

#[tokio::test]
async fn what_moved_past_us_is_found_and_resolved_by_itself_when_it_is_gone() {
    let world = ready_world().await;
    let made = whole_life(&world).await;
    let charge = world.stripe_get("/v1/charges").await["data"][0]["id"].as_str().unwrap().to_owned();
    world.stripe_post("/v1/refunds", &[("charge", &charge), ("amount", "300")]).await;
    world.past_us("stripe_fee", -25).await;
    reconcile(&world).await;
    assert_eq!(open(&world).await, [], "younger than ten minutes: the answer may be on its way");
    world.later(11);
    reconcile(&world).await;
    let wanted = [differs("missing_here", -300, 0), differs("unexpected_type", -25, 0)];
    assert_eq!(open(&world).await, wanted);
    reconcile(&world).await;
    assert_eq!(open(&world).await, wanted, "the same twice is one");
    let said = world.verified().await["differences"].to_string();
    assert!(said.contains("Stripe moved -300 USD (refund), the ledger says 0"), "{said}");

    // A person books the refund that was made by hand.
    let refund = world.stripe_get("/v1/refunds").await["data"][0]["id"].as_str().unwrap().to_owned();
    world.post(&made, &refund, &[("platform_revenue", 300), ("stripe_balance", -300)]).await;
    reconcile(&world).await;
    assert_eq!(open(&world).await, [differs("unexpected_type", -25, 0)]);
    let resolved = shown(&world, &[("state", "resolved")]).await;
    let resolved = resolved["items"].as_array().unwrap();
    assert_eq!(resolved.len(), 1);
    assert_eq!((&resolved[0]["source"], &resolved[0]["stripeTypes"]), (&json!(refund), &json!(["refund"])));
    assert!(resolved[0]["resolvedAt"].is_string());
}

#[tokio::test]
async fn a_transaction_of_the_ledgers_that_stripe_does_not_know_is_found() {
    let world = ready_world().await;
    let made = whole_life(&world).await;
    world.post(&made, "ch_invented", &[("stripe_balance", 70), ("platform_revenue", -70)]).await;
    let charge = world.stripe_get("/v1/charges").await["data"][0]["id"].as_str().unwrap().to_owned();
    world.post(&made, &charge, &[("stripe_balance", 5), ("platform_revenue", -5)]).await;
    world.later(11);
    reconcile(&world).await;
    let wanted = [differs("missing_there", 0, 70), differs("other_amount", 4_339, 4_344)];
    assert_eq!(open(&world).await, wanted);
    let shown = shown(&world, &[]).await;
    let subject = json!(format!("payment:{}", made.id));
    assert!(shown["items"].as_array().unwrap().iter().all(|it| it["subject"] == subject), "{shown:#}");
}

#[tokio::test]
async fn a_walk_that_was_interrupted_goes_on_where_it_was_and_misses_nothing() {
    let world = ready_world().await;
    for nth in 1..=230 {
        world.past_us("topup", nth).await;
    }
    // Stripe answers the first page, then nothing but errors for as long as the client tries.
    let fault = [("kind", "error_500_before"), ("path", "/v1/balance_transactions"), ("times", "3")];
    world.stripe_fault(&[("kind", "slow"), ("path", "/v1/balance_transactions"), ("delay_ms", "1")]).await;
    world.stripe_fault(&fault).await;
    let fault = invoke(&reconcile_ledger::use_case(), &world.services, json!({})).await.unwrap_err();
    assert_eq!(fault.kind, "Transient");
    assert_eq!(world.number("SELECT count(*) FROM stripe_movements").await, 100);
    // Meanwhile there is more.
    world.past_us("topup", 1_000).await;
    world.later(11);
    reconcile(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM reconciliation_runs").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM stripe_movements").await, 230);
    reconcile(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM stripe_movements").await, 231);
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "100")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = shown(&world, &query).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["differenceId"].to_string()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 231, "every top-up is one difference, on one page");
}

#[tokio::test]
async fn a_walk_whose_place_stripe_has_forgotten_begins_anew() {
    let world = ready_world().await;
    whole_life(&world).await;
    world
        .sql(
            "INSERT INTO reconciliation_runs (id, started_at, cursor)
             VALUES (gen_random_uuid(), now(), 'txn_of_another_account')",
        )
        .await
        .unwrap();
    reconcile(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM stripe_movements").await, 4);
    world.check().await;
}

#[tokio::test]
async fn two_comparisons_at_once_find_everything_once() {
    let world = ready_world().await;
    whole_life(&world).await;
    world.past_us("adjustment", 40).await;
    world.later(11);
    let (use_case, another) = (reconcile_ledger::use_case(), world.another());
    let both =
        futures::join!(invoke(&use_case, &world.services, json!({})), invoke(&use_case, &another, json!({})));
    for result in [both.0, both.1] {
        assert!(result.is_ok() || result.unwrap_err().kind == "Transient");
    }
    reconcile(&world).await;
    // Nobody here disputes anything: an adjustment is a type that we know, of a source that we don't.
    assert_eq!(open(&world).await, [differs("missing_here", 40, 0)]);
    assert_eq!(world.number("SELECT count(*) FROM reconciliation_differences").await, 1);
}
