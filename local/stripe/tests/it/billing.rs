//! Subscriptions by a test clock, from the first invoice to the last.

use serde_json::{Value, json};

use crate::support::{Stripe, id};

const DAY: i64 = 24 * 60 * 60;
/// 31 January 2027, noon: the next months are shorter.
const START: i64 = 1_801_396_800;

/// A customer on a clock, and a price to subscribe to.
struct Billed {
    stripe: Stripe,
    clock: String,
    customer: String,
    price: String,
}

impl Billed {
    async fn new(interval: &str) -> Self {
        let stripe = Stripe::start().await;
        let start = START.to_string();
        let clock = stripe.post("/v1/test_helpers/test_clocks", &[("frozen_time", &start)]).await.ok();
        let customer = stripe.post("/v1/customers", &[("test_clock", id(&clock))]).await.ok();
        let product = stripe.post("/v1/products", &[("id", "pro"), ("name", "Pro")]).await.ok();
        let params = [
            ("product", id(&product)),
            ("currency", "usd"),
            ("unit_amount", "1200"),
            ("recurring[interval]", interval),
            ("lookup_key", "pro"),
            ("currency_options[eur][unit_amount]", "1100"),
        ];
        let price = stripe.post("/v1/prices", &params).await.ok();
        let (clock, customer, price) = (own(&clock), own(&customer), own(&price));
        Self { stripe, clock, customer, price }
    }

    /// The card pays by default from now on.
    async fn card(&self, card: &str) -> String {
        let path = format!("/v1/payment_methods/{card}/attach");
        let method = own(&self.stripe.post(&path, &[("customer", &self.customer)]).await.ok());
        let params = [("invoice_settings[default_payment_method]", method.as_str())];
        self.stripe.post(&format!("/v1/customers/{}", self.customer), &params).await.ok();
        method
    }

    async fn subscribe(&self, more: &[(&str, &str)]) -> Value {
        let params = [("customer", self.customer.as_str()), ("items[0][price]", &self.price)];
        self.stripe.post("/v1/subscriptions", &[&params, more].concat()).await.ok()
    }

    async fn advance_to(&self, at: i64) {
        let path = format!("/v1/test_helpers/test_clocks/{}/advance", self.clock);
        let clock = self.stripe.post(&path, &[("frozen_time", &at.to_string())]).await.ok();
        assert_eq!((&clock["frozen_time"], &clock["status"]), (&json!(at), &json!("ready")));
    }

    async fn read(&self, subscription: &Value) -> Value {
        let expand = [("expand[]", "latest_invoice.payments")];
        self.stripe.get(&format!("/v1/subscriptions/{}", id(subscription)), &expand).await.ok()
    }

    async fn events(&self) -> Vec<String> {
        let events = self.stripe.get("/v1/events", &[("limit", "100")]).await.ok();
        events["data"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(|it| it["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn own(object: &Value) -> String {
    id(object).to_owned()
}

fn period(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    (item["current_period_start"].as_i64().unwrap(), item["current_period_end"].as_i64().unwrap())
}

#[tokio::test]
async fn a_subscription_is_paid_at_once_and_again_every_month_on_the_last_day_of_shorter_ones() {
    let billed = Billed::new("month").await;
    billed.card("pm_card_visa").await;
    let made = billed.subscribe(&[]).await;
    assert_eq!((&made["status"], period(&made)), (&json!("active"), (START, START + 28 * DAY)));
    assert!(made.get("current_period_end").is_none(), "periods are the items' in this version");
    assert_eq!(billed.stripe.balance().await, 1200 - 65);

    // The invoice is a draft for an hour, then it is paid.
    billed.advance_to(START + 28 * DAY).await;
    let renewed = billed.read(&made).await;
    assert_eq!(
        (&renewed["status"], period(&renewed)),
        (&json!("active"), (START + 28 * DAY, START + 59 * DAY))
    );
    assert_eq!(renewed["latest_invoice"]["status"], "draft");
    billed.advance_to(START + 28 * DAY + 3600).await;
    let invoice = billed.read(&made).await["latest_invoice"].clone();
    assert_eq!(
        (&invoice["status"], &invoice["billing_reason"]),
        (&json!("paid"), &json!("subscription_cycle"))
    );
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], made["id"]);
    let payment = &invoice["payments"]["data"][0];
    assert_eq!((&payment["status"], &payment["amount_paid"]), (&json!("paid"), &json!(1200)));
    let intent = payment["payment"]["payment_intent"].as_str().unwrap();
    let intent = billed.stripe.get(&format!("/v1/payment_intents/{intent}"), &[]).await.ok();
    assert_eq!((&intent["status"], &intent["customer"]), (&json!("succeeded"), &json!(billed.customer)));

    // A year at once: each month has its invoice.
    billed.advance_to(START + 365 * DAY).await;
    let invoices = billed.stripe.get("/v1/invoices", &[("limit", "100"), ("status", "paid")]).await.ok();
    assert_eq!(invoices["data"].as_array().unwrap().len(), 12);
    assert_eq!(billed.stripe.balance().await, 12 * (1200 - 65));
}

#[tokio::test]
async fn a_declined_renewal_is_tried_again_until_it_is_cancelled() {
    let billed = Billed::new("month").await;
    billed.card("pm_card_visa").await;
    let made = billed.subscribe(&[]).await;
    billed.card("pm_card_chargeCustomerFail").await;
    let due = START + 28 * DAY + 3600;
    for (after, status, attempts) in
        [(0, "past_due", 1), (3, "past_due", 2), (7, "past_due", 4), (14, "canceled", 5)]
    {
        billed.advance_to(due + after * DAY).await;
        let now = billed.read(&made).await;
        let seen =
            (now["status"].as_str().unwrap(), now["latest_invoice"]["attempt_count"].as_i64().unwrap());
        assert_eq!(seen, (status, attempts), "after {after} days");
    }
    let over = billed.read(&made).await;
    assert_eq!(over["cancellation_details"]["reason"], "payment_failed");
    assert_eq!(
        (&over["latest_invoice"]["status"], &over["ended_at"]),
        (&json!("open"), &json!(due + 14 * DAY))
    );
    let events = billed.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "invoice.payment_failed").count(), 5);
    assert!(events.contains(&"customer.subscription.deleted".to_owned()));
}

