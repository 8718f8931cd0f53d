//! The resources: one module each, with its shape, what may happen to it, and the calls of the API that make it
//! happen. A call changes objects only through the [`Unit`](crate::state::Unit) that it is given, which also brings
//! time and randomness.

pub mod account;
pub mod account_link;
pub mod balance;
pub mod bank_account;
pub mod billing;
pub mod capture;
pub mod charge;
pub mod checkout;
pub mod checkout_session;
pub mod confirmation;
pub mod customer;
pub mod dispute;
pub mod event;
pub mod invoice;
pub mod invoice_payment;
pub mod payment_intent;
pub mod payment_method;
pub mod payout;
pub mod portal;
pub mod price;
pub mod product;
pub mod refund;
pub mod saved_method;
pub mod setup_intent;
pub mod shipping;
pub mod subscription;
pub mod test_clock;
pub mod transfer;
pub mod transfer_reversal;
pub mod webhook_endpoint;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use account::Account;
pub use account_link::AccountLink;
pub use balance::BalanceTransaction;
pub use charge::Charge;
pub use checkout_session::CheckoutSession;
pub use customer::Customer;
pub use dispute::Dispute;
pub use event::Event;
pub use invoice::Invoice;
pub use invoice_payment::InvoicePayment;
pub use payment_intent::PaymentIntent;
pub use payment_method::PaymentMethod;
pub use payout::Payout;
pub use portal::{PortalConfiguration, PortalSession};
pub use price::Price;
pub use product::Product;
pub use refund::Refund;
pub use setup_intent::SetupIntent;
pub use subscription::Subscription;
pub use test_clock::TestClock;
pub use transfer::Transfer;
pub use transfer_reversal::TransferReversal;
pub use webhook_endpoint::WebhookEndpoint;

/// Any object, as it is kept: what varies of its shape. A field whose name starts with `_` is never shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum Object {
    /// A connected account.
    Account(Box<Account>),
    /// A movement on the platform's balance.
    BalanceTransaction(Box<BalanceTransaction>),
    /// An attempt to take money from a card.
    Charge(Box<Charge>),
    /// A payer's complaint to their bank.
    Dispute(Box<Dispute>),
    /// Something that happened.
    Event(Box<Event>),
    /// A payment from intent to success.
    PaymentIntent(Box<PaymentIntent>),
    /// A card.
    PaymentMethod(Box<PaymentMethod>),
    /// Money given back to a card.
    Refund(Box<Refund>),
    /// Money given to a connected account.
    Transfer(Box<Transfer>),
    /// Money taken back from a connected account.
    TransferReversal(Box<TransferReversal>),
    /// Where events go.
    WebhookEndpoint(Box<WebhookEndpoint>),
    /// A link to a connected account's onboarding.
    AccountLink(Box<AccountLink>),
    /// Money on its way to a connected account's bank.
    Payout(Box<Payout>),
    /// A payer with saved cards.
    Customer(Box<Customer>),
    /// A card that is being saved.
    SetupIntent(Box<SetupIntent>),
    /// A page on which somebody pays.
    #[serde(rename = "checkout.session")]
    CheckoutSession(Box<CheckoutSession>),
    /// What one period of a subscription costs.
    Invoice(Box<Invoice>),
    /// Which payment intent pays an invoice.
    InvoicePayment(Box<InvoicePayment>),
    /// What customers may do on the portal.
    #[serde(rename = "billing_portal.configuration")]
    PortalConfiguration(Box<PortalConfiguration>),
    /// A link to the portal.
    #[serde(rename = "billing_portal.session")]
    PortalSession(Box<PortalSession>),
    /// What a product costs.
    Price(Box<Price>),
    /// Something that is sold.
    Product(Box<Product>),
    /// A price that is paid again and again.
    Subscription(Box<Subscription>),
    /// Time that a test moves.
    #[serde(rename = "test_helpers.test_clock")]
    TestClock(Box<TestClock>),
}

/// Which resource an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `account`
    Account,
    /// `balance_transaction`
    BalanceTransaction,
    /// `charge`
    Charge,
    /// `dispute`
    Dispute,
    /// `event`
    Event,
    /// `payment_intent`
    PaymentIntent,
    /// `payment_method`
    PaymentMethod,
    /// `refund`
    Refund,
    /// `transfer`
    Transfer,
    /// `transfer_reversal`
    TransferReversal,
    /// `webhook_endpoint`
    WebhookEndpoint,
    /// `account_link`
    AccountLink,
    /// `payout`
    Payout,
    /// `customer`
    Customer,
    /// `setup_intent`
    SetupIntent,
    /// `checkout.session`
    CheckoutSession,
    /// `invoice`
    Invoice,
    /// `invoice_payment`
    InvoicePayment,
    /// `billing_portal.configuration`
    PortalConfiguration,
    /// `billing_portal.session`
    PortalSession,
    /// `price`
    Price,
    /// `product`
    Product,
    /// `subscription`
    Subscription,
    /// `test_helpers.test_clock`
    TestClock,
}

