//! What tests of payouts need: trouble between us and Stripe, Mondays, onboarded tutors, money that was earned.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use lectern_domain::id::UserId;
use lectern_domain::payments::{AccountSeen, Payout, PayoutCall, PayoutSchedule, PayoutSeen};
use lectern_domain::role::Role;
use lectern_payments::stripe::{AccountBalance, Connect, OnboardingLink, OnboardingUrls, StripeError};
use lectern_payments::{
    Payments, get_payout, list_payouts, receive_stripe_connect_webhook, retry_payout, run_payouts,
    settle_payouts,
};
use lectern_runtime::testing::{Answered, As, TestRequest, invoke};
use lectern_stripe_stand_in::webhooks::signature_header;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{CONNECT_SECRET, Made, Trouble, Troubled, World};

#[async_trait]
impl Connect for Troubled {
    async fn onboarding_link(
        &self,
        account: &str,
        urls: &OnboardingUrls,
        key: &str,
    ) -> Result<OnboardingLink, StripeError> {
        self.inner.onboarding_link(account, urls, key).await
    }

    async fn make_manual(&self, account: &str, key: &str) -> Result<AccountSeen, StripeError> {
        self.inner.make_manual(account, key).await
    }

    async fn make_payout(&self, payout: &Payout, call: &PayoutCall) -> Result<PayoutSeen, StripeError> {
        self.sent.lock().unwrap().push(call.key.clone());
        let trouble = self.payout_troubles.lock().unwrap().pop_front();
        match trouble {
            None => self.inner.make_payout(payout, call).await,
            Some(Trouble::AnswerLost) => {
                self.inner.make_payout(payout, call).await?;
                Err(StripeError::unknown("the answer was lost"))
            }
            Some(Trouble::RequestLost) => Err(StripeError::unknown("the request was lost")),
            Some(Trouble::Hangs(told)) => {
                self.inner.make_payout(payout, call).await?;
                told.notify_one();
                std::future::pending().await
            }
            Some(Trouble::Meets(others)) => {
                others.wait().await;
                self.inner.make_payout(payout, call).await
            }
        }
    }

    async fn find_payout(
        &self,
        payout: &Payout,
        call: &PayoutCall,
    ) -> Result<Option<PayoutSeen>, StripeError> {
        self.inner.find_payout(payout, call).await
    }

    async fn payout(&self, account: &str, stripe_payout: &str) -> Result<PayoutSeen, StripeError> {
        self.inner.payout(account, stripe_payout).await
    }

    async fn account_balance(&self, account: &str) -> Result<AccountBalance, StripeError> {
        self.inner.account_balance(account).await
    }
}

impl World {
    /// The tutor earns 80 % of this, and it lies in the tutor's account.
    pub async fn earns(&self, amount: i64) -> Made {
        let made = self.held(amount).await;
        self.release(&made).await.unwrap();
        made
    }

    /// The clock goes on to the next Monday, 06:01.
    pub fn monday(&self) {
        let next = PayoutSchedule::Weekly.next(self.clock.now()) + SignedDuration::from_mins(1);
        self.clock.advance(next.duration_since(self.clock.now()));
    }

    pub async fn run_payouts(&self) {
        self.run_payouts_by(&self.services).await.unwrap();
    }

    pub async fn run_payouts_by(&self, by: &Arc<Payments>) -> Result<Value, lectern_runtime::Fault> {
        invoke(&run_payouts::use_case(), by, json!({})).await
    }

    pub async fn settle_payouts(&self) {
        invoke(&settle_payouts::use_case(), &self.services, json!({})).await.unwrap();
    }

    /// The tutor's payouts, the latest first.
    pub async fn payouts(&self) -> Vec<Value> {
        let request = TestRequest::new(As::User(self.tutor, Role::Tutor));
        let page = request.send(&list_payouts::use_case(), &self.services).await;
        page.data()["items"].as_array().unwrap().clone()
    }

    pub async fn explained(&self, payout: &Value) -> Answered {
        let request = TestRequest::new(As::User(self.tutor, Role::Tutor)).path("payoutId", id(payout));
        request.send(&get_payout::use_case(), &self.services).await
    }

    pub async fn retry(&self, payout: &Value, key: &str) -> Answered {
        self.retry_by(&self.services, payout, key).await
    }

    pub async fn retry_by(&self, by: &Arc<Payments>, payout: &Value, key: &str) -> Answered {
        let admin = UserId(Uuid::nil());
        let request = TestRequest::new(As::User(admin, Role::Admin)).path("payoutId", id(payout));
        request.header("idempotency-key", key).send(&retry_payout::use_case(), by).await
    }

    /// The tutor's account at Stripe.
    pub async fn account(&self) -> String {
        let accounts = self.stripe_get("/v1/accounts").await;
        accounts["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Payouts at Stripe, the latest first.
    pub async fn at_the_bank(&self) -> Vec<Value> {
        let dump = self.stripe_get("/_stand_in/state?objects=true").await;
        let all = dump["objects"].as_array().unwrap().iter();
        let mut payouts: Vec<_> = all.filter(|it| it["object"] == "payout").cloned().collect();
        payouts.reverse();
        payouts
    }

    /// The bank moves the latest payout: `pay`, `fail`, `send`.
    pub async fn bank(&self, how: &str) {
        let latest = self.at_the_bank().await[0]["id"].as_str().unwrap().to_owned();
        let url = format!("{}/_stand_in/payouts/{latest}/{how}", self.base);
        let form = [("failure_code", "account_closed")];
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Something that happens to the tutor's account at Stripe.
    pub async fn account_is(&self, what: &str) {
        let url = format!("{}/_stand_in/accounts/{what}", self.base);
        let form = [("tutor_id", self.tutor.to_string())];
        assert!(self.http.post(url).form(&form).send().await.unwrap().status().is_success());
    }

    /// Delivers an event of a connected account, signed now.
    pub async fn hear_connected(&self, body: &str) -> Answered {
        let signature = signature_header(CONNECT_SECRET, self.clock.now().as_second(), body);
        self.hear_connected_raw(body, &signature).await
    }

    pub async fn hear_connected_raw(&self, body: &str, signature: &str) -> Answered {
        let request = TestRequest::new(As::Nobody).raw(body).header("stripe-signature", signature);
        request.send(&receive_stripe_connect_webhook::use_case(), &self.services).await
    }
}

/// A payout's id.
pub fn id(payout: &Value) -> String {
    payout["payoutId"].as_str().unwrap().to_owned()
}