#[tokio::test]
async fn after_the_last_retry_a_subscription_is_unpaid_or_stays_past_due_where_the_account_says_so() {
    for (outcome, status) in [("mark_unpaid", "unpaid"), ("leave_past_due", "past_due")] {
        let billed = Billed::new("month").await;
        billed.card("pm_card_visa").await;
        let made = billed.subscribe(&[]).await;
        let path = format!("/_stand_in/subscriptions/{}/after_retries", id(&made));
        billed.stripe.post(&path, &[("outcome", outcome)]).await.ok();
        billed.card("pm_card_chargeCustomerFail").await;
        billed.advance_to(START + 28 * DAY + 3600 + 14 * DAY).await;
        let left = billed.read(&made).await;
        assert_eq!(left["status"], status);
        assert_eq!(left["latest_invoice"]["next_payment_attempt"], Value::Null);

        // Whoever pays what is open is active again.
        let method = billed.card("pm_card_visa").await;
        let invoice = left["latest_invoice"]["id"].as_str().unwrap();
        let paid =
            billed.stripe.post(&format!("/v1/invoices/{invoice}/pay"), &[("payment_method", &method)]).await;
        assert_eq!(paid.ok()["status"], "paid");
        assert_eq!(billed.read(&made).await["status"], "active");
        let again = billed.stripe.post(&format!("/v1/invoices/{invoice}/pay"), &[]).await;
        assert_eq!(again.refused(400, "")["message"], "Invoice is already paid");
    }
}

#[tokio::test]
async fn a_subscription_that_nobody_begins_to_pay_expires() {
    let billed = Billed::new("year").await;
    let made = billed.subscribe(&[("payment_behavior", "default_incomplete")]).await;
    assert_eq!(made["status"], "incomplete");
    billed.advance_to(START + 23 * 3600 - 1).await;
    assert_eq!(billed.read(&made).await["status"], "incomplete");
    billed.advance_to(START + 23 * 3600).await;
    let expired = billed.read(&made).await;
    assert_eq!(
        (&expired["status"], &expired["latest_invoice"]["status"]),
        (&json!("incomplete_expired"), &json!("void"))
    );
    assert_eq!(billed.stripe.balance().await, 0);
}

#[tokio::test]
async fn the_payers_client_begins_a_subscription_with_the_invoices_secret() {
    let billed = Billed::new("year").await;
    let more = [
        ("payment_behavior", "default_incomplete"),
        ("payment_settings[save_default_payment_method]", "on_subscription"),
        ("expand[]", "latest_invoice.confirmation_secret"),
    ];
    let made = billed.subscribe(&more).await;
    let secret = made["latest_invoice"]["confirmation_secret"]["client_secret"].as_str().unwrap();
    let intent = secret.split("_secret_").next().unwrap();
    let params = [("client_secret", secret), ("payment_method", "pm_card_visa")];
    billed.stripe.post_as_payer(&format!("/v1/payment_intents/{intent}/confirm"), &params).await.ok();
    let begun = billed.read(&made).await;
    assert_eq!((&begun["status"], period(&begun)), (&json!("active"), (START, START + 365 * DAY)));
    assert!(begun["default_payment_method"].is_string(), "it pays the next year, too");
    billed.advance_to(START + 365 * DAY + 3600).await;
    assert_eq!(billed.read(&made).await["latest_invoice"]["status"], "paid");
}