/// One resource's place among all objects.
pub trait Resource: Clone + Into<Object> {
    /// Which resource.
    const KIND: Kind;
    /// What Stripe calls it in "No such …".
    const WORD: &'static str;
    /// What Stripe calls the parameter of the path that names it.
    const PARAM: &'static str;
    /// Its id.
    fn id(&self) -> &str;
    /// It, if the object is one.
    fn of(object: &Object) -> Option<&Self>;
}

macro_rules! resources {
    ($($name:ident $word:literal $param:literal),* $(,)?) => {
        $(
            impl Resource for $name {
                const KIND: Kind = Kind::$name;
                const WORD: &'static str = $word;
                const PARAM: &'static str = $param;
                fn id(&self) -> &str {
                    &self.id
                }
                fn of(object: &Object) -> Option<&Self> {
                    if let Object::$name(it) = object { Some(it) } else { None }
                }
            }
            impl From<$name> for Object {
                fn from(it: $name) -> Self {
                    Self::$name(Box::new(it))
                }
            }
        )*
        impl Object {
            /// Which resource it is.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)*
                }
            }
            /// Its id.
            #[must_use]
            pub fn id(&self) -> &str {
                match self {
                    $(Self::$name(it) => &it.id,)*
                }
            }
            /// When it was made, in seconds since 1970.
            #[must_use]
            pub fn created(&self) -> i64 {
                match self {
                    $(Self::$name(it) => it.created,)*
                }
            }
        }
    };
}

resources! {
    Account "account" "account",
    BalanceTransaction "balance transaction" "id",
    Charge "charge" "charge",
    Dispute "dispute" "dispute",
    Event "event" "id",
    PaymentIntent "payment_intent" "intent",
    PaymentMethod "PaymentMethod" "payment_method",
    Refund "refund" "refund",
    Transfer "transfer" "transfer",
    TransferReversal "transfer reversal" "id",
    WebhookEndpoint "webhook endpoint" "id",
    AccountLink "account link" "id",
    Payout "payout" "payout",
    Customer "customer" "customer",
    SetupIntent "setupintent" "intent",
    CheckoutSession "checkout.session" "session",
    Invoice "invoice" "invoice",
    InvoicePayment "invoice_payment" "invoice_payment",
    PortalConfiguration "configuration" "configuration",
    PortalSession "session" "session",
    Price "price" "price",
    Product "product" "id",
    Subscription "subscription" "id",
    TestClock "test clock" "test_clock",
}

impl Object {
    /// The parts of its shape in Stripe's API that never vary here.
    #[must_use]
    pub fn fixed(&self) -> Value {
        match self {
            Self::Account(_) => Value::Null,
            Self::BalanceTransaction(_) => balance::fixed(),
            Self::Charge(_) => charge::fixed(),
            Self::Dispute(_) => dispute::fixed(),
            Self::Event(_) => event::fixed(),
            Self::PaymentIntent(_) => payment_intent::fixed(),
            Self::PaymentMethod(_) => payment_method::fixed(),
            Self::Refund(_) => refund::fixed(),
            Self::Transfer(_) => transfer::fixed(),
            Self::TransferReversal(_) => transfer_reversal::fixed(),
            Self::WebhookEndpoint(_) => webhook_endpoint::fixed(),
            Self::AccountLink(_) => Value::Null,
            Self::Payout(_) => payout::fixed(),
            Self::Customer(_) => customer::fixed(),
            Self::SetupIntent(_) => setup_intent::fixed(),
            Self::CheckoutSession(_) => checkout_session::fixed(),
            Self::Invoice(_) => invoice::fixed(),
            Self::InvoicePayment(_) => invoice_payment::fixed(),
            Self::PortalConfiguration(_) => portal::fixed_configuration(),
            Self::PortalSession(_) => portal::fixed_session(),
            Self::Price(_) => price::fixed(),
            Self::Product(_) => product::fixed(),
            Self::Subscription(_) => subscription::fixed(),
            Self::TestClock(_) => test_clock::fixed(),
        }
    }

    /// The connected account that it is an object of; none of the platform's own.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::BalanceTransaction(it) => it.account.as_deref(),
            Self::Event(it) => it.account.as_deref(),
            Self::Payout(it) => it.account.as_deref(),
            _ => None,
        }
    }
}

/// What a call answers.
pub enum Reply {
    /// An object as it is at the end of the call.
    Object(Object),
    /// An object reduced to what a publishable key may see.
    Public(Object),
    /// Anything else.
    Json(Value),
    /// The work was done, and its outcome is a refusal: a declined card leaves its traces.
    Declined(crate::error::Failure),
}

impl<R: Resource> From<R> for Reply {
    fn from(it: R) -> Self {
        Self::Object(it.into())
    }
}
