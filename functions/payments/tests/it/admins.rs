//! What admins, banks and the stand-in's controls do in a world.

use std::sync::Arc;

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_payments::{
    Payments, give_dispute_evidence, inspect_payment, list_disputes, refund_by_hand, release_by_hand,
};
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Made, World};

impl World {
    /// A control of the stand-in's.
    pub async fn stand_in(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/_stand_in/{path}", self.base);
        let answer = self.http.post(url).form(form).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A world whose tutor can be paid.
    pub async fn ready() -> Self {
        let world = Self::new().await;
        world.approve_tutor().await;
        world.onboard_tutor().await;
        world
    }

    pub async fn inspect(&self, made: &Made) -> Value {
        let request =
            TestRequest::new(As::User(UserId(Uuid::now_v7()), Role::Admin)).path("paymentId", &made.id);
        request.send(&inspect_payment::use_case(), &self.services).await.data().clone()
    }

    /// The payer complains to the bank; gives Stripe's id of the dispute. Nobody has heard of it yet.
    pub async fn complain(&self, made: &Made, amount: Option<i64>) -> String {
        let charge = self.inspect(made).await["stripe"]["charge"].as_str().unwrap().to_owned();
        let amount = amount.map(|amount| amount.to_string());
        let mut form = vec![("charge", charge.as_str()), ("reason", "product_not_received")];
        form.extend(amount.as_deref().map(|amount| ("amount", amount)));
        self.stand_in("disputes", &form).await["id"].as_str().unwrap().to_owned()
    }

    /// The same, and we have heard of it.
    pub async fn disputed(&self, made: &Made, amount: Option<i64>) -> String {
        let dispute = self.complain(made, amount).await;
        self.hear_all().await;
        assert_eq!(self.status(made).await, "disputed");
        dispute
    }

    /// The bank has decided, and we have heard of it.
    pub async fn decided(&self, dispute: &str, outcome: &str) {
        self.stand_in(&format!("disputes/{dispute}/decide"), &[("outcome", outcome)]).await;
        self.hear_all().await;
    }

    /// The sweep has done what is left to do.
    pub async fn rests(&self) {
        for _ in 0..4 {
            self.later(130);
            self.settle().await;
        }
    }

    pub async fn refund_as(
        &self,
        by: &Arc<Payments>,
        admin: UserId,
        key: &str,
        made: &Made,
        body: Value,
    ) -> Answered {
        let request = TestRequest::new(As::User(admin, Role::Admin))
            .path("paymentId", &made.id)
            .header("idempotency-key", key)
            .json(&body);
        request.send(&refund_by_hand::use_case(), by).await
    }

    pub async fn release_as(&self, by: &Arc<Payments>, admin: UserId, key: &str, made: &Made) -> Answered {
        let request = TestRequest::new(As::User(admin, Role::Admin))
            .path("paymentId", &made.id)
            .header("idempotency-key", key)
            .json(&json!({ "reason": "both have asked for it" }));
        request.send(&release_by_hand::use_case(), by).await
    }

    pub async fn disputes(&self, limit: u32, cursor: Option<&str>) -> Value {
        let mut request =
            TestRequest::new(As::User(UserId(Uuid::now_v7()), Role::Admin)).query("limit", limit.to_string());
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        request.send(&list_disputes::use_case(), &self.services).await.data().clone()
    }

    pub async fn evidence(&self, admin: UserId, key: &str, dispute: &str, body: Value) -> Answered {
        let request = TestRequest::new(As::User(admin, Role::Admin))
            .path("disputeId", dispute)
            .header("idempotency-key", key)
            .json(&body);
        request.send(&give_dispute_evidence::use_case(), &self.services).await
    }
}