#[tokio::test]
async fn a_subscription_ends_with_its_period_unless_that_is_taken_back() {
    let billed = Billed::new("month").await;
    billed.card("pm_card_visa").await;
    let made = billed.subscribe(&[]).await;
    let path = format!("/v1/subscriptions/{}", id(&made));
    let ending = billed.stripe.post(&path, &[("cancel_at_period_end", "true")]).await.ok();
    assert_eq!((&ending["status"], &ending["cancel_at"]), (&json!("active"), &json!(START + 28 * DAY)));
    let back = billed.stripe.post(&path, &[("cancel_at_period_end", "false")]).await.ok();
    assert_eq!((&back["cancel_at"], &back["canceled_at"]), (&Value::Null, &Value::Null));
    billed.stripe.post(&path, &[("cancel_at_period_end", "true")]).await.ok();
    billed.advance_to(START + 28 * DAY).await;
    let over = billed.read(&made).await;
    assert_eq!((&over["status"], &over["ended_at"]), (&json!("canceled"), &json!(START + 28 * DAY)));
    assert_eq!(billed.stripe.balance().await, 1200 - 65);
    billed.stripe.delete(&path).await.refused(404, "resource_missing");
    billed.stripe.post(&path, &[("cancel_at_period_end", "false")]).await.refused(400, "");
}

#[tokio::test]
async fn what_a_deleted_customer_subscribed_to_is_over() {
    let billed = Billed::new("month").await;
    billed.card("pm_card_visa").await;
    let made = billed.subscribe(&[]).await;
    billed.stripe.delete(&format!("/v1/customers/{}", billed.customer)).await.ok();
    assert_eq!(billed.read(&made).await["status"], "canceled");
    let clock = billed.stripe.delete(&format!("/v1/test_helpers/test_clocks/{}", billed.clock)).await.ok();
    assert_eq!(clock["deleted"], true);
    billed
        .stripe
        .get(&format!("/v1/test_helpers/test_clocks/{}", billed.clock), &[])
        .await
        .refused(404, "resource_missing");
}

#[tokio::test]
async fn nothing_is_subscribed_to_without_a_card_and_a_recurring_active_price() {
    let billed = Billed::new("month").await;
    let params = [("customer", billed.customer.as_str()), ("items[0][price]", &billed.price)];
    let none = billed.stripe.post("/v1/subscriptions", &params).await;
    none.refused(400, "resource_missing");
    assert_eq!(billed.stripe.get("/v1/subscriptions", &[("status", "all")]).await.ok()["data"], json!([]));
    billed.stripe.post(&format!("/v1/prices/{}", billed.price), &[("active", "false")]).await.ok();
    let inactive = billed.stripe.post("/v1/subscriptions", &params).await.refused(400, "");
    assert_eq!(inactive["param"], "items[0][price]");
    let unknown = [("customer", billed.customer.as_str()), ("items[0][price]", "price_none")];
    billed.stripe.post("/v1/subscriptions", &unknown).await.refused(400, "resource_missing");
    billed
        .stripe
        .post("/v1/subscriptions", &[("trial_period_days", "3")])
        .await
        .refused(400, "parameter_unknown");
}

#[tokio::test]
async fn a_lookup_key_is_found_and_moves_to_another_price_only_on_request() {
    let billed = Billed::new("month").await;
    let find =
        || async { billed.stripe.get("/v1/prices", &[("lookup_keys[]", "pro")]).await.ok()["data"].clone() };
    assert_eq!(find().await[0]["id"], json!(billed.price));
    let mut params = vec![
        ("product", "pro"),
        ("currency", "usd"),
        ("unit_amount", "1500"),
        ("recurring[interval]", "month"),
        ("lookup_key", "pro"),
    ];
    billed.stripe.post("/v1/prices", &params).await.refused(400, "");
    params.push(("transfer_lookup_key", "true"));
    let moved = billed.stripe.post("/v1/prices", &params).await.ok();
    assert_eq!((find().await.as_array().unwrap().len(), &find().await[0]["id"]), (1, &moved["id"]));
    let expand = [("expand[]", "currency_options")];
    let old = billed.stripe.get(&format!("/v1/prices/{}", billed.price), &expand).await.ok();
    assert_eq!(
        (&old["lookup_key"], &old["currency_options"]["eur"]["unit_amount"]),
        (&Value::Null, &json!(1100))
    );
}
