//! Stripe Billing over HTTP: what is sold, the page on which it is paid, subscriptions, their invoices, the portal.

use async_trait::async_trait;
use jiff::Timestamp;
use lectern_domain::money::{Currency, Money};
use lectern_domain::payments::{BillingPeriod, InvoiceRefund, InvoiceSeen, Subscription, SubscriptionSeen};

use super::StripeError;
use super::api::StripeApi;
use super::billing_shapes::{
    CheckoutShape, InvoiceShape, PaidIntent, Portal, PriceShape, Product, RefundShape, SubscriptionShape,
};
use super::client::Form;
use super::shapes::{Expandable, List, Made};

/// What we write on everything that we make here, so that it is found again.
pub(super) const SUBSCRIPTION: &str = "subscription_id";
const ATTEMPT: &str = "attempt";
/// The product, whose id is ours to choose, and so the same again.
const PRODUCT: &str = "lectern_pro";
/// What marks the portal's configuration as ours.
const PORTAL: &str = "lectern_portal";

/// A price at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSeen {
    /// Stripe's id.
    pub id: String,
    /// What it costs in each of our currencies.
    pub amounts: Vec<Money>,
}

/// A checkout page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSeen {
    /// Stripe's id.
    pub id: String,
    /// Where it is, while it is open.
    pub url: Option<String>,
    /// How it stands.
    pub state: CheckoutState,
}

/// How a checkout page stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutState {
    /// It can be paid on.
    Open,
    /// It was paid on: the subscription at Stripe.
    Complete(String),
    /// It can't be paid on any more, and nobody has.
    Expired,
}

/// A paid invoice, before its charge is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidInvoice {
    /// Stripe's id.
    pub id: String,
    /// What was paid.
    pub paid: Money,
    /// First moment of what it was paid for.
    pub period_start: Timestamp,
    /// First moment after it.
    pub period_end: Timestamp,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// The payment intent that paid it.
    pub intent: String,
}

/// Where a checkout page leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrls {
    /// After it is paid.
    pub success: String,
    /// When it is left.
    pub cancel: String,
}

/// What use cases ask of Stripe Billing.
#[async_trait]
pub trait Billing: Send + Sync {
    /// Makes the product if there is none.
    async fn ensure_product(&self) -> Result<(), StripeError>;
    /// The active price of a lookup key.
    async fn price(&self, lookup_key: &str) -> Result<Option<PriceSeen>, StripeError>;
    /// Makes a price, and moves the lookup key to it; gives Stripe's id. The first amount is in the price's own
    /// currency.
    async fn create_price(
        &self,
        lookup_key: &str,
        period: BillingPeriod,
        amounts: &[Money],
        key: &str,
    ) -> Result<String, StripeError>;
    /// Makes the portal's configuration if there is none; gives Stripe's id.
    async fn ensure_portal(&self, return_url: &str) -> Result<String, StripeError>;
    /// Makes a subscription's checkout page, under its idempotency key.
    async fn open_checkout(&self, of: &Subscription, urls: &ReturnUrls) -> Result<CheckoutSeen, StripeError>;
    /// The page that this very attempt has made, if it has made one.
    async fn find_checkout(&self, of: &Subscription) -> Result<Option<CheckoutSeen>, StripeError>;
    /// A page as it is now.
    async fn checkout(&self, id: &str) -> Result<CheckoutSeen, StripeError>;
    /// Closes a page; gives it as it is then, which may be paid.
    async fn expire_checkout(&self, id: &str) -> Result<CheckoutSeen, StripeError>;
    /// A subscription as it is now.
    async fn subscription(&self, id: &str) -> Result<SubscriptionSeen, StripeError>;
    /// Ends a subscription with its period.
    async fn end_with_period(&self, id: &str) -> Result<SubscriptionSeen, StripeError>;
    /// Ends a subscription at once. One that is over already is as good.
    async fn end_now(&self, id: &str) -> Result<SubscriptionSeen, StripeError>;
    /// The paid invoices of a subscription, newest first.
    async fn paid_invoices(&self, subscription: &str) -> Result<Vec<PaidInvoice>, StripeError>;
    /// An invoice with its charge, fee and refunds.
    async fn invoice(&self, invoice: PaidInvoice) -> Result<InvoiceSeen, StripeError>;
    /// Opens the portal for a customer; gives its address.
    async fn open_portal(
        &self,
        customer: &str,
        configuration: &str,
        return_url: &str,
    ) -> Result<String, StripeError>;
}

