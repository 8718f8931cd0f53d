//! What the use cases of `payments` are given.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_domain::payments::tax::TaxPolicy;
use lectern_domain::payments::{PaymentsPolicy, SubscriptionPolicy};
use lectern_postgres::{Base, HasBase};
use lectern_runtime::config::Env;
use lectern_runtime::internal::InternalApi;
use lectern_runtime::rate_limit::RateLimiter;
use lectern_runtime::{Kit, Need, Revocations, Services};

use crate::people::People;
use crate::policies::{self, PayoutPolicy};
use crate::stripe::{ClientConfig, Connect, ReturnUrls, Secret, Stripe, StripeApi};
use crate::tax_document::Filer;
use crate::vault::{Kms, Vault};

/// The need of use cases that talk to Stripe.
pub const STRIPE: Need = Need::Port("stripe");
/// The need of the use case that hears from Stripe.
pub const WEBHOOK_SECRET: Need = Need::Port("stripe-webhook-secret");
/// The need of the use case that hears from Stripe about tutors' accounts.
pub const CONNECT_WEBHOOK_SECRET: Need = Need::Port("stripe-connect-webhook-secret");
/// The need of the use case that asks identity whether somebody may pay.
pub const PEOPLE: Need = Need::Port("people");
/// The need of use cases that encrypt or decrypt tax numbers.
pub const VAULT: Need = Need::Port("vault");

/// Database, bus, Stripe, policy.
pub struct Payments {
    /// Clock, database, bus.
    pub base: Base,
    /// Where the money is.
    pub stripe: Arc<dyn Stripe>,
    /// What Stripe signs its webhooks with; several, comma-separated, while one replaces another.
    pub webhook_secret: Secret,
    /// The numbers.
    pub policy: PaymentsPolicy,
    /// Tutors' own accounts at Stripe.
    pub connect: Arc<dyn Connect>,
    /// What Stripe signs the webhooks of those with.
    pub connect_webhook_secret: Secret,
    /// How tutors are paid out.
    pub payouts: PayoutPolicy,
    /// The numbers of subscriptions.
    pub subscriptions: SubscriptionPolicy,
    /// Whether somebody may pay.
    pub people: Arc<dyn People>,
    /// The page of the web application to which Stripe's pages lead back. From `BILLING_URL`.
    pub billing_url: String,
    /// Where tax numbers are encrypted.
    pub vault: Arc<dyn Vault>,
    /// Which tax form is issued.
    pub tax: TaxPolicy,
    /// Who issues it; none on a stage that doesn't say.
    pub filer: Option<Filer>,
}

impl Payments {
    /// Where a checkout page leads.
    pub fn return_urls(&self) -> ReturnUrls {
        ReturnUrls {
            success: format!("{}?checkout=done", self.billing_url),
            cancel: format!("{}?checkout=cancelled", self.billing_url),
        }
    }
}

/// Where Stripe's pages lead back to when the stage doesn't say.
const BILLING_URL: &str = "https://lectern.example/billing";

#[async_trait]
impl Services for Payments {
    fn from_env(env: Arc<Env>) -> Self {
        let stripe = Arc::new(StripeApi::new(ClientConfig::from_env(Arc::clone(&env))));
        Self {
            connect: Arc::clone(&stripe) as Arc<dyn Connect>,
            connect_webhook_secret: Secret::Parameter(
                Arc::clone(&env),
                "STRIPE_CONNECT_WEBHOOK_SECRET_PARAMETER",
            ),
            payouts: policies::payouts(&env),
            stripe,
            webhook_secret: Secret::Parameter(Arc::clone(&env), "STRIPE_WEBHOOK_SECRET_PARAMETER"),
            policy: policies::commission(&env),
            subscriptions: policies::subscriptions(&env),
            people: Arc::new(InternalApi::new(Arc::clone(&env))),
            billing_url: env.text("BILLING_URL").unwrap_or(BILLING_URL).to_owned(),
            vault: Arc::new(Kms::new(Arc::clone(&env))),
            tax: policies::tax(&env),
            filer: policies::filer(&env),
            base: Base::from_env(env),
        }
    }

    fn kit(&self) -> &Kit {
        &self.base.kit
    }

    async fn warm(&self, needs: &[Need]) {
        self.base.warm(needs).await;
        if needs.contains(&STRIPE) {
            self.stripe.warm().await;
        }
        if needs.contains(&PEOPLE) {
            self.people.warm().await;
        }
        if needs.contains(&VAULT) {
            self.vault.warm().await;
        }
        if needs.contains(&WEBHOOK_SECRET)
            && let Err(fault) = self.webhook_secret.read().await
        {
            tracing::warn!(cause = fault.message, "webhook secret not read in init");
        }
        if needs.contains(&CONNECT_WEBHOOK_SECRET)
            && let Err(fault) = self.connect_webhook_secret.read().await
        {
            tracing::warn!(cause = fault.message, "webhook secret not read in init");
        }
    }

    fn rate_limiter(&self) -> Option<&dyn RateLimiter> {
        Some(&self.base)
    }

    fn revocations(&self) -> Option<&dyn Revocations> {
        Some(&self.base)
    }
}

impl HasBase for Payments {
    const CONTEXT: &'static str = crate::CONTEXT;

    fn base(&self) -> &Base {
        &self.base
    }
}
