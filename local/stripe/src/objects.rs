//! The resources: one module each, with its shape, what may happen to it, and the calls of the API that make it
//! happen. A call changes objects only through the [`Unit`](crate::state::Unit) that it is given, which also brings
//! time and randomness.

pub mod account;
pub mod balance;
pub mod charge;
pub mod confirmation;
pub mod event;
pub mod payment_intent;
pub mod payment_method;
pub mod refund;
pub mod transfer;
pub mod transfer_reversal;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use account::Account;
pub use balance::BalanceTransaction;
pub use charge::Charge;
pub use event::Event;
pub use payment_intent::PaymentIntent;
pub use payment_method::PaymentMethod;
pub use refund::Refund;
pub use transfer::Transfer;
pub use transfer_reversal::TransferReversal;

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
    Event "event" "id",
    PaymentIntent "payment_intent" "intent",
    PaymentMethod "PaymentMethod" "payment_method",
    Refund "refund" "refund",
    Transfer "transfer" "transfer",
    TransferReversal "transfer reversal" "id",
}

impl Object {
    /// The parts of its shape in Stripe's API that never vary here.
    #[must_use]
    pub fn fixed(&self) -> Value {
        match self {
            Self::Account(_) => Value::Null,
            Self::BalanceTransaction(_) => balance::fixed(),
            Self::Charge(_) => charge::fixed(),
            Self::Event(_) => event::fixed(),
            Self::PaymentIntent(_) => payment_intent::fixed(),
            Self::PaymentMethod(_) => payment_method::fixed(),
            Self::Refund(_) => refund::fixed(),
            Self::Transfer(_) => transfer::fixed(),
            Self::TransferReversal(_) => transfer_reversal::fixed(),
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