fn lower(currency: Currency) -> String {
    currency.as_str().to_ascii_lowercase()
}

#[async_trait]
impl Billing for StripeApi {
    async fn ensure_product(&self) -> Result<(), StripeError> {
        match self.client.get::<Product>(&format!("/v1/products/{PRODUCT}"), &Form::new()).await {
            Err(StripeError::Refused { status: 404, .. }) => {}
            found => return found.map(drop),
        }
        let form = vec![("id", PRODUCT.to_owned()), ("name", "Lectern Pro".to_owned())];
        match self.client.put::<Product>("/v1/products", &form).await {
            // Somebody else was faster.
            Err(error) if error.code() == "resource_already_exists" => Ok(()),
            made => made.map(drop),
        }
    }

    async fn price(&self, lookup_key: &str) -> Result<Option<PriceSeen>, StripeError> {
        let query = vec![
            ("lookup_keys[]", lookup_key.to_owned()),
            ("active", "true".to_owned()),
            ("expand[]", "data.currency_options".to_owned()),
        ];
        let found: List<PriceShape> = self.client.get("/v1/prices", &query).await?;
        Ok(found.data.into_iter().next().map(Into::into))
    }

    async fn create_price(
        &self,
        lookup_key: &str,
        period: BillingPeriod,
        amounts: &[Money],
        key: &str,
    ) -> Result<String, StripeError> {
        let Some((own, others)) = amounts.split_first() else {
            return Err(StripeError::unknown("a price of nothing"));
        };
        let interval = match period {
            BillingPeriod::Monthly => "month",
            BillingPeriod::Yearly => "year",
        };
        let mut form = vec![
            ("product", PRODUCT.to_owned()),
            ("currency", lower(own.currency)),
            ("unit_amount", own.amount.to_string()),
            ("recurring[interval]", interval.to_owned()),
            ("lookup_key", lookup_key.to_owned()),
            ("transfer_lookup_key", "true".to_owned()),
        ];
        for other in others {
            let name = match other.currency {
                Currency::Usd => "currency_options[usd][unit_amount]",
                Currency::Eur => "currency_options[eur][unit_amount]",
                Currency::Gbp => "currency_options[gbp][unit_amount]",
            };
            form.push((name, other.amount.to_string()));
        }
        let made: Made = self.client.post("/v1/prices", &form, key).await?;
        Ok(made.id)
    }

    async fn ensure_portal(&self, return_url: &str) -> Result<String, StripeError> {
        let query = vec![("active", "true".to_owned()), ("limit", "100".to_owned())];
        let found: List<Made> = self.client.get("/v1/billing_portal/configurations", &query).await?;
        let ours = found.data.into_iter().find(|made| made.metadata.contains_key(PORTAL));
        let on = || "true".to_owned();
        let form = vec![
            ("features[subscription_cancel][enabled]", on()),
            ("features[subscription_cancel][mode]", "at_period_end".to_owned()),
            ("features[payment_method_update][enabled]", on()),
            ("features[invoice_history][enabled]", on()),
            ("default_return_url", return_url.to_owned()),
            ("metadata[lectern_portal]", "1".to_owned()),
        ];
        let made: Made = match ours {
            Some(known) => {
                self.client.put(&format!("/v1/billing_portal/configurations/{}", known.id), &form).await?
            }
            None => self.client.post("/v1/billing_portal/configurations", &form, "lectern:portal:1").await?,
        };
        Ok(made.id)
    }

