//! Somebody who subscribes and lives by one of the stand-in's test clocks.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{
    Payments, cancel_subscription, ensure_billing_catalogue, expire_past_due_subscriptions, get_subscription,
    open_billing_portal, subscribe,
};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use lectern_runtime::use_case::UseCase;
use serde_json::{Value, json};

use super::support::World;

pub const DAY: i64 = 24 * 60 * 60;

/// A world in which something is sold, and somebody who lives by a test clock.
pub struct Billed {
    pub world: World,
    pub user: UserId,
    pub clock: String,
    pub start: i64,
    pub pages: reqwest::Client,
}

pub fn monthly() -> Value {
    json!({ "plan": "pro", "period": "monthly" })
}

pub fn as_student(user: UserId) -> TestRequest {
    TestRequest::new(As::User(user, Role::Student))
}

impl Billed {
    pub async fn new() -> Self {
        let world = World::new().await;
        invoke(&ensure_billing_catalogue::use_case(), &world.services, json!({})).await.unwrap();
        let start = world.clock.now().as_second();
        let clock =
            world.stripe_post("/v1/test_helpers/test_clocks", &[("frozen_time", &start.to_string())]).await;
        let pages = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let user = world.student;
        let billed = Self { clock: text(&clock["id"]), world, user, start, pages: pages.build().unwrap() };
        billed.on_clock(user).await;
        billed
    }

    /// The user's customer is made by hand, because only Stripe's tests know clocks.
    pub async fn on_clock(&self, user: UserId) {
        let id = user.to_string();
        let params = [("test_clock", self.clock.as_str()), ("metadata[user_id]", &id)];
        let customer = text(&self.world.stripe_post("/v1/customers", &params).await["id"]);
        let row = format!(
            "INSERT INTO stripe_customers (user_id, stripe_customer_id, attempt, since, created_at, updated_at)
             VALUES ('{user}', '{customer}', 1, now(), now(), now())"
        );
        self.world.sql(&row).await.unwrap();
    }

    pub async fn send(&self, use_case: UseCase<Payments>, request: TestRequest) -> Answered {
        request.send(&use_case, &self.world.services).await
    }

    pub async fn subscribe(&self, key: &str, body: &Value) -> Answered {
        self.send(subscribe::use_case(), as_student(self.user).header("idempotency-key", key).json(body))
            .await
    }

    pub async fn me(&self) -> Value {
        self.send(get_subscription::use_case(), as_student(self.user)).await.data().clone()
    }

    pub async fn cancel(&self) -> Answered {
        self.send(cancel_subscription::use_case(), as_student(self.user)).await
    }

    pub async fn sweep(&self) {
        invoke(&expire_past_due_subscriptions::use_case(), &self.world.services, json!({})).await.unwrap();
    }

    /// The page is filled in; the status of its answer.
    pub async fn fill(&self, url: &Value, form: &[(&str, &str)]) -> u16 {
        self.pages.post(url.as_str().expect("an address")).form(form).send().await.unwrap().status().as_u16()
    }

    /// Somebody has subscribed and paid, and we have heard of it.
    pub async fn active(&self, body: &Value) -> Value {
        let made = self.subscribe("first", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(self.fill(&made.data()["checkoutUrl"], &[]).await, 303);
        self.world.hear_all().await;
        let me = self.me().await;
        assert_eq!((&me["status"], &me["entitled"]), (&json!("active"), &json!(true)));
        me
    }

    /// Time goes by, here and at Stripe, to so many seconds after the beginning.
    pub async fn advance_to(&self, seconds: i64) {
        let at = self.start + seconds;
        let path = format!("/v1/test_helpers/test_clocks/{}/advance", self.clock);
        let clock = self.world.stripe_post(&path, &[("frozen_time", &at.to_string())]).await;
        assert_eq!(clock["status"], "ready", "{clock}");
        let by = at - self.world.clock.now().as_second();
        self.world.clock.advance(SignedDuration::from_secs(by));
    }

    /// The end of the first period, in seconds after the beginning.
    pub async fn renewal(&self) -> i64 {
        let end: Timestamp = self.me().await["currentPeriodEnd"].as_str().unwrap().parse().unwrap();
        end.as_second() - self.start
    }

    pub async fn portal(&self, form: &[(&str, &str)]) {
        let opened = self.send(open_billing_portal::use_case(), as_student(self.user)).await;
        assert_eq!(self.fill(&opened.data()["url"], form).await, 303);
    }

    pub fn told(&self) -> Vec<(String, bool)> {
        let events = self.world.bus.events();
        let ours = events.iter().filter(|event| event.kind.starts_with("subscription."));
        ours.map(|event| (event.kind.clone(), event.data["entitled"].as_bool().unwrap())).collect()
    }

    pub async fn revenue(&self) -> i64 {
        -self.world.balance("platform_revenue").await
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

pub fn told(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter().map(|(kind, entitled)| (format!("subscription.{kind}"), *entitled)).collect()
}
