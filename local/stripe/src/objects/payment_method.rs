//! Test cards: every use of `pm_card_…` makes a new payment method that behaves as that card.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Failure;
use crate::http::Call;
use crate::objects::Reply;
use crate::params::Metadata;
use crate::state::Unit;

/// A card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// Stripe's `card` hash.
    pub card: Value,
    /// Which test card it is.
    #[serde(rename = "_test_card")]
    pub test_card: String,
    /// Whose it is, once it is attached.
    #[serde(default)]
    pub customer: Option<String>,
    /// Free key-value pairs.
    #[serde(default)]
    pub metadata: Metadata,
    /// It was saved with the payer's authentication, so some cards don't want that again.
    #[serde(rename = "_set_up", default)]
    pub set_up: bool,
    /// It was paid with, or detached, while it was nobody's: it can't be used any more.
    #[serde(rename = "_spent", default)]
    pub spent: bool,
}

/// Why a card is declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    /// Stripe's error code.
    pub code: &'static str,
    /// The issuer's reason.
    pub reason: Option<&'static str>,
    /// What the payer is told.
    pub message: &'static str,
}

/// How a payer complains to their bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Stripe's reason of the dispute.
    pub reason: &'static str,
    /// The bank only asks; no money is taken.
    pub is_inquiry: bool,
}

/// What happens when a card is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// The payer must authenticate first.
    pub authenticates: bool,
    /// It is declined in the end.
    pub decline: Option<Decline>,
    /// The payment succeeds, and its payer then complains.
    pub complaint: Option<Complaint>,
}

/// The one card that can be saved, and then is declined.
const FAILS_ONCE_SAVED: &str = "pm_card_chargeCustomerFail";
/// The one card that wants authentication only until it is saved.
const AUTHENTICATES_ONCE: &str = "pm_card_authenticationRequiredOnSetup";

struct TestCard {
    name: &'static str,
    brand: &'static str,
    last4: &'static str,
    behaviour: Behaviour,
}

const GOOD: Behaviour = Behaviour { authenticates: false, decline: None, complaint: None };
const AUTHENTICATES: Behaviour = Behaviour { authenticates: true, ..GOOD };

const fn declined(code: &'static str, reason: Option<&'static str>, message: &'static str) -> Behaviour {
    Behaviour { decline: Some(Decline { code, reason, message }), ..GOOD }
}

const fn disputed(reason: &'static str, is_inquiry: bool) -> Behaviour {
    Behaviour { complaint: Some(Complaint { reason, is_inquiry }), ..GOOD }
}

const fn card(
    name: &'static str,
    brand: &'static str,
    last4: &'static str,
    behaviour: Behaviour,
) -> TestCard {
    TestCard { name, brand, last4, behaviour }
}

const DECLINED: &str = "Your card was declined.";
const GENERIC: Behaviour = declined("card_declined", Some("generic_decline"), DECLINED);
const NO_FUNDS: Behaviour =
    declined("card_declined", Some("insufficient_funds"), "Your card has insufficient funds.");
const LOST: Behaviour = declined("card_declined", Some("lost_card"), DECLINED);
const STOLEN: Behaviour = declined("card_declined", Some("stolen_card"), DECLINED);
const EXPIRED: Behaviour = declined("expired_card", None, "Your card has expired.");
const WRONG_CVC: Behaviour = declined("incorrect_cvc", None, "Your card's security code is incorrect.");
const UNPROCESSED: Behaviour = declined(
    "processing_error",
    None,
    "An error occurred while processing your card. Try again in a little bit.",
);
const TOO_OFTEN: Behaviour = declined(
    "card_declined",
    Some("card_velocity_exceeded"),
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
);
const BLOCKED: Behaviour = declined("card_declined", Some("fraudulent"), DECLINED);