    async fn open_checkout(&self, of: &Subscription, urls: &ReturnUrls) -> Result<CheckoutSeen, StripeError> {
        let form = vec![
            ("mode", "subscription".to_owned()),
            ("customer", of.stripe_customer_id.clone()),
            ("line_items[0][price]", of.stripe_price_id.clone()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("currency", lower(of.currency)),
            ("success_url", urls.success.clone()),
            ("cancel_url", urls.cancel.clone()),
            ("expires_at", of.checkout_expires_at.get().as_second().to_string()),
            ("metadata[subscription_id]", of.id.to_string()),
            ("metadata[attempt]", of.attempt.to_string()),
            ("subscription_data[metadata][subscription_id]", of.id.to_string()),
        ];
        let made: CheckoutShape =
            self.client.post("/v1/checkout/sessions", &form, &of.checkout_key()).await?;
        made.try_into()
    }

    async fn find_checkout(&self, of: &Subscription) -> Result<Option<CheckoutSeen>, StripeError> {
        // Newest first, and one customer has few.
        let query = vec![("customer", of.stripe_customer_id.clone()), ("limit", "100".to_owned())];
        let found: List<CheckoutShape> = self.client.get("/v1/checkout/sessions", &query).await?;
        let (id, attempt) = (of.id.to_string(), of.attempt.to_string());
        let ours = |session: &CheckoutShape| {
            session.metadata.get(SUBSCRIPTION) == Some(&id) && session.metadata.get(ATTEMPT) == Some(&attempt)
        };
        found.data.into_iter().find(ours).map(TryInto::try_into).transpose()
    }

    async fn checkout(&self, id: &str) -> Result<CheckoutSeen, StripeError> {
        let session: CheckoutShape =
            self.client.get(&format!("/v1/checkout/sessions/{id}"), &Form::new()).await?;
        session.try_into()
    }

    async fn expire_checkout(&self, id: &str) -> Result<CheckoutSeen, StripeError> {
        let closed: Result<CheckoutShape, _> =
            self.client.put(&format!("/v1/checkout/sessions/{id}/expire"), &Form::new()).await;
        match closed {
            // Not open any more: paid or expired.
            Err(StripeError::Refused { .. }) => self.checkout(id).await,
            closed => closed?.try_into(),
        }
    }

    async fn subscription(&self, id: &str) -> Result<SubscriptionSeen, StripeError> {
        let found: SubscriptionShape =
            self.client.get(&format!("/v1/subscriptions/{id}"), &Form::new()).await?;
        found.try_into()
    }

    async fn end_with_period(&self, id: &str) -> Result<SubscriptionSeen, StripeError> {
        let form = vec![("cancel_at_period_end", "true".to_owned())];
        let changed: Result<SubscriptionShape, _> =
            self.client.put(&format!("/v1/subscriptions/{id}"), &form).await;
        match changed {
            // It is over already.
            Err(StripeError::Refused { .. }) => self.subscription(id).await,
            changed => changed?.try_into(),
        }
    }

    async fn end_now(&self, id: &str) -> Result<SubscriptionSeen, StripeError> {
        let ended: Result<SubscriptionShape, _> =
            self.client.delete(&format!("/v1/subscriptions/{id}")).await;
        match ended {
            Err(StripeError::Refused { .. }) => self.subscription(id).await,
            ended => ended?.try_into(),
        }
    }

    async fn paid_invoices(&self, subscription: &str) -> Result<Vec<PaidInvoice>, StripeError> {
        let query = vec![
            ("subscription", subscription.to_owned()),
            ("status", "paid".to_owned()),
            ("limit", "100".to_owned()),
            ("expand[]", "data.payments".to_owned()),
        ];
        let found: List<InvoiceShape> = self.client.get("/v1/invoices", &query).await?;
        found.data.into_iter().filter_map(|invoice| invoice.paid().transpose()).collect()
    }

    async fn invoice(&self, invoice: PaidInvoice) -> Result<InvoiceSeen, StripeError> {
        let query = vec![
            ("expand[]", "latest_charge.balance_transaction".to_owned()),
            ("expand[]", "latest_charge.refunds".to_owned()),
        ];
        let path = format!("/v1/payment_intents/{}", invoice.intent);
        let intent: PaidIntent = self.client.get(&path, &query).await?;
        let Some(Expandable::Object(charge)) = intent.latest_charge else {
            return Err(StripeError::unknown("a paid invoice without a charge"));
        };
        let fee = match charge.balance_transaction {
            Some(Expandable::Object(movement)) => Some(movement.fee),
            _ => None,
        };
        let refund = |refund: RefundShape| InvoiceRefund {
            failed: matches!(refund.status.as_deref(), Some("failed" | "canceled")),
            id: refund.id,
            amount: refund.amount,
        };
        Ok(InvoiceSeen {
            id: invoice.id,
            paid: invoice.paid,
            period_start: invoice.period_start,
            period_end: invoice.period_end,
            paid_at: invoice.paid_at,
            charge: charge.id,
            fee,
            refunds: charge.refunds.data.into_iter().map(refund).collect(),
        })
    }

    async fn open_portal(
        &self,
        customer: &str,
        configuration: &str,
        return_url: &str,
    ) -> Result<String, StripeError> {
        let form = vec![
            ("customer", customer.to_owned()),
            ("configuration", configuration.to_owned()),
            ("return_url", return_url.to_owned()),
        ];
        let portal: Portal = self.client.put("/v1/billing_portal/sessions", &form).await?;
        Ok(portal.url)
    }
}
