//! Transfers: money given to a connected account.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::balance::{self, Movement};
use super::{Account, Charge, Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::money;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// Money given to a connected account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/transfers/object")]
pub struct Transfer {
    pub id: String,
    pub amount: i64,
    pub amount_reversed: i64,
    pub balance_transaction: Option<String>,
    pub created: i64,
    pub currency: String,
    pub description: Option<String>,
    pub destination: String,
    pub destination_payment: String,
    pub metadata: Metadata,
    pub reversed: bool,
    pub source_transaction: Option<String>,
    pub transfer_group: Option<String>,
}

const INSUFFICIENT: &str = "You have insufficient available funds in your Stripe account. Try adding funds directly \
                            to your available balance by creating Charges using the 4000000000000077 test card. See: \
                            https://stripe.com/docs/testing#available-balance";

/// `POST /v1/transfers`
///
/// # Errors
/// Its parameters are not acceptable, the destination can't receive, or there is less money.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "amount",
        "currency",
        "description",
        "destination",
        "metadata",
        "metadata[*]",
        "source_transaction",
        "transfer_group",
    ])?;
    let wanted = Wanted::read(params)?;
    let destination: Account = unit.given(&wanted.destination, "destination")?;
    let source = match &wanted.source {
        Some(id) => Some(unit.given::<Charge>(id, "source_transaction")?),
        None => None,
    };
    let amount = match (wanted.amount, &source) {
        (Some(amount), _) => amount,
        (None, Some(charge)) => charge.unrefunded(),
        (None, None) => return Err(Failure::MissingParameter("amount".to_owned())),
    };
    refuse_without_capability(&destination)?;
    match &source {
        Some(charge) => check_source(unit, charge, amount, &wanted.currency)?,
        None if amount > unit.balance(&wanted.currency) => {
            return Err(Failure::refused(Some("balance_insufficient"), INSUFFICIENT.to_owned()));
        }
        None => {}
    }
    Ok(make(unit, wanted, amount, source).into())
}

struct Wanted {
    amount: Option<i64>,
    currency: String,
    description: Option<String>,
    destination: String,
    metadata: Metadata,
    source: Option<String>,
    group: Option<String>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Failure> {
        let currency = money::currency(&params.required_text("currency")?)
            .map_err(|message| Failure::invalid("currency", message))?;
        let mut metadata = Metadata::new();
        params.change_metadata(&mut metadata)?;
        Ok(Self {
            amount: params.positive("amount")?,
            currency,
            description: params.clearable("description").flatten(),
            destination: params.required_text("destination")?,
            metadata,
            source: params.text("source_transaction")?,
            group: params.text("transfer_group")?,
        })
    }
}

fn refuse_without_capability(destination: &Account) -> Result<(), Failure> {
    if destination.can_receive_transfers() {
        return Ok(());
    }
    let message = "Your destination account needs to have at least one of the following capabilities enabled: \
                   transfers, crypto_transfers, legacy_payments";
    Err(Failure::refused(Some("insufficient_capabilities_for_transfer"), message.to_owned()))
}

/// A transfer with a source needs no available balance, only what its charge still has. A reversed transfer doesn't
/// give its part of the charge back.
fn check_source(unit: &Unit, charge: &Charge, amount: i64, currency: &str) -> Result<(), Failure> {
    if !charge.captured {
        let message = format!("The source_transaction {} did not succeed.", charge.id);
        return Err(Failure::invalid("source_transaction", message));
    }
    if charge.currency != currency {
        let message = format!(
            "The currency of source_transaction's balance transaction ({}) must be the same as the transfer currency \
             ({currency})",
            charge.currency
        );
        return Err(Failure::invalid("currency", message));
    }
    let earlier: i64 = unit
        .all::<Transfer>()
        .filter(|transfer| transfer.source_transaction.as_deref() == Some(charge.id.as_str()))
        .map(|transfer| transfer.amount)
        .sum();
    if amount + earlier <= charge.unrefunded() {
        return Ok(());
    }
    let most = money::written(charge.unrefunded(), currency);
    let mut message =
        format!("Transfers using this transaction as a source must not exceed the source amount of {most}.");
    if earlier > 0 {
        let earlier = money::written(earlier, currency);
        message += &format!(" (There is already a transfer using this source, amounting to {earlier}.)");
    }
    Err(Failure::refused(None, message))
}

fn make(unit: &mut Unit, wanted: Wanted, amount: i64, source: Option<Charge>) -> Transfer {
    let id = unit.id("tr");
    let movement = Movement {
        kind: "transfer",
        reporting_category: "transfer",
        amount: -amount,
        fee: 0,
        currency: &wanted.currency,
        description: wanted.description.clone(),
        source: &id,
    };
    let balance_transaction = Some(balance::record(unit, movement));
    let destination_payment = unit.id("py");
    let received = Movement {
        kind: "payment",
        reporting_category: "charge",
        amount,
        fee: 0,
        currency: &wanted.currency,
        description: None,
        source: &destination_payment,
    };
    balance::record_for(unit, Some(&wanted.destination), received);
    let group_of = |charge: &Charge| {
        let payment = charge.payment_intent.as_ref().unwrap_or(&charge.id);
        charge.transfer_group.clone().unwrap_or_else(|| format!("group_{payment}"))
    };
    let transfer = Transfer {
        id,
        amount,
        amount_reversed: 0,
        balance_transaction,
        created: unit.now,
        currency: wanted.currency,
        description: wanted.description,
        destination: wanted.destination,
        destination_payment,
        metadata: wanted.metadata,
        reversed: false,
        transfer_group: wanted.group.or_else(|| source.as_ref().map(group_of)),
        source_transaction: source.map(|charge| charge.id),
    };
    unit.put(transfer.clone());
    unit.emit("transfer.created", transfer.clone());
    transfer
}

/// `GET /v1/transfers/{transfer}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Transfer>(path).map(Reply::from)
}

/// `POST /v1/transfers/{transfer}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["description", "metadata", "metadata[*]"])?;
    let before: Transfer = unit.named(path)?;
    let mut transfer = before.clone();
    if let Some(description) = call.params.clearable("description") {
        transfer.description = description;
    }
    call.params.change_metadata(&mut transfer.metadata)?;
    unit.put(transfer.clone());
    unit.emit_change("transfer.updated", before, transfer.clone());
    Ok(transfer.into())
}

/// `GET /v1/transfers`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["destination", "transfer_group"])?;
    let destination = call.params.text("destination")?;
    let group = call.params.text("transfer_group")?;
    page.list(unit, Kind::Transfer, "/v1/transfers", |object| {
        let Object::Transfer(transfer) = object else { return false };
        destination.as_ref().is_none_or(|destination| transfer.destination == *destination)
            && (group.is_none() || transfer.transfer_group == group)
    })
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "livemode": false, "source_type": "card" })
}
