//! Stripe's own pages: checkout, portal, invoice.

use serde_json::{Value, json};

use crate::support::{Stripe, id};

struct Shop {
    stripe: Stripe,
    customer: String,
    price: String,
    pages: reqwest::Client,
}

impl Shop {
    async fn new() -> Self {
        let stripe = Stripe::start().await;
        let customer = id(&stripe.post("/v1/customers", &[]).await.ok()).to_owned();
        stripe.post("/v1/products", &[("id", "pro"), ("name", "Pro <b>")]).await.ok();
        let params = [
            ("product", "pro"),
            ("currency", "usd"),
            ("unit_amount", "1200"),
            ("recurring[interval]", "month"),
            ("currency_options[eur][unit_amount]", "1100"),
        ];
        let price = id(&stripe.post("/v1/prices", &params).await.ok()).to_owned();
        let none = reqwest::redirect::Policy::none();
        let pages = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
        Self { stripe, customer, price, pages }
    }

    async fn session(&self, more: &[(&str, &str)]) -> Value {
        let params = [
            ("mode", "subscription"),
            ("customer", self.customer.as_str()),
            ("line_items[0][price]", &self.price),
            ("line_items[0][quantity]", "1"),
            ("success_url", "https://lectern.example/done?session={CHECKOUT_SESSION_ID}"),
            ("cancel_url", "https://lectern.example/back"),
            ("subscription_data[metadata][subscription_id]", "ours"),
        ];
        self.stripe.post("/v1/checkout/sessions", &[&params, more].concat()).await.ok()
    }

    /// Fills a page's form in: the status, and where it leads or what it shows.
    async fn fill(&self, page: &Value, form: &[(&str, &str)]) -> (u16, String) {
        let answer = self.pages.post(page["url"].as_str().unwrap()).form(form).send().await.unwrap();
        let status = answer.status().as_u16();
        match answer.headers().get("location") {
            Some(location) => (status, location.to_str().unwrap().to_owned()),
            None => (status, answer.text().await.unwrap()),
        }
    }

    async fn read(&self, path: &str) -> Value {
        self.stripe.get(path, &[]).await.ok()
    }
}

