//! The port over HTTP: which endpoint and which parameters each request has.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::payments::{
    AccountSeen, Call, DisputeSeen, IntentSeen, OperationKind, Payment, PayoutAccount, RefundSeen,
};

use super::client::{Client, ClientConfig, Form};
use super::shapes::{Account, Balance, Dispute, Intent, List, Made};
use super::{Billing, Cards, MovementPage, Performed, Stripe, StripeError, movements};

/// What we write on everything that we make at Stripe, so that it is found again: by a webhook that is faster than
/// our call's answer, and after an answer that never came.
const PAYMENT: &str = "metadata[payment_id]";
const LESSON: &str = "metadata[lesson_id]";
const OPERATION: &str = "metadata[operation]";

/// The real one.
pub struct StripeApi {
    pub(super) client: Client,
}

impl StripeApi {
    /// Not connected yet.
    pub fn new(config: ClientConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}

fn named(payment: &Payment, call: &Call) -> Form {
    vec![
        (PAYMENT, payment.id.to_string()),
        (LESSON, payment.lesson_id.to_string()),
        (OPERATION, call.key.clone()),
    ]
}

fn target(call: &Call) -> Result<String, StripeError> {
    call.target.clone().ok_or_else(|| StripeError::unknown("the operation names nothing to be done to"))
}

fn currency(payment: &Payment) -> String {
    payment.currency.as_str().to_ascii_lowercase()
}

fn is_of(metadata: &HashMap<String, String>, call: &Call) -> bool {
    metadata.get("operation") == Some(&call.key)
}

/// A refund that could not be made is an object too.
fn read_made(made: Made) -> Result<Performed, StripeError> {
    match made.status.as_deref() {
        Some(status @ ("failed" | "canceled")) => Err(StripeError::Refused {
            status: 200,
            kind: status.to_owned(),
            code: made.failure_reason,
            decline_code: None,
            message: format!("the refund is {status}"),
        }),
        _ => Ok(Performed::Made(made.id)),
    }
}

impl StripeApi {
    async fn create_intent(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        let mut form = named(payment, call);
        form.extend([
            ("amount", call.amount.to_string()),
            ("currency", currency(payment)),
            ("transfer_group", payment.lesson_id.to_string()),
            ("automatic_payment_methods[enabled]", "true".to_owned()),
            // Methods that lead the payer away would need a page to come back to.
            ("automatic_payment_methods[allow_redirects]", "never".to_owned()),
        ]);
        // Its saved cards can pay then, and a card that pays can be saved.
        form.extend(payment.stripe_customer.clone().map(|customer| ("customer", customer)));
        form.extend(payment.description.clone().map(|text| ("description", text)));
        let intent: Intent = self.client.post("/v1/payment_intents", &form, &call.key).await?;
        Ok(Performed::Intent(intent.into()))
    }

    async fn refund(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        let mut form = named(payment, call);
        form.extend([("charge", target(call)?), ("amount", call.amount.to_string())]);
        read_made(self.client.post("/v1/refunds", &form, &call.key).await?)
    }

    async fn transfer(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        let charge = payment.charge_id.clone();
        let charge =
            charge.ok_or_else(|| StripeError::unknown("a transfer of a payment without a charge"))?;
        let mut form = named(payment, call);
        form.extend([
            ("amount", call.amount.to_string()),
            ("currency", currency(payment)),
            ("destination", target(call)?),
            ("transfer_group", payment.lesson_id.to_string()),
        ]);
        // A charge is the source of no more than itself, and what was reversed counts still: what is sent again comes
        // from the balance.
        if call.reference.is_empty() {
            form.push(("source_transaction", charge));
        }
        read_made(self.client.post("/v1/transfers", &form, &call.key).await?)
    }

    async fn reverse(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        let mut form = named(payment, call);
        form.push(("amount", call.amount.to_string()));
        let path = format!("/v1/transfers/{}/reversals", target(call)?);
        read_made(self.client.post(&path, &form, &call.key).await?)
    }
}

#[async_trait]
impl Stripe for StripeApi {
    async fn perform(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        match call.kind {
            OperationKind::Create => self.create_intent(payment, call).await,
            OperationKind::Cancel => {
                let path = format!("/v1/payment_intents/{}/cancel", target(call)?);
                let intent: Intent = self.client.post(&path, &Form::new(), &call.key).await?;
                Ok(Performed::Intent(intent.into()))
            }
            OperationKind::Refund => self.refund(payment, call).await,
            OperationKind::Transfer => self.transfer(payment, call).await,
            OperationKind::Reversal => self.reverse(payment, call).await,
        }
    }

