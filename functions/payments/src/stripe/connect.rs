//! What use cases ask of Stripe for a tutor's own account: onboarding, balance, payouts.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{AccountSeen, Payout, PayoutCall, PayoutSeen, PayoutState};
use lectern_domain::time::Instant;
use serde::Deserialize;

use super::client::Form;
use super::shapes::{Account, Balance, List};
use super::{StripeApi, StripeError};

/// Written on every payout, so that it is found again: by a webhook that is faster than our call's answer, and after
/// an answer that never came.
const OPERATION: &str = "metadata[operation]";

/// Where a tutor comes back to after onboarding.
#[derive(Clone, Debug, Default)]
pub struct OnboardingUrls {
    /// Done, or left for later.
    pub return_url: String,
    /// The link was no good any more: a fresh one is to be made.
    pub refresh_url: String,
}

/// A link to onboarding at Stripe, good for one visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnboardingLink {
    /// The address; whoever has it is taken for the owner.
    pub url: String,
    /// How long it is good.
    pub expires_at: Instant,
}

/// What lies in an account at Stripe, by currency.
#[derive(Clone, Debug)]
pub struct AccountBalance {
    /// What can be paid out now.
    pub available: Vec<Money>,
    /// With what comes later.
    pub whole: Vec<Money>,
}

/// See the module. A test can put itself between the use case and Stripe here.
#[async_trait]
pub trait Connect: Send + Sync {
    /// A fresh link for the account's owner.
    async fn onboarding_link(
        &self,
        account: &str,
        urls: &OnboardingUrls,
        key: &str,
    ) -> Result<OnboardingLink, StripeError>;
    /// From now on Stripe pays the account out only when it is told to.
    async fn make_manual(&self, account: &str, key: &str) -> Result<AccountSeen, StripeError>;
    /// Makes a payout, under its idempotency key.
    async fn make_payout(&self, payout: &Payout, call: &PayoutCall) -> Result<PayoutSeen, StripeError>;
    /// What this very attempt has made, if it has.
    async fn find_payout(
        &self,
        payout: &Payout,
        call: &PayoutCall,
    ) -> Result<Option<PayoutSeen>, StripeError>;
    /// A payout as it is now.
    async fn payout(&self, account: &str, stripe_payout: &str) -> Result<PayoutSeen, StripeError>;
    /// What lies in an account.
    async fn account_balance(&self, account: &str) -> Result<AccountBalance, StripeError>;
}

/// Stripe's payout, the part of it that we read.
#[derive(Deserialize)]
struct PayoutShape {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    arrival_date: Option<i64>,
    #[serde(default)]
    failure_code: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

impl From<PayoutShape> for PayoutSeen {
    fn from(shape: PayoutShape) -> Self {
        let state = match shape.status.as_str() {
            "paid" => PayoutState::Paid,
            "canceled" => PayoutState::Failed { code: "canceled".to_owned() },
            "failed" => {
                PayoutState::Failed { code: shape.failure_code.unwrap_or_else(|| "failed".to_owned()) }
            }
            _ => PayoutState::OnItsWay,
        };
        let arrives_at = shape.arrival_date.and_then(|at| Timestamp::from_second(at).ok());
        Self {
            key: shape.metadata.get("operation").cloned().unwrap_or_default(),
            amount: shape.amount,
            currency: Currency::parse(&shape.currency).ok(),
            state,
            arrives_at: arrives_at.map(Instant::from),
            stripe_id: shape.id,
        }
    }
}

#[derive(Deserialize)]
struct LinkShape {
    url: String,
    expires_at: i64,
}

#[async_trait]
impl Connect for StripeApi {
    async fn onboarding_link(
        &self,
        account: &str,
        urls: &OnboardingUrls,
        key: &str,
    ) -> Result<OnboardingLink, StripeError> {
        let form = vec![
            ("account", account.to_owned()),
            ("type", "account_onboarding".to_owned()),
            ("return_url", urls.return_url.clone()),
            ("refresh_url", urls.refresh_url.clone()),
            // All at once: an owner who is asked again in a year is an owner who isn't paid.
            ("collection_options[fields]", "eventually_due".to_owned()),
        ];
        let link: LinkShape = self.client().post("/v1/account_links", &form, key).await?;
        let expires_at = Timestamp::from_second(link.expires_at).map_err(StripeError::unknown)?;
        Ok(OnboardingLink { url: link.url, expires_at: expires_at.into() })
    }

    async fn make_manual(&self, account: &str, key: &str) -> Result<AccountSeen, StripeError> {
        let form = vec![("settings[payouts][schedule][interval]", "manual".to_owned())];
        let account: Account = self.client().post(&format!("/v1/accounts/{account}"), &form, key).await?;
        Ok(account.into())
    }

    async fn make_payout(&self, payout: &Payout, call: &PayoutCall) -> Result<PayoutSeen, StripeError> {
        let form = vec![
            ("amount", payout.amount.to_string()),
            ("currency", payout.currency.as_str().to_ascii_lowercase()),
            ("metadata[payout_id]", payout.id.to_string()),
            (OPERATION, call.key.clone()),
        ];
        let account = payout.stripe_account_id.as_str();
        let made: PayoutShape = self.client().post_as(account, "/v1/payouts", &form, &call.key).await?;
        Ok(made.into())
    }

    async fn find_payout(
        &self,
        payout: &Payout,
        call: &PayoutCall,
    ) -> Result<Option<PayoutSeen>, StripeError> {
        // Newest first, and a tutor has one a week and currency: the latest hundred have it.
        let query = vec![("limit", "100".to_owned())];
        let found: List<PayoutShape> =
            self.client().get_as(&payout.stripe_account_id, "/v1/payouts", &query).await?;
        let ours = found.data.into_iter().find(|made| made.metadata.get("operation") == Some(&call.key));
        Ok(ours.map(Into::into))
    }

    async fn payout(&self, account: &str, stripe_payout: &str) -> Result<PayoutSeen, StripeError> {
        let path = format!("/v1/payouts/{stripe_payout}");
        let shape: PayoutShape = self.client().get_as(account, &path, &Form::new()).await?;
        Ok(shape.into())
    }

    async fn account_balance(&self, account: &str) -> Result<AccountBalance, StripeError> {
        let balance: Balance = self.client().get_as(account, "/v1/balance", &Form::new()).await?;
        Ok(AccountBalance { available: balance.available(), whole: balance.sums() })
    }
}