/// Source: docs.stripe.com/testing. Some cards have two names.
const TEST_CARDS: [TestCard; 37] = [
    card("pm_card_visa", "visa", "4242", GOOD),
    card("pm_card_visa_debit", "visa", "5556", GOOD),
    card("pm_card_mastercard", "mastercard", "4444", GOOD),
    card("pm_card_mastercard_debit", "mastercard", "8210", GOOD),
    card("pm_card_amex", "amex", "8431", GOOD),
    card("pm_card_discover", "discover", "9424", GOOD),
    card("pm_card_diners", "diners", "0004", GOOD),
    card("pm_card_jcb", "jcb", "0505", GOOD),
    card("pm_card_us", "visa", "4242", GOOD),
    card("pm_card_bypassPending", "visa", "0077", GOOD),
    card("pm_card_threeDSecureOptional", "visa", "3055", GOOD),
    card("pm_card_chargeDeclined", "visa", "0002", GENERIC),
    card("pm_card_visa_chargeDeclined", "visa", "0002", GENERIC),
    card("pm_card_chargeDeclinedInsufficientFunds", "visa", "9995", NO_FUNDS),
    card("pm_card_visa_chargeDeclinedInsufficientFunds", "visa", "9995", NO_FUNDS),
    card("pm_card_chargeDeclinedLostCard", "visa", "9987", LOST),
    card("pm_card_visa_chargeDeclinedLostCard", "visa", "9987", LOST),
    card("pm_card_chargeDeclinedStolenCard", "visa", "9979", STOLEN),
    card("pm_card_visa_chargeDeclinedStolenCard", "visa", "9979", STOLEN),
    card("pm_card_chargeDeclinedExpiredCard", "visa", "0069", EXPIRED),
    card("pm_card_chargeDeclinedIncorrectCvc", "visa", "0127", WRONG_CVC),
    card("pm_card_chargeDeclinedProcessingError", "visa", "0119", UNPROCESSED),
    card("pm_card_chargeDeclinedVelocityLimitExceeded", "visa", "6975", TOO_OFTEN),
    card("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "visa", "6975", TOO_OFTEN),
    card("pm_card_chargeDeclinedFraudulent", "visa", "0019", BLOCKED),
    card("pm_card_radarBlock", "visa", "0019", BLOCKED),
    card(FAILS_ONCE_SAVED, "visa", "0341", GENERIC),
    card("pm_card_authenticationRequired", "visa", "3184", AUTHENTICATES),
    card(AUTHENTICATES_ONCE, "visa", "3155", AUTHENTICATES),
    card("pm_card_threeDSecureRequired", "visa", "3063", AUTHENTICATES),
    card("pm_card_threeDSecure2Required", "visa", "3220", AUTHENTICATES),
    card(
        "pm_card_threeDSecureRequiredChargeDeclined",
        "visa",
        "1629",
        Behaviour { authenticates: true, decline: GENERIC.decline, complaint: None },
    ),
    card(
        "pm_card_threeDSecure2RequiredChargeDeclined",
        "visa",
        "1629",
        Behaviour { authenticates: true, decline: GENERIC.decline, complaint: None },
    ),
    card(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "visa",
        "3178",
        Behaviour { authenticates: true, decline: NO_FUNDS.decline, complaint: None },
    ),
    card("pm_card_createDispute", "visa", "0259", disputed("fraudulent", false)),
    card("pm_card_createDisputeProductNotReceived", "visa", "2685", disputed("product_not_received", false)),
    card("pm_card_createDisputeInquiry", "visa", "1976", disputed("fraudulent", true)),
];

impl PaymentMethod {
    /// What happens when it is charged.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        if self.set_up && self.test_card == AUTHENTICATES_ONCE {
            return GOOD;
        }
        TEST_CARDS.iter().find(|card| card.name == self.test_card).map_or(GOOD, |card| card.behaviour)
    }

    /// Why it can't be saved. A card that is declined after authentication is only declined when it is charged.
    #[must_use]
    pub fn unsavable(&self) -> Option<Decline> {
        let Behaviour { authenticates, decline, .. } = self.behaviour();
        decline.filter(|_| !authenticates && self.test_card != FAILS_ONCE_SAVED)
    }
}

/// The payment method that a parameter names: a test card, of which a new one is made, or one made before.
///
/// # Errors
/// It is neither.
pub fn resolve(unit: &mut Unit, given: &str) -> Result<PaymentMethod, Failure> {
    let Some(known) = TEST_CARDS.iter().find(|card| card.name == given) else {
        return unit.find::<PaymentMethod>(given).ok_or_else(|| Failure::NoSuch {
            what: "PaymentMethod",
            id: given.to_owned(),
            param: "payment_method",
            in_path: false,
        });
    };
    let method = PaymentMethod {
        id: unit.id("pm"),
        created: unit.now,
        card: json!({
            "brand": known.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": null },
            "country": "US",
            "display_brand": known.brand,
            "exp_month": 8,
            "exp_year": 2035,
            "fingerprint": format!("test{}", known.last4),
            "funding": if known.name.ends_with("_debit") { "debit" } else { "credit" },
            "generated_from": null,
            "last4": known.last4,
            "networks": { "available": [known.brand], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        }),
        test_card: known.name.to_owned(),
        customer: None,
        metadata: Metadata::new(),
        set_up: false,
        spent: false,
    };
    unit.put(method.clone());
    Ok(method)
}

/// `GET /v1/payment_methods/{id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<PaymentMethod>(path).map(Reply::from)
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({
        "allow_redisplay": "unspecified",
        "billing_details": super::charge::no_billing_details(),
        "livemode": false,
        "type": "card",
    })
}

/// Whether a test card is called so.
#[must_use]
pub fn is_test_card(name: &str) -> bool {
    TEST_CARDS.iter().any(|card| card.name == name)
}