    async fn find(&self, payment: &Payment, call: &Call) -> Result<Option<Performed>, StripeError> {
        // Newest first, and one payment has few of each; intents can't be filtered by ours, but a lost one is an
        // orphan that nobody can pay, so to miss it costs nothing.
        let limit = ("limit", "100".to_owned());
        let made: List<Made> = match call.kind {
            OperationKind::Create => {
                let found: List<Intent> = self.client.get("/v1/payment_intents", &vec![limit]).await?;
                let ours = found.data.into_iter().find(|intent| is_of(&intent.metadata, call));
                return Ok(ours.map(|intent| Performed::Intent(intent.into())));
            }
            OperationKind::Cancel => {
                return self.intent(&target(call)?).await.map(|i| Some(Performed::Intent(i)));
            }
            OperationKind::Refund => {
                self.client.get("/v1/refunds", &vec![("charge", target(call)?), limit]).await?
            }
            OperationKind::Transfer => {
                let group = ("transfer_group", payment.lesson_id.to_string());
                self.client.get("/v1/transfers", &vec![group, limit]).await?
            }
            OperationKind::Reversal => {
                self.client.get(&format!("/v1/transfers/{}/reversals", target(call)?), &vec![limit]).await?
            }
        };
        made.data.into_iter().find(|made| is_of(&made.metadata, call)).map(read_made).transpose()
    }

    async fn intent(&self, id: &str) -> Result<IntentSeen, StripeError> {
        let expand = vec![("expand[]", "latest_charge.balance_transaction".to_owned())];
        let intent: Intent = self.client.get(&format!("/v1/payment_intents/{id}"), &expand).await?;
        Ok(intent.into())
    }

    async fn open_account(&self, account: &PayoutAccount) -> Result<AccountSeen, StripeError> {
        let form = vec![
            ("type", "express".to_owned()),
            ("capabilities[transfers][requested]", "true".to_owned()),
            // When a tutor is paid out we alone decide.
            ("settings[payouts][schedule][interval]", "manual".to_owned()),
            ("metadata[tutor_id]", account.tutor_id.to_string()),
        ];
        let made: Account = self.client.post("/v1/accounts", &form, &account.key()).await?;
        Ok(made.into())
    }

    async fn find_account(&self, tutor: UserId) -> Result<Option<AccountSeen>, StripeError> {
        let found: List<Account> =
            self.client.get("/v1/accounts", &vec![("limit", "100".to_owned())]).await?;
        let tutor = tutor.to_string();
        let ours = found.data.into_iter().find(|account| account.metadata.get("tutor_id") == Some(&tutor));
        Ok(ours.map(Into::into))
    }

    async fn account(&self, id: &str) -> Result<AccountSeen, StripeError> {
        let account: Account = self.client.get(&format!("/v1/accounts/{id}"), &Form::new()).await?;
        Ok(account.into())
    }

    async fn balances(&self) -> Result<Vec<Money>, StripeError> {
        let balance: Balance = self.client.get("/v1/balance", &Form::new()).await?;
        Ok(balance.sums())
    }

    fn cards(&self) -> &dyn Cards {
        self
    }

    fn billing(&self) -> &dyn Billing {
        self
    }

    async fn dispute(&self, id: &str) -> Result<DisputeSeen, StripeError> {
        let expand = vec![("expand[]", "charge".to_owned())];
        let dispute: Dispute = self.client.get(&format!("/v1/disputes/{id}"), &expand).await?;
        dispute.seen()
    }

    async fn refund(&self, id: &str) -> Result<RefundSeen, StripeError> {
        let refund: Made = self.client.get(&format!("/v1/refunds/{id}"), &Form::new()).await?;
        Ok(refund.seen())
    }

    async fn give_evidence(
        &self,
        dispute: &str,
        evidence: &[(&'static str, String)],
        submit: bool,
        key: &str,
    ) -> Result<DisputeSeen, StripeError> {
        let mut form: Form = evidence.to_vec();
        form.extend([("submit", submit.to_string()), ("expand[]", "charge".to_owned())]);
        let dispute: Dispute = self.client.post(&format!("/v1/disputes/{dispute}"), &form, key).await?;
        dispute.seen()
    }

    async fn movements(
        &self,
        since: Option<Timestamp>,
        after: Option<&str>,
    ) -> Result<MovementPage, StripeError> {
        movements::page(&self.client, since, after).await
    }

    async fn warm(&self) {
        self.client.warm().await;
    }
}
