use serde_json::Value;

use crate::support::{Stripe, id};

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|it| id(it).to_owned()).collect()
}

#[tokio::test]
async fn lists_are_newest_first_and_paged_both_ways() {
    let stripe = Stripe::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, id(&stripe.intent(1000).await).to_owned());
    }
    let path = "/v1/payment_intents";
    let first = stripe.get(path, &[("limit", "2")]).await.ok();
    assert_eq!((first["object"].as_str(), first["url"].as_str()), (Some("list"), Some(path)));
    assert_eq!((ids(&first), &first["has_more"]), (made[..2].to_vec(), &true.into()));
    let next = stripe.get(path, &[("limit", "3"), ("starting_after", &made[1])]).await.ok();
    assert_eq!((ids(&next), &next["has_more"]), (made[2..].to_vec(), &false.into()));
    let before = stripe.get(path, &[("limit", "2"), ("ending_before", &made[3])]).await.ok();
    assert_eq!((ids(&before), &before["has_more"]), (made[1..3].to_vec(), &true.into()));
}

#[tokio::test]
async fn a_page_is_at_most_a_hundred_and_its_cursor_must_exist() {
    let stripe = Stripe::start().await;
    stripe.get("/v1/charges", &[("limit", "101")]).await.refused(400, "parameter_invalid_integer");
    stripe.get("/v1/charges", &[("limit", "0")]).await.refused(400, "parameter_invalid_integer");
    stripe.get("/v1/charges", &[("starting_after", "ch_x")]).await.refused(400, "resource_missing");
    let intent = stripe.intent(1000).await;
    stripe.get("/v1/charges", &[("starting_after", id(&intent))]).await.refused(400, "resource_missing");
}

#[tokio::test]
async fn lists_are_filtered() {
    let stripe = Stripe::start().await;
    let account = stripe.ready_account().await;
    let intent = stripe.paid(1000).await;
    stripe.paid(2000).await;
    let list = stripe.get("/v1/charges", &[("payment_intent", id(&intent))]).await.ok();
    assert_eq!(ids(&list), [intent["latest_charge"].as_str().unwrap()]);
    assert_eq!(ids(&stripe.get("/v1/charges", &[("transfer_group", "lesson_1")]).await.ok()).len(), 2);
    assert_eq!(ids(&stripe.get("/v1/charges", &[("transfer_group", "other")]).await.ok()).len(), 0);

    let params = [("amount", "100"), ("currency", "usd"), ("destination", id(&account))];
    let grouped = [&params[..], &[("transfer_group", "mine")]].concat();
    stripe.post("/v1/transfers", &params).await.ok();
    let wanted = stripe.post("/v1/transfers", &grouped).await.ok();
    let list = stripe.get("/v1/transfers", &[("transfer_group", "mine")]).await.ok();
    assert_eq!(ids(&list), [id(&wanted)]);

    let created = intent["created"].to_string();
    let later = stripe.get("/v1/charges", &[("created[lt]", created.as_str())]).await.ok();
    assert_eq!(ids(&later).len(), 0);
    let since = stripe.get("/v1/charges", &[("created[gte]", created.as_str())]).await.ok();
    assert_eq!(ids(&since).len(), 2);
    let refunds = stripe.get("/v1/balance_transactions", &[("type", "charge")]).await.ok();
    assert_eq!(ids(&refunds).len(), 2);
}

#[tokio::test]
async fn expansion_goes_through_lists_and_levels_and_refuses_what_is_no_object() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid(1000).await;
    let expand = [("expand[]", "data.latest_charge.balance_transaction.source")];
    let list = stripe.get("/v1/payment_intents", &expand).await.ok();
    let charge = &list["data"][0]["latest_charge"];
    assert_eq!(charge["balance_transaction"]["source"]["id"], charge["id"]);

    let path = format!("/v1/payment_intents/{}", id(&intent));
    let error = stripe.get(&path, &[("expand[]", "amount")]).await.refused(400, "");
    assert_eq!(error["message"], "This property cannot be expanded (amount).");
    let deep = "latest_charge.payment_intent.latest_charge.payment_intent.latest_charge";
    stripe.get(&path, &[("expand[]", deep)]).await.refused(400, "");
    let both = [("expand[0]", "latest_charge"), ("expand[1]", "payment_method")];
    let shown = stripe.get(&path, &both).await.ok();
    assert_eq!(shown["payment_method"]["card"]["brand"], "visa");
    assert_eq!(shown["latest_charge"]["object"], "charge");
}

/// Everything that can be listed.
const LISTS: [&str; 18] = [
    "accounts",
    "balance_transactions",
    "billing_portal/configurations",
    "charges",
    "checkout/sessions",
    "customers",
    "disputes",
    "events",
    "invoices",
    "payment_intents",
    "payouts",
    "prices",
    "products",
    "refunds",
    "setup_intents",
    "subscriptions",
    "transfers",
    "webhook_endpoints",
];

#[tokio::test]
async fn every_list_is_empty_at_first_and_takes_and_refuses_the_same() {
    let stripe = Stripe::start().await;
    for resource in LISTS {
        let path = format!("/v1/{resource}");
        let empty = stripe.get(&path, &[("limit", "100")]).await.ok();
        assert_eq!(
            (ids(&empty), &empty["has_more"], &empty["url"]),
            (vec![], &false.into(), &path.as_str().into())
        );
        for limit in ["0", "101", "ten"] {
            stripe.get(&path, &[("limit", limit)]).await.refused(400, "parameter_invalid_integer");
        }
        stripe.get(&path, &[("colour", "red")]).await.refused(400, "parameter_unknown");
        stripe.get(&path, &[("starting_after", "it_none")]).await.refused(400, "resource_missing");
        stripe.get(&path, &[("starting_after", "a"), ("ending_before", "b")]).await.refused(400, "");
        stripe.get(&path, &[("expand[]", "data.colour")]).await.ok();
        let error = stripe.get(&path, &[("expand[]", "colour")]).await.refused(400, "");
        let words = error["message"].as_str().unwrap();
        assert_eq!(
            words,
            "This property cannot be expanded (colour). You may want to try expanding 'data.colour' instead."
        );
    }
}
