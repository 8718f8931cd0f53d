//! Customers and their cards at Stripe. Cards are typed in on Stripe's own fields and stay there: what we are given is
//! brand, last four digits and expiry.

use std::collections::HashMap;

use async_trait::async_trait;
use lectern_domain::id::UserId;
use serde::Deserialize;

use super::StripeError;
use super::api::StripeApi;
use super::client::Form;
use super::shapes::{List, Made};

/// What we write on a customer, and all that Stripe is told: neither name nor email, until somebody needs them there.
const USER: &str = "metadata[user_id]";

/// What a card is saved with, by the payer's own page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Setup {
    /// Stripe's id of the setup intent.
    pub id: String,
    /// What the page confirms it with.
    pub client_secret: String,
}

/// A saved card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCard {
    /// Stripe's id of the payment method.
    pub id: String,
    /// `visa`, `mastercard`, …
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// 1 to 12.
    pub expiry_month: i16,
    /// Four digits.
    pub expiry_year: i16,
}

/// A customer's cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallet {
    /// Newest first.
    pub cards: Vec<SavedCard>,
    /// Stripe's id of the one that is charged where nothing else is said.
    pub default: Option<String>,
}

/// What use cases ask of Stripe about customers.
#[async_trait]
pub trait Cards: Send + Sync {
    /// Makes a customer, under its idempotency key; gives Stripe's id.
    async fn create_customer(&self, user: UserId, key: &str) -> Result<String, StripeError>;
    /// The customers that were made for a user; newest first. Stripe's index knows a new one after a minute or less.
    async fn customers_of(&self, user: UserId) -> Result<Vec<String>, StripeError>;
    /// Deletes a customer with all cards and subscriptions. One that is gone already is as good.
    async fn delete_customer(&self, customer: &str) -> Result<(), StripeError>;
    /// Begins to save a card, under an idempotency key.
    async fn set_up(&self, customer: &str, key: &str) -> Result<Setup, StripeError>;
    /// A customer's cards. `None` when the customer is gone at Stripe.
    async fn wallet(&self, customer: &str) -> Result<Option<Wallet>, StripeError>;
    /// Makes a customer's card the one that is charged where nothing else is said.
    async fn make_default(&self, customer: &str, card: &str) -> Result<(), StripeError>;
    /// Takes a card away for ever; `false` when it is not this customer's.
    async fn detach(&self, customer: &str, card: &str) -> Result<bool, StripeError>;
}

#[derive(Deserialize)]
struct CustomerShape {
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    invoice_settings: InvoiceSettings,
}

#[derive(Default, Deserialize)]
struct InvoiceSettings {
    default_payment_method: Option<String>,
}

#[derive(Deserialize)]
struct Method {
    id: String,
    card: Option<CardShape>,
}

#[derive(Deserialize)]
struct CardShape {
    brand: String,
    last4: String,
    exp_month: i16,
    exp_year: i16,
}

/// Whatever Stripe deletes.
#[derive(Deserialize)]
struct Gone {}

fn is_missing(error: &StripeError) -> bool {
    matches!(error, StripeError::Refused { status: 404, .. })
}

/// Of a path: Stripe's ids are letters, digits and underscores, so anything else names nothing.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[async_trait]
impl Cards for StripeApi {
    async fn create_customer(&self, user: UserId, key: &str) -> Result<String, StripeError> {
        let form = vec![(USER, user.to_string())];
        let made: Made = self.client.post("/v1/customers", &form, key).await?;
        Ok(made.id)
    }

    async fn customers_of(&self, user: UserId) -> Result<Vec<String>, StripeError> {
        let query = ("query", format!("metadata['user_id']:'{user}'"));
        let found: List<Made> =
            self.client.get("/v1/customers/search", &vec![query, ("limit", "100".to_owned())]).await?;
        let user = user.to_string();
        let ours = |made: &Made| made.metadata.get("user_id") == Some(&user);
        Ok(found.data.into_iter().filter(ours).map(|made| made.id).collect())
    }

    async fn delete_customer(&self, customer: &str) -> Result<(), StripeError> {
        match self.client.delete::<Gone>(&format!("/v1/customers/{customer}")).await {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn set_up(&self, customer: &str, key: &str) -> Result<Setup, StripeError> {
        let form = vec![
            ("customer", customer.to_owned()),
            ("automatic_payment_methods[enabled]", "true".to_owned()),
            // Methods that lead the payer away would need a page to come back to.
            ("automatic_payment_methods[allow_redirects]", "never".to_owned()),
            ("usage", "off_session".to_owned()),
        ];
        self.client.post("/v1/setup_intents", &form, key).await
    }

    async fn wallet(&self, customer: &str) -> Result<Option<Wallet>, StripeError> {
        let path = format!("/v1/customers/{customer}");
        let shown: Result<CustomerShape, _> = self.client.get(&path, &Form::new()).await;
        let shown = match shown {
            Ok(CustomerShape { deleted: true, .. }) => return Ok(None),
            Err(error) if is_missing(&error) => return Ok(None),
            shown => shown?,
        };
        let query = vec![("type", "card".to_owned()), ("limit", "100".to_owned())];
        let found: List<Method> = self.client.get(&format!("{path}/payment_methods"), &query).await?;
        let card = |method: Method| {
            let CardShape { brand, last4, exp_month, exp_year } = method.card?;
            Some(SavedCard { id: method.id, brand, last4, expiry_month: exp_month, expiry_year: exp_year })
        };
        let cards = found.data.into_iter().filter_map(card).collect();
        Ok(Some(Wallet { cards, default: shown.invoice_settings.default_payment_method }))
    }

    async fn make_default(&self, customer: &str, card: &str) -> Result<(), StripeError> {
        let form = vec![("invoice_settings[default_payment_method]", card.to_owned())];
        let path = format!("/v1/customers/{customer}");
        let _: HashMap<String, serde_json::Value> = self.client.put(&path, &form).await?;
        Ok(())
    }

    async fn detach(&self, customer: &str, card: &str) -> Result<bool, StripeError> {
        if !is_id(card) {
            return Ok(false);
        }
        let path = format!("/v1/customers/{customer}/payment_methods/{card}");
        match self.client.get::<Made>(&path, &Form::new()).await {
            Err(error) if is_missing(&error) => return Ok(false),
            found => found?,
        };
        match self.client.put::<Made>(&format!("/v1/payment_methods/{card}/detach"), &Form::new()).await {
            // Somebody has taken it away between the two calls.
            Err(StripeError::Refused { status: 400 | 404, .. }) => Ok(false),
            detached => detached.map(|_| true),
        }
    }
}
