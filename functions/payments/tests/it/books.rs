//! A look into the books, and hands in them, for the tests of what compares them.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::support::{Made, World};

impl World {
    /// Money that moves at Stripe past its API: `topup`, `stripe_fee`, `payout`, `adjustment`.
    pub async fn past_us(&self, kind: &str, amount: i64) {
        let form = [("type", kind.to_owned()), ("amount", amount.to_string())];
        let url = format!("{}/_stand_in/balance_transactions", self.base);
        assert!(self.http.post(url).form(&form).send().await.unwrap().status().is_success());
    }

    /// Posts a correction, as a person would.
    pub async fn post(&self, made: &Made, reference: &str, entries: &[(&str, i64)]) {
        self.post_at(made, "adjustment", reference, self.clock.now(), entries).await;
    }

    /// Posts a transaction of any kind and moment.
    pub async fn post_at(
        &self,
        made: &Made,
        kind: &str,
        reference: &str,
        at: Timestamp,
        entries: &[(&str, i64)],
    ) {
        let entries: Vec<_> =
            entries.iter().map(|(account, amount)| json!({ "account": account, "amount": amount })).collect();
        let posting = json!([{ "id": Uuid::now_v7(), "paymentId": made.id, "kind": kind,
            "reference": reference, "postedAt": at, "currency": "USD", "entries": entries }]);
        self.sql(&format!("SELECT ledger_post('{posting}')")).await.unwrap();
    }

    /// One number out of the database.
    pub async fn number(&self, query: &str) -> i64 {
        let client = lectern_postgres::database::connect(&self.database.admin_url, None).await.unwrap();
        client.query_one(query, &[]).await.unwrap().get(0)
    }
}
