//! Stripe's side: what a browser does there, and what the stand-in does on request.

use std::time::Duration;

use serde_json::Value;

use super::copy::Copy;
use super::wait::{SOON, until};

/// Fixed by local/settings.py: they guard nothing but this machine.
const PUBLISHABLE_KEY: &str = "pk_test_lectern_local_0123456789";
const SECRET_KEY: &str = "sk_test_lectern_local_0123456789";

#[derive(Clone)]
pub struct Stripe {
    http: reqwest::Client,
}

impl Stripe {
    pub fn new() -> Self {
        Self { http: reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap() }
    }

    async fn form(&self, key: &str, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", Copy::get().stripe)).bearer_auth(key).form(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// What the payer's browser does with a card; the status of the answer and its body.
    pub async fn confirm(&self, client_secret: &str, card: &str) -> (u16, Value) {
        let intent = client_secret.split("_secret_").next().unwrap();
        let form = [("client_secret", client_secret), ("payment_method", card)];
        self.form(PUBLISHABLE_KEY, &format!("/v1/payment_intents/{intent}/confirm"), &form).await
    }

    /// What the payer's browser does to save a card; the status of the answer and its body.
    pub async fn save_card(&self, client_secret: &str, card: &str) -> (u16, Value) {
        let intent = client_secret.split("_secret_").next().unwrap();
        let form = [("client_secret", client_secret), ("payment_method", card)];
        self.form(PUBLISHABLE_KEY, &format!("/v1/setup_intents/{intent}/confirm"), &form).await
    }

    /// The tutor fills in Stripe's pages, as soon as there is an account to do so for.
    pub async fn onboard(&self, tutor: &str) {
        until("the tutor has an account at Stripe", SOON, async || {
            let (status, _) = self.admin("accounts/complete_onboarding", &[("tutor_id", tutor)]).await;
            (status == 200).then_some(())
        })
        .await;
    }

    /// An admin route of the stand-in.
    pub async fn admin(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        self.form(PUBLISHABLE_KEY, &format!("/_stand_in/{path}"), form).await
    }

    /// Asks for a fault at the next requests to a path.
    pub async fn fail(&self, kind: &str, path: &str, times: u32, more: &[(&str, &str)]) {
        let times = times.to_string();
        let form = [("kind", kind), ("method", "POST"), ("path", path), ("times", &times)];
        let (status, body) = self.admin("faults", &[&form[..], more].concat()).await;
        assert_eq!(status, 200, "{body}");
    }

    /// How many faults are still to come.
    pub async fn faults_left(&self) -> usize {
        let url = format!("{}/_stand_in/faults", Copy::get().stripe);
        let body: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        body["faults"].as_array().unwrap().len()
    }

    /// Nothing goes wrong any more, and events flow.
    pub async fn mend(&self) {
        self.http.delete(format!("{}/_stand_in/faults", Copy::get().stripe)).send().await.unwrap();
        self.admin("webhooks/release", &[]).await;
    }

    /// A list of Stripe's, the newest first, with all that is in it.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let url = format!("{}/v1/{path}", Copy::get().stripe);
        let answer = self.http.get(url).bearer_auth(SECRET_KEY).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["data"].as_array().unwrap_or_else(|| panic!("{path}: {body}")).clone()
    }
}