#[tokio::test]
async fn a_checkout_page_makes_a_subscription_that_carries_our_words_and_leads_back() {
    let shop = Shop::new().await;
    let session = shop.session(&[("currency", "eur")]).await;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("open"), &json!("unpaid")));
    assert_eq!((&session["amount_total"], &session["currency"]), (&json!(1100), &json!("eur")));
    let shown = shop.pages.get(session["url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("Pro &lt;b&gt;: €11.00") && shown.contains("pm_card_visa"), "{shown}");

    let (status, words) = shop.fill(&session, &[("card", "pm_card_chargeDeclined")]).await;
    assert_eq!(status, 402);
    assert!(words.contains("Your card was declined."), "{words}");
    assert_eq!(shop.read("/v1/subscriptions?status=all").await["data"], json!([]), "nothing is left of it");

    let (status, location) = shop.fill(&session, &[("card", "pm_card_visa")]).await;
    assert_eq!((status, location), (303, format!("https://lectern.example/done?session={}", id(&session))));
    let done = shop.read(&format!("/v1/checkout/sessions/{}", id(&session))).await;
    assert_eq!(
        (&done["status"], &done["payment_status"], &done["url"]),
        (&json!("complete"), &json!("paid"), &Value::Null)
    );
    let made = shop.read(&format!("/v1/subscriptions/{}", done["subscription"].as_str().unwrap())).await;
    assert_eq!(
        (&made["status"], &made["metadata"]),
        (&json!("active"), &json!({ "subscription_id": "ours" }))
    );
    assert!(made["default_payment_method"].is_string());
    let (status, _) = shop.fill(&session, &[("card", "pm_card_visa")]).await;
    assert_eq!(status, 402, "a page is paid on once");
}

#[tokio::test]
async fn a_card_whose_bank_asks_pays_only_if_its_owner_answers() {
    let shop = Shop::new().await;
    let card = ("card", "pm_card_authenticationRequiredOnSetup");
    let session = shop.session(&[]).await;
    assert_eq!(shop.fill(&session, &[card, ("authentication", "failure")]).await.0, 402);
    assert_eq!(shop.fill(&session, &[card, ("authentication", "success")]).await.0, 303);
}

#[tokio::test]
async fn an_expired_page_can_not_be_paid_on_and_a_paid_one_does_not_expire() {
    let shop = Shop::new().await;
    let session = shop.session(&[]).await;
    let path = format!("/v1/checkout/sessions/{}/expire", id(&session));
    assert_eq!(shop.stripe.post(&path, &[]).await.ok()["status"], "expired");
    assert_eq!(shop.fill(&session, &[]).await.0, 402);
    let session = shop.session(&[]).await;
    shop.fill(&session, &[]).await;
    let path = format!("/v1/checkout/sessions/{}/expire", id(&session));
    shop.stripe.post(&path, &[]).await.refused(400, "");
    let soon = [("mode", "setup"), ("success_url", "https://x.example"), ("expires_at", "100")];
    assert_eq!(
        shop.stripe.post("/v1/checkout/sessions", &soon).await.refused(400, "")["param"],
        "expires_at"
    );
}

#[tokio::test]
async fn a_page_also_takes_one_payment_or_only_a_card() {
    let shop = Shop::new().await;
    let payment = [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "700"),
        ("line_items[0][price_data][product_data][name]", "A book"),
        ("payment_intent_data[metadata][a]", "b"),
        ("success_url", "https://lectern.example/done"),
    ];
    let session = shop.stripe.post("/v1/checkout/sessions", &payment).await.ok();
    assert_eq!(shop.fill(&session, &[]).await.0, 303);
    let done = shop.read(&format!("/v1/checkout/sessions/{}", id(&session))).await;
    let intent =
        shop.read(&format!("/v1/payment_intents/{}", done["payment_intent"].as_str().unwrap())).await;
    assert_eq!((&intent["amount_received"], &intent["metadata"]), (&json!(700), &json!({ "a": "b" })));
    let setup =
        [("mode", "setup"), ("customer", shop.customer.as_str()), ("success_url", "https://x.example/")];
    let session = shop.stripe.post("/v1/checkout/sessions", &setup).await.ok();
    assert_eq!(shop.fill(&session, &[]).await.0, 303);
    let cards = shop.read(&format!("/v1/customers/{}/payment_methods", shop.customer)).await;
    assert_eq!(cards["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_portal_ends_resumes_and_changes_the_card_as_far_as_it_is_set_up() {
    let shop = Shop::new().await;
    let params = [("customer", shop.customer.as_str()), ("return_url", "https://lectern.example/account")];
    shop.stripe.post("/v1/billing_portal/sessions", &params).await.refused(400, "");
    let session = shop.session(&[]).await;
    shop.fill(&session, &[]).await;
    let features = [
        ("features[subscription_cancel][enabled]", "true"),
        ("features[payment_method_update][enabled]", "true"),
    ];
    shop.stripe.post("/v1/billing_portal/configurations", &features).await.ok();
    let portal = shop.stripe.post("/v1/billing_portal/sessions", &params).await.ok();
    let made = async || shop.read("/v1/subscriptions").await["data"][0].clone();
    let back = (303, "https://lectern.example/account".to_owned());
    assert_eq!(shop.fill(&portal, &[("action", "cancel")]).await, back);
    assert_eq!(made().await["cancel_at_period_end"], true);
    assert_eq!(shop.fill(&portal, &[("action", "resume")]).await, back);
    assert_eq!(made().await["cancel_at_period_end"], false);
    let before = made().await["default_payment_method"].clone();
    assert_eq!(shop.fill(&portal, &[("action", "card"), ("card", "pm_card_mastercard")]).await, back);
    assert_ne!(made().await["default_payment_method"], before);
    assert_eq!(shop.fill(&portal, &[("action", "pay")]).await.0, 402, "it isn't set up for that");
}
